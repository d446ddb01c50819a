import { recall, remember } from './storage';

const OFF_KEY = 'tutti.shortcuts-off';

/** Single-key shortcuts interfere with speech input and switch devices, so users can turn them off (WCAG 2.1.4). */
export function shortcuts(): boolean {
  return recall(OFF_KEY) === null;
}

export function setShortcuts(on: boolean): void {
  remember(OFF_KEY, on ? null : 'off');
}

/** Each returns whether it did anything; if not, the key keeps its usual meaning. */
export interface ShortcutActions {
  togglePlayback: () => boolean;
  seekBy: (ms: number) => boolean;
  volumeBy: (step: number) => boolean;
  search: () => boolean;
  help: () => boolean;
}

const SEEK_STEP_MS = 5_000;
const VOLUME_STEP = 0.05;

const TAKES_TEXT = 'input, textarea, select, [contenteditable], dialog';
const TAKES_KEYS = `${TAKES_TEXT}, button, a, summary, [role="slider"]`;

/** Whether a key is meant for the page: users want shortcuts, and no control that is focused uses keys itself. */
export function isForPage(event: KeyboardEvent, controls = TAKES_KEYS): boolean {
  if (!shortcuts() || event.ctrlKey || event.metaKey || event.altKey) return false;
  const focus = event.target instanceof Element ? event.target : null;
  return (focus?.closest(controls) ?? null) === null;
}

/** Runs the shortcut of a key. Returns true when it did something. */
export function handleShortcut(event: KeyboardEvent, actions: ShortcutActions): boolean {
  // Buttons and links do nothing with it.
  if (event.key === '?') return isForPage(event, TAKES_TEXT) && actions.help();
  if (!isForPage(event)) return false;
  const action = {
    ' ': actions.togglePlayback,
    ArrowLeft: () => actions.seekBy(-SEEK_STEP_MS),
    ArrowRight: () => actions.seekBy(SEEK_STEP_MS),
    ArrowUp: () => actions.volumeBy(VOLUME_STEP),
    ArrowDown: () => actions.volumeBy(-VOLUME_STEP),
    '/': actions.search,
  }[event.key];
  return action?.() ?? false;
}
