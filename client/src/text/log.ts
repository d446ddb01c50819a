import type { Note, Settings } from '$protocol';

/** Texts of the log. */
export const logText = {
  lead: 'What was done to others and to the room, latest first.',
  empty: 'Nothing yet.',
  looking: 'Loading…',
  failed: 'This can’t be loaded right now.',
  again: 'Try again',
  undo: 'Undo',
  undoLeft: (clock: string) => `${clock} left`,
  undoOf: (sentence: string) => `Undo: ${sentence}`,
  undoneBy: (name: string) => `Undone by ${name}.`,
  undone: 'Undone.',
  you: 'you',
} as const;

const settingNames: Partial<Record<keyof Settings, string>> = {
  policy: 'the order',
  weights: 'shares of airtime',
  minimum_charge_ms: 'the minimum time charged per track',
  debt_max_ms: 'the maximum time charged per track',
  entries_per_member_max: 'tracks waiting',
  minutes_per_member_max: 'music waiting',
  duplicates: 'duplicates',
  track_cooldown_ms: 'when a track can repeat',
  artist_cooldown_ms: 'when an artist can repeat',
  track_ms_max: 'the longest track',
  explicit: 'explicit tracks',
  admission: 'who can join',
  suggestions: 'suggestions',
  players_max: 'how many play at a time',
  step_down_after: 'tracks per turn',
  vote_skip_share: 'skipping by vote',
  host_claim_after_ms: 'when the room can be taken over',
  permissions: 'permissions',
  level_loudness: 'the loudness of tracks',
  fallback: 'the fallback playlist',
};

const lists = new Intl.ListFormat('en', { type: 'conjunction' });

/** A line of the log as a sentence without its full stop; the reader is called `logText.you`. */
export function noteText(note: Note, nameOf: (id: string) => string): string {
  const sentence = deedText(note, nameOf);
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function deedText(note: Note, nameOf: (id: string) => string): string {
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
      return `${by} approved ${track}, suggested by ${whom}`;
    case 'reject':
      return `${by} declined ${track}, suggested by ${whom}`;
    case 'clear':
      if (whom === '') return `${by} cleared all queues`;
      return note.member === note.by && whom !== logText.you
        ? `${by} cleared their own queue`
        : `${by} cleared ${own('queue')}`;
    case 'kick':
      return `${by} removed ${whom}`;
    case 'ban':
      return `${by} banned ${whom}`;
    case 'unban':
      return `${by} lifted the ban on ${whom}`;
    case 'mute':
      return `${by} muted or unmuted ${whom}`;
    case 'admit':
      return `${by} let ${whom} in`;
    case 'deny':
      return `${by} declined ${whom}`;
    case 'set_role':
      return `${by} changed ${own('role')}`;
    case 'set_permission':
      return `${by} changed an exception for ${whom}`;
    case 'transfer_host':
      return `${by} made ${whom} the host`;
    case 'claim_host':
      return `${by} took over the room`;
    case 'resume_queue':
      return `${by} resumed ${own('queue')}`;
    case 'lock':
      return `${by} locked the room`;
    case 'unlock':
      return `${by} unlocked the room`;
    case 'set_output':
      return `${by} chose which devices play`;
    case 'undo':
      return `${by} undid something`;
    case 'set_policy':
      return `${by} changed the order of play`;
    case 'set_settings': {
      const names = (note.settings ?? []).map((name) => settingNames[name as keyof Settings] ?? name);
      return names.length === 0 ? `${by} changed the settings` : `${by} changed ${lists.format(names)}`;
    }
    default:
      return `${by} changed something in the room`;
  }
}
