import type { Played, UserId } from '$protocol';
import { ageOf } from '../util/relative-time';

/** Texts about played tracks. */
export const historyText = {
  title: 'History',
  lead: 'Latest first.',
  empty: 'Nothing has been played yet. Played tracks appear here and can be added again.',
  close: 'Close',
  again: (title: string) => `Play ${title} again`,
  queued: (title: string) => `“${title}” is in your queue.`,
  suggested: (title: string) => `“${title}” was suggested.`,
  credited: (title: string) => `“${title}” is already waiting; now it plays for you too.`,
} as const;

/** How it ended, and by whom; empty for a track that played to its end. */
export function endedText(played: Played, nameOf: (id: UserId) => string): string {
  const by = played.by ? ` by ${nameOf(played.by)}` : '';
  switch (played.reason) {
    case 'finished':
      return '';
    case 'skipped':
      return `skipped${by}`;
    case 'voted_out':
      return 'voted out';
    case 'unplayable':
      return 'could not be played';
    case 'gone':
      return 'the file was no longer there';
  }
}

/** For whom it was; empty for fallback tracks and for erased users. */
export function queuedForText(played: Played, nameOf: (id: UserId) => string): string {
  return played.member ? `for ${nameOf(played.member)}` : '';
}

const JUST_NOW_MS = 60_000;
const ages = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function startedText(played: Played, nowMs: number): string {
  const age = ageOf(played.started_at_ms, nowMs, JUST_NOW_MS);
  return age === null ? 'a moment ago' : ages.format(-age.value, age.unit);
}
