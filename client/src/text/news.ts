import { plural, t } from '@lingui/core/macro';
import type { Policy, Role } from '$protocol';
import type { News } from '../room/news';

type Of<Kind extends News['kind']> = Extract<News, { kind: Kind }>;
type Words = { [Kind in News['kind']]: (news: Of<Kind>, count: number) => string };

const roles: Record<Role, (by: string) => string> = {
  host: (by) => t`${by} made you the host.`,
  cohost: (by) => t`${by} made you a co-host: you can control the music and manage the room.`,
  player: (by) => t`${by} made you a player: you can add music.`,
  listener: (by) => t`${by} made you a listener: you hear and see everything.`,
};

const policies: Record<Policy, string> = {
  fair: t`New order: everyone gets equal playing time.`,
  rotation: t`New order: everyone takes turns, one track each.`,
  fifo: t`New order: first come, first served.`,
  votes: t`New order: tracks with the most votes play first.`,
  host: t`New order: the host sets the order.`,
};

/**
 * One sentence each; the last says how many, if there are several of a kind. English has one form for several; other
 * languages have more.
 */
const words: Words = {
  removed: ({ title, by }, count) =>
    count > 1
      ? plural(count, { other: '# of your tracks were removed from the queue.' })
      : t`${by} removed “${title}” from your queue.`,
  skipped: ({ title, by }, count) =>
    count > 1 ? plural(count, { other: '# of your tracks were skipped.' }) : t`${by} skipped “${title}”.`,
  moved: ({ title, by }, count) => (count > 1 ? t`Some of your tracks were moved.` : t`${by} moved “${title}”.`),
  put_first: ({ title, by }) => t`${by} plays “${title}” next.`,
  on: ({ title }) => t`Your track is on: “${title}”.`,
  approved: ({ title }, count) =>
    count > 1
      ? plural(count, { other: '# of your suggestions were approved.' })
      : t`Your suggestion “${title}” was approved and is in your queue.`,
  rejected: ({ title }, count) =>
    count > 1
      ? plural(count, { other: '# of your suggestions were declined.' })
      : t`Your suggestion “${title}” was declined.`,
  voted_out: ({ title }) => t`The room voted to skip “${title}”.`,
  unplayable: ({ title }) => t`“${title}” was skipped: it can’t be played.`,
  gone: ({ title }) => t`“${title}” was skipped: the file is no longer there.`,
  removed_unplayable: ({ title }, count) =>
    count > 1
      ? plural(count, { other: '# of your tracks were removed from the queue: they can’t be played.' })
      : t`“${title}” was removed from your queue: it can’t be played.`,
  removed_gone: ({ title }, count) =>
    count > 1
      ? plural(count, { other: '# of your tracks were removed from the queue: the files are no longer there.' })
      : t`“${title}” was removed from your queue: the file is no longer there.`,
  cleared: ({ by }) => t`${by} cleared your queue.`,
  put_back: ({ by }) => t`${by} put your tracks back.`,
  muted: ({ by }) => t`${by} muted you: others don’t see your messages.`,
  unmuted: () => t`You can chat again.`,
  paused: ({ by }) => t`${by} paused your queue.`,
  resumed: ({ by }) => t`${by} resumed your queue.`,
  permission: ({ by }) => t`${by} changed your permissions.`,
  made_host: ({ by }) => roles.host(by),
  claimed: ({ by }) => t`${by} took over the room while you were away. You can take it back at any time.`,
  taken_back: ({ by }) => t`${by} is back and hosts the room again. Thanks for looking after it.`,
  role: ({ role, by }) => roles[role](by),
  new_host: ({ name }) => t`${name} is the host now.`,
  waits: ({ name }, count) =>
    count > 1 ? plural(count, { other: '# people are waiting to join.' }) : t`${name} is waiting to join.`,
  back: ({ name, by }) => t`${by} let ${name} back in.`,
  room_renamed: ({ name, by }) => t`${by} renamed the room to “${name}”.`,
  policy: ({ policy }) => policies[policy],
  suggestions: ({ on }) =>
    on ? t`Tracks you add are now suggestions.` : t`Tracks you add now go straight into your queue.`,
};

/** One sentence about events of one kind, the latest last. */
export function newsText(all: News[]): string {
  const last = all.at(-1);
  if (last === undefined) return '';
  return (words[last.kind] as (news: News, count: number) => string)(last, all.length);
}
