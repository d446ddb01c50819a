import type { Policy, Role } from '$protocol';
import type { News } from '../room/news';

type Of<Kind extends News['kind']> = Extract<News, { kind: Kind }>;
type Words = { [Kind in News['kind']]: (news: Of<Kind>, all: Of<Kind>[]) => string };

const roles: Record<Role, string> = {
  host: 'the host',
  cohost: 'a co-host: you can steer the music and help to run the room',
  player: 'a player: you can add music',
  listener: 'a listener: you hear and see everything',
};

const policies: Record<Policy, string> = {
  fair: 'turns are shared by airtime',
  rotation: 'everybody takes turns, one track each',
  fifo: 'first come, first served',
  votes: 'the most votes play first',
  host: 'the host sets the order',
};

/** One sentence each; the last says how many, if there are several of a kind. */
const words: Words = {
  removed: ({ title, by }, all) =>
    all.length > 1
      ? `${all.length} of your tracks were taken out of the queue.`
      : `${by} took “${title}” out of your queue.`,
  skipped: ({ title, by }, all) =>
    all.length > 1 ? `${all.length} of your tracks were skipped.` : `${by} skipped “${title}”.`,
  moved: ({ title, by }, all) => (all.length > 1 ? 'Some of your tracks were moved.' : `${by} moved “${title}”.`),
  approved: ({ title }, all) =>
    all.length > 1
      ? `${all.length} of your suggestions are in your queue now.`
      : `“${title}” is in your queue now: your suggestion was taken.`,
  rejected: ({ title }, all) =>
    all.length > 1 ? `${all.length} of your suggestions were not taken.` : `“${title}” was not taken this time.`,
  voted_out: ({ title }) => `The room voted to skip “${title}”.`,
  unplayable: ({ title }) => `“${title}” could not be played.`,
  cleared: ({ by }) => `${by} cleared your queue.`,
  put_back: ({ by }) => `${by} put your tracks back.`,
  muted: ({ by }) => `${by} muted you: the others do not see what you say.`,
  unmuted: () => 'You can talk again.',
  paused: ({ by }) => `${by} paused your queue.`,
  resumed: ({ by }) => `Your queue goes on: ${by} resumed it.`,
  permission: ({ by }) => `${by} changed what you may do here.`,
  made_host: ({ by }) => `${by} handed the room to you: you are the host now.`,
  claimed: ({ by }) => `${by} took the room over while you were away. You can take it back at any time.`,
  taken_back: ({ by }) => `${by} is back and has the room again. Thank you for looking after it.`,
  role: ({ role, by }) => `${by} made you ${roles[role]}.`,
  new_host: ({ name }) => `${name} is the host now.`,
  waits: ({ name }, all) =>
    all.length > 1 ? `${all.length} people wait to be let in.` : `${name} waits to be let in.`,
  back: ({ name, by }) => `${by} let ${name} back in.`,
  policy: ({ policy }) => `New order: ${policies[policy]}.`,
  suggestions: ({ on }) =>
    on ? 'What you add is a suggestion from now on.' : 'What you add joins your queue at once from now on.',
};

/** One sentence about events of one kind, the latest last. */
export function newsWords(all: News[]): string {
  const last = all.at(-1);
  if (last === undefined) return '';
  return (words[last.kind] as (news: News, all: News[]) => string)(last, all);
}
