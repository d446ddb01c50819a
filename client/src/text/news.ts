import type { Policy, Role } from '$protocol';
import type { News } from '../room/news';

type Of<Kind extends News['kind']> = Extract<News, { kind: Kind }>;
type Words = { [Kind in News['kind']]: (news: Of<Kind>, all: Of<Kind>[]) => string };

const roles: Record<Role, string> = {
  host: 'the host',
  cohost: 'a co-host: you can control the music and manage the room',
  player: 'a player: you can add music',
  listener: 'a listener: you hear and see everything',
};

const policies: Record<Policy, string> = {
  fair: 'everyone gets equal playing time',
  rotation: 'everyone takes turns, one track each',
  fifo: 'first come, first served',
  votes: 'tracks with the most votes play first',
  host: 'the host sets the order',
};

/** One sentence each; the last says how many, if there are several of a kind. */
const words: Words = {
  removed: ({ title, by }, all) =>
    all.length > 1
      ? `${all.length} of your tracks were removed from the queue.`
      : `${by} removed “${title}” from your queue.`,
  skipped: ({ title, by }, all) =>
    all.length > 1 ? `${all.length} of your tracks were skipped.` : `${by} skipped “${title}”.`,
  moved: ({ title, by }, all) => (all.length > 1 ? 'Some of your tracks were moved.' : `${by} moved “${title}”.`),
  approved: ({ title }, all) =>
    all.length > 1
      ? `${all.length} of your suggestions were approved.`
      : `Your suggestion “${title}” was approved and is in your queue.`,
  rejected: ({ title }, all) =>
    all.length > 1 ? `${all.length} of your suggestions were declined.` : `Your suggestion “${title}” was declined.`,
  voted_out: ({ title }) => `The room voted to skip “${title}”.`,
  unplayable: ({ title }) => `“${title}” was skipped: it can’t be played.`,
  gone: ({ title }) => `“${title}” was skipped: the file is no longer there.`,
  removed_unplayable: ({ title }, all) =>
    all.length > 1
      ? `${all.length} of your tracks were removed from the queue: they can’t be played.`
      : `“${title}” was removed from your queue: it can’t be played.`,
  removed_gone: ({ title }, all) =>
    all.length > 1
      ? `${all.length} of your tracks were removed from the queue: the files are no longer there.`
      : `“${title}” was removed from your queue: the file is no longer there.`,
  cleared: ({ by }) => `${by} cleared your queue.`,
  put_back: ({ by }) => `${by} put your tracks back.`,
  muted: ({ by }) => `${by} muted you: others don’t see your messages.`,
  unmuted: () => 'You can chat again.',
  paused: ({ by }) => `${by} paused your queue.`,
  resumed: ({ by }) => `${by} resumed your queue.`,
  permission: ({ by }) => `${by} changed your permissions.`,
  made_host: ({ by }) => `${by} made you the host.`,
  claimed: ({ by }) => `${by} took over the room while you were away. You can take it back at any time.`,
  taken_back: ({ by }) => `${by} is back and hosts the room again. Thanks for looking after it.`,
  role: ({ role, by }) => `${by} made you ${roles[role]}.`,
  new_host: ({ name }) => `${name} is the host now.`,
  waits: ({ name }, all) =>
    all.length > 1 ? `${all.length} people are waiting to join.` : `${name} is waiting to join.`,
  back: ({ name, by }) => `${by} let ${name} back in.`,
  policy: ({ policy }) => `New order: ${policies[policy]}.`,
  suggestions: ({ on }) =>
    on ? 'Tracks you add are now suggestions.' : 'Tracks you add now go straight into your queue.',
};

/** One sentence about events of one kind, the latest last. */
export function newsText(all: News[]): string {
  const last = all.at(-1);
  if (last === undefined) return '';
  return (words[last.kind] as (news: News, all: News[]) => string)(last, all);
}
