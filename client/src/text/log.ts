import type { Note, Settings } from '$protocol';

/** Texts of the log. */
export const logText = {
  lead: 'What was done to others and to the room, the latest first.',
  empty: 'Nothing was done yet.',
  looking: 'Looking it up…',
  failed: 'This could not be loaded just now.',
  again: 'Try again',
  undo: 'Undo',
  undoLeft: (clock: string) => `${clock} left`,
  undoOf: (sentence: string) => `Undo: ${sentence}`,
  undoneBy: (name: string) => `Undone by ${name}.`,
  undone: 'It is undone.',
  you: 'you',
} as const;

const settingNames: Partial<Record<keyof Settings, string>> = {
  policy: 'the order',
  weights: 'shares of airtime',
  minimum_charge_ms: 'the least that a start counts',
  debt_max_ms: 'the most that a start counts',
  entries_per_member_max: 'tracks waiting',
  minutes_per_member_max: 'music waiting',
  duplicates: 'what becomes of duplicates',
  track_cooldown_ms: 'when a track may come again',
  artist_cooldown_ms: 'when an artist may come again',
  track_ms_max: 'the longest track',
  explicit: 'explicit tracks',
  admission: 'who comes in',
  suggestions: 'suggestions',
  players_max: 'how many play at a time',
  step_down_after: 'when the next takes over',
  vote_skip_share: 'skipping by vote',
  host_claim_after_ms: 'when the room may be taken over',
  permissions: 'who may do what',
  fallback: 'the room’s own list',
};

const lists = new Intl.ListFormat('en', { type: 'conjunction' });

/** A line of the log as a sentence without its full stop; the reader is called `logText.you`. */
export function noteWords(note: Note, nameOf: (id: string) => string): string {
  const sentence = deedWords(note, nameOf);
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function deedWords(note: Note, nameOf: (id: string) => string): string {
  const by = nameOf(note.by);
  const whom = note.member === undefined || note.member === null ? '' : nameOf(note.member);
  const track = note.title === undefined || note.title === null ? 'a track' : `“${note.title}”`;
  const own = (thing: string) => (whom === logText.you ? `your ${thing}` : `the ${thing} of ${whom}`);
  const theirs = whom === '' ? track : whom === logText.you ? `your track ${track}` : `${track} of ${whom}`;
  switch (note.deed) {
    case 'dequeue':
      return `${by} removed ${theirs}`;
    case 'move':
      return `${by} moved ${theirs}`;
    case 'skip':
      return `${by} skipped ${theirs}`;
    case 'approve':
      return `${by} took ${track}, suggested by ${whom}`;
    case 'reject':
      return `${by} turned down ${track}, suggested by ${whom}`;
    case 'clear':
      if (whom === '') return `${by} cleared all queues`;
      return note.member === note.by && whom !== logText.you
        ? `${by} cleared their own queue`
        : `${by} cleared ${own('queue')}`;
    case 'kick':
      return `${by} sent ${whom} out`;
    case 'ban':
      return `${by} banned ${whom}`;
    case 'unban':
      return `${by} lifted the ban on ${whom}`;
    case 'mute':
      return `${by} muted or unmuted ${whom}`;
    case 'admit':
      return `${by} let ${whom} in`;
    case 'deny':
      return `${by} turned ${whom} away`;
    case 'set_role':
      return `${by} changed ${own('role')}`;
    case 'set_permission':
      return `${by} made or ended an exception for ${whom}`;
    case 'transfer_host':
      return `${by} handed the room to ${whom}`;
    case 'claim_host':
      return `${by} took the room over`;
    case 'resume_queue':
      return `${by} let ${own('queue')} go on`;
    case 'lock':
      return `${by} locked the room`;
    case 'unlock':
      return `${by} unlocked the room`;
    case 'set_output':
      return `${by} chose which devices play`;
    case 'undo':
      return `${by} undid something`;
    case 'set_policy':
      return `${by} changed how the queues merge`;
    case 'set_settings': {
      const names = (note.settings ?? []).map((name) => settingNames[name as keyof Settings] ?? name);
      return names.length === 0 ? `${by} changed the settings` : `${by} changed ${lists.format(names)}`;
    }
    default:
      return `${by} did something to the room`;
  }
}
