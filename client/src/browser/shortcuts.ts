import { recall, remember } from './storage';

const OFF_KEY = 'tutti.shortcuts-off';

/** Single keys are in the way of some who dictate or use a switch: they can be turned off (WCAG 2.1.4). */
export function shortcuts(): boolean {
  return recall(OFF_KEY) === null;
}

export function setShortcuts(on: boolean): void {
  remember(OFF_KEY, on ? null : 'off');
}

/** Each tells whether there was anything to do; if not, the key keeps its usual meaning. */
export interface ShortcutActions {
  togglePlayback: () => boolean;
  seekBy: (ms: number) => boolean;
  volumeBy: (step: number) => boolean;
  search: () => boolean;
}

const SEEK_STEP_MS = 5_000;
const VOLUME_STEP = 0.05;

/** Does what a key asks for, unless the key belongs to a control that has the focus. True when it did something. */
export function handleShortcut(event: KeyboardEvent, actions: ShortcutActions): boolean {
  if (!shortcuts() || event.ctrlKey || event.metaKey || event.altKey) return false;
  const focus = event.target instanceof Element ? event.target : null;
  if (focus?.closest('input, textarea, select, button, a, summary, dialog, [role="slider"]') !== null && focus !== null)
    return false;
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
