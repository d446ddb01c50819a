import { plural, t } from '@lingui/core/macro';
import type { Reason, ReasonValue } from '$protocol';
import type { RefusalCode } from '../connection/refusal';
import type { FailureCode, ReasonValues } from '../session/http';
import { text, waitingTime } from './common';

/**
 * Texts about refused commands and failed requests, as far as the first pages need them; `refusals.ts` adds the others. The
 * server sends codes, reasons and values; its own English sentences are for other programs, and no page shows them.
 */

/** Used when there is no reason, or only a newer server knows it. */
const byCode: Record<RefusalCode | FailureCode, string> = {
  forbidden: t`You don’t have permission to do that in this room.`,
  not_found: t`That no longer exists.`,
  invalid: t`That isn’t possible.`,
  conflict: t`Something changed in the meantime. Look again, then retry.`,
  limit_reached: t`You have reached a limit of this room.`,
  duplicate_track: t`This track is already in the queue.`,
  cooldown: t`That was played recently. Try again later.`,
  unavailable: t`The server can’t save anything right now. Try again in a moment.`,
  rate_limited: t`That was too fast. Wait a few seconds and try again.`,
  premium_required: t`This needs Spotify Premium.`,
  needs_login: t`Spotify needs you to log in again. You can do that in your profile.`,
  too_large: t`That is too long.`,
  internal: t`Something went wrong on the server. The error was logged.`,
  command_queue_full: t`Too many actions are waiting to be sent. They go out when the connection is back.`,
  expired: t`You were offline, so this was not done. Try again.`,
  outcome_unknown: t`You were offline for so long that this may or may not have been done. Check before you try again.`,
  closed: t`You left the room before this was done.`,
  unauthenticated: t`This browser is no longer logged in. Join or log in again.`,
  offline: t`The server can’t be reached. Check your network and try again.`,
  unanswered: t`The server behind the proxy doesn’t answer. Try again in a moment.`,
};

/** `null` when a value is missing or only a newer server knows it. */
export type Sentence = string | ((values: ReasonValues) => string | null);

/** What the forms of the first pages can do wrong. */
const early = {
  foreign_page: t`The server doesn’t know the address of this page. Open it at another address, or set the server’s public URL to this one.`,
  banned_from_server: t`You’ve been banned from this server.`,
  guests_off: t`This server admits no guests. Log in with an account.`,
  rooms_for_accounts: t`You need an account to start a room here.`,
  rooms_for_operators: t`Only this server’s operators can start rooms.`,
  bad_room_name: ({ max }) =>
    withNumber(max, (n) => t`A room name has 1 to ${plural(n, { one: '# character', other: '# characters' })}.`),
  bad_passcode: ({ min, max }) =>
    withNumber(min, (least) =>
      withNumber(
        max,
        (most) => t`A passcode has ${least} to ${plural(most, { one: '# character', other: '# characters' })}.`,
      ),
    ),
  bad_display_name: ({ max }) =>
    withNumber(max, (n) => t`A name has 1 to ${plural(n, { one: '# character', other: '# characters' })}.`),
} satisfies Partial<Record<Reason, Sentence>>;

/** The reasons whose sentences are not among those of the first pages. */
export type LaterReason = Exclude<Reason, keyof typeof early>;

const byReason: Record<string, Sentence> = { ...early };

export function addReasons(later: Record<LaterReason, Sentence>): void {
  Object.assign(byReason, later);
}

/** A refused command or a failed request. */
interface Refused {
  code: RefusalCode | FailureCode;
  reason?: Reason | null;
  values?: ReasonValues;
  retryAfterMs?: number | null;
}

/** Why a command was refused or a request failed. */
export function refusalText({ code, reason = null, values = {}, retryAfterMs = null }: Refused): string {
  return sentenceIn(byReason, reason, values) ?? fallbackText(code, retryAfterMs);
}

/** The sentence of a table, with its values; `null` when there is none, or a value is missing. */
export function sentenceIn(table: Record<string, Sentence>, name: string | null, values: ReasonValues): string | null {
  if (name === null || !Object.hasOwn(table, name)) return null;
  const sentence = table[name]!;
  return typeof sentence === 'string' ? sentence : sentence(values);
}

export function withNumber(value: ReasonValue | undefined, sentence: (value: number) => string | null): string | null {
  return typeof value === 'number' ? sentence(value) : null;
}

function fallbackText(code: RefusalCode | FailureCode, retryAfterMs: number | null): string {
  if (code === 'rate_limited' && retryAfterMs !== null) return text.tooOften(waitingTime(retryAfterMs));
  // A newer server may send other codes.
  return byCode[code] ?? byCode.internal;
}
