/** The views of a room on a phone. The hash of the address names the current one. */
export const VIEWS = ['now', 'add', 'next', 'room'] as const;
export type View = (typeof VIEWS)[number];

const FIRST: View = 'now';

export function viewOf(hash: string): View {
  return VIEWS.find((view) => hash === `#${view}`) ?? FIRST;
}

type BrowserHistory = Pick<History, 'back' | 'pushState' | 'replaceState' | 'state'>;

/** Back leads from any view to the first one, and from there out of the room. */
export function goToView(from: View, to: View, history: BrowserHistory): void {
  if (from === to) return;
  const cameFromFirst = (history.state as { view?: true } | null)?.view === true;
  if (to === FIRST && cameFromFirst) history.back();
  else if (from === FIRST) history.pushState({ view: true }, '', `#${to}`);
  else history.replaceState(history.state, '', `#${to}`);
}
