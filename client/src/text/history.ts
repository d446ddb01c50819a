import { t } from '@lingui/core/macro';
import type { Played, UserId } from '$protocol';
import { clockFace } from '../sync/timeline';
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

/** How it ended, by whom and where; empty for a track that played to its end. */
export function endedText(played: Played, me: UserId | null, nameOf: (id: UserId) => string): string {
  if (played.reason === 'finished') return '';
  const how = reasonText(played, me, nameOf);
  const at = clockFace(played.played_ms);
  return t({ message: `${how} (${at})`, comment: 'How a track ended, and at which time of it' });
}

function reasonText({ reason, by }: Played, me: UserId | null, nameOf: (id: UserId) => string): string {
  switch (reason) {
    case 'finished':
      return '';
    case 'skipped':
      if (!by) return t`skipped`;
      return by === me ? t`skipped by you` : skippedBy(nameOf(by));
    case 'voted_out':
      return t`voted out`;
    case 'unplayable':
      return t`could not be played`;
    case 'gone':
      return t`the file was no longer there`;
  }
}

function skippedBy(by: string): string {
  return t`skipped by ${by}`;
}

/** For whom it was; empty for fallback tracks and for erased users. */
export function queuedForText({ member }: Played, me: UserId | null, nameOf: (id: UserId) => string): string {
  if (!member) return '';
  if (member === me) return t`for you`;
  const name = nameOf(member);
  return t`for ${name}`;
}

const JUST_NOW_MS = 60_000;

export function startedText(played: Played, nowMs: number): string {
  const age = ageOf(played.started_at_ms, nowMs, JUST_NOW_MS);
  return age === null ? t`a moment ago` : ages.format(-age.value, age.unit);
}
