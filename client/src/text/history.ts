import { t } from '@lingui/core/macro';
import type { Played, UserId } from '$protocol';
import { ageOf } from '../util/relative-time';
import { ages } from './intl';

/** Texts about played tracks. */
export const historyText = {
  title: t`History`,
  lead: t`Latest first.`,
  empty: t`Nothing has been played yet. Played tracks appear here and can be added again.`,
  close: t`Close`,
  again: (title: string) => t`Play ${title} again`,
  queued: (title: string) => t`“${title}” is in your queue.`,
  suggested: (title: string) => t`“${title}” was suggested.`,
  credited: (title: string) => t`“${title}” is already waiting; now it plays for you too.`,
} as const;

/** How it ended, and by whom; empty for a track that played to its end. */
export function endedText(played: Played, nameOf: (id: UserId) => string): string {
  const by = played.by ? nameOf(played.by) : null;
  switch (played.reason) {
    case 'finished':
      return '';
    case 'skipped':
      return by === null ? t`skipped` : t`skipped by ${by}`;
    case 'voted_out':
      return t`voted out`;
    case 'unplayable':
      return t`could not be played`;
    case 'gone':
      return t`the file was no longer there`;
  }
}

/** For whom it was; empty for fallback tracks and for erased users. */
export function queuedForText(played: Played, nameOf: (id: UserId) => string): string {
  if (!played.member) return '';
  const name = nameOf(played.member);
  return t`for ${name}`;
}

const JUST_NOW_MS = 60_000;

export function startedText(played: Played, nowMs: number): string {
  const age = ageOf(played.started_at_ms, nowMs, JUST_NOW_MS);
  return age === null ? t`a moment ago` : ages.format(-age.value, age.unit);
}
