import { t } from '@lingui/core/macro';
import type { Note, Settings, UserId } from '$protocol';
import { asSentence, lists } from './intl';

/** Texts of the log. */
export const logText = {
  lead: t`What was done to others and to the room, latest first.`,
  empty: t`Nothing yet.`,
  looking: t`Loading…`,
  failed: t`This can’t be loaded right now.`,
  again: t`Try again`,
  whole: (sentence: string) => t({ message: `${sentence}.`, comment: 'Ends a sentence of the log' }),
  undo: t`Undo`,
  undoLeft: (clock: string) => t`${clock} left`,
  undoOf: (sentence: string) => t`Undo: ${sentence}`,
  undoneBy: (name: string) => t`Undone by ${name}.`,
  undoneByYou: t`Undone by you.`,
  undone: t`Undone.`,
} as const;

const settingNames: Partial<Record<keyof Settings, string>> = {
  policy: t`the order`,
  weights: t`shares of airtime`,
  minimum_charge_ms: t`the minimum time charged per track`,
  debt_max_ms: t`the maximum time charged per track`,
  entries_per_member_max: t`tracks waiting`,
  minutes_per_member_max: t`music waiting`,
  duplicates: t`duplicates`,
  track_cooldown_ms: t`when a track can repeat`,
  artist_cooldown_ms: t`when an artist can repeat`,
  track_ms_max: t`the longest track`,
  explicit: t`explicit tracks`,
  admission: t`who can join`,
  suggestions: t`suggestions`,
  players_max: t`how many play at a time`,
  step_down_after: t`tracks per turn`,
  vote_skip_share: t`skipping by vote`,
  vote_skip_min: t`the votes that a skip needs`,
  host_claim_after_ms: t`when the room can be taken over`,
  permissions: t`permissions`,
  level_loudness: t`the loudness of tracks`,
  wait_for_listener: t`waiting for a speaker`,
  fallback: t`the fallback playlist`,
  blocked_tracks: t`the blocked tracks`,
  blocked_artists: t`the blocked artists`,
};

/** What sentences name. */
interface Named {
  by: string;
  whom: string;
  /** The title of the track, or the new name of the room. */
  track: string;
  settings: string;
}
type Sentence = (named: Named) => string;

/** Verbs and cases depend on who is “you”, so each of these is a sentence of its own. */
interface Deed {
  byYou: Sentence;
  /** Only where it is done to someone. */
  toYou?: Sentence;
  byOther: Sentence;
}

const somethingElse: Deed = {
  byYou: () => t`You changed something in the room`,
  byOther: ({ by }) => t`${by} changed something in the room`,
};

const toTheRoom: Record<string, Deed> = {
  skip: {
    byYou: ({ track }) => t`You skipped “${track}”`,
    byOther: ({ by, track }) => t`${by} skipped “${track}”`,
  },
  play_next: {
    byYou: ({ track }) => t`You put “${track}” first`,
    byOther: ({ by, track }) => t`${by} put “${track}” first`,
  },
  clear: {
    byYou: () => t`You cleared all queues`,
    byOther: ({ by }) => t`${by} cleared all queues`,
  },
  claim_host: {
    byYou: () => t`You took over the room`,
    byOther: ({ by }) => t`${by} took over the room`,
  },
  lock: {
    byYou: () => t`You locked the room`,
    byOther: ({ by }) => t`${by} locked the room`,
  },
  unlock: {
    byYou: () => t`You unlocked the room`,
    byOther: ({ by }) => t`${by} unlocked the room`,
  },
  set_output: {
    byYou: () => t`You chose which devices play`,
    byOther: ({ by }) => t`${by} chose which devices play`,
  },
  undo: {
    byYou: () => t`You undid something`,
    byOther: ({ by }) => t`${by} undid something`,
  },
  rename_room: {
    byYou: ({ track: name }) => t`You renamed the room to “${name}”`,
    byOther: ({ by, track: name }) => t`${by} renamed the room to “${name}”`,
  },
  set_passcode: {
    byYou: () => t`You set a new passcode`,
    byOther: ({ by }) => t`${by} set a new passcode`,
  },
  remove_passcode: {
    byYou: () => t`You removed the passcode`,
    byOther: ({ by }) => t`${by} removed the passcode`,
  },
  add_screen: {
    byYou: ({ track: screen }) => t`You connected a screen: ${screen}`,
    byOther: ({ by, track: screen }) => t`${by} connected a screen: ${screen}`,
  },
  remove_screen: {
    byYou: ({ track: screen }) => t`You removed a screen: ${screen}`,
    byOther: ({ by, track: screen }) => t`${by} removed a screen: ${screen}`,
  },
  set_policy: {
    byYou: () => t`You changed the order of play`,
    byOther: ({ by }) => t`${by} changed the order of play`,
  },
  set_settings: {
    byYou: ({ settings }) =>
      settings === ''
        ? t`You changed the settings`
        : t({ message: `You changed ${settings}`, comment: 'settings: such as “the longest track and who can join”' }),
    byOther: ({ by, settings }) =>
      settings === ''
        ? t`${by} changed the settings`
        : t({
            message: `${by} changed ${settings}`,
            comment: 'settings: such as “the longest track and who can join”',
          }),
  },
};

const clearOwn: Deed = {
  byYou: () => t`You cleared your queue`,
  byOther: ({ by }) => t`${by} cleared their own queue`,
};

const toSomeone: Record<string, Deed> = {
  play_next: {
    byYou: ({ whom, track }) => t`You put “${track}” of ${whom} first`,
    toYou: ({ by, track }) => t`${by} put your track “${track}” first`,
    byOther: ({ by, whom, track }) => t`${by} put “${track}” of ${whom} first`,
  },
  dequeue: {
    byYou: ({ whom, track }) => t`You removed “${track}” of ${whom}`,
    toYou: ({ by, track }) => t`${by} removed your track “${track}”`,
    byOther: ({ by, whom, track }) => t`${by} removed “${track}” of ${whom}`,
  },
  move: {
    byYou: ({ whom, track }) => t`You moved “${track}” of ${whom}`,
    toYou: ({ by, track }) => t`${by} moved your track “${track}”`,
    byOther: ({ by, whom, track }) => t`${by} moved “${track}” of ${whom}`,
  },
  skip: {
    byYou: ({ whom, track }) => t`You skipped “${track}” of ${whom}`,
    toYou: ({ by, track }) => t`${by} skipped your track “${track}”`,
    byOther: ({ by, whom, track }) => t`${by} skipped “${track}” of ${whom}`,
  },
  approve: {
    byYou: ({ whom, track }) => t`You approved “${track}”, suggested by ${whom}`,
    toYou: ({ by, track }) => t`${by} approved “${track}”, suggested by you`,
    byOther: ({ by, whom, track }) => t`${by} approved “${track}”, suggested by ${whom}`,
  },
  reject: {
    byYou: ({ whom, track }) => t`You declined “${track}”, suggested by ${whom}`,
    toYou: ({ by, track }) => t`${by} declined “${track}”, suggested by you`,
    byOther: ({ by, whom, track }) => t`${by} declined “${track}”, suggested by ${whom}`,
  },
  clear: {
    byYou: ({ whom }) => t`You cleared the queue of ${whom}`,
    toYou: ({ by }) => t`${by} cleared your queue`,
    byOther: ({ by, whom }) => t`${by} cleared the queue of ${whom}`,
  },
  resume_queue: {
    byYou: ({ whom }) => t`You resumed the queue of ${whom}`,
    toYou: ({ by }) => t`${by} resumed your queue`,
    byOther: ({ by, whom }) => t`${by} resumed the queue of ${whom}`,
  },
  kick: {
    byYou: ({ whom }) => t`You removed ${whom}`,
    toYou: ({ by }) => t`${by} removed you`,
    byOther: ({ by, whom }) => t`${by} removed ${whom}`,
  },
  ban: {
    byYou: ({ whom }) => t`You banned ${whom}`,
    toYou: ({ by }) => t`${by} banned you`,
    byOther: ({ by, whom }) => t`${by} banned ${whom}`,
  },
  unban: {
    byYou: ({ whom }) => t`You lifted the ban on ${whom}`,
    toYou: ({ by }) => t`${by} lifted the ban on you`,
    byOther: ({ by, whom }) => t`${by} lifted the ban on ${whom}`,
  },
  mute: {
    byYou: ({ whom }) => t`You muted or unmuted ${whom}`,
    toYou: ({ by }) => t`${by} muted or unmuted you`,
    byOther: ({ by, whom }) => t`${by} muted or unmuted ${whom}`,
  },
  admit: {
    byYou: ({ whom }) => t`You let ${whom} in`,
    toYou: ({ by }) => t`${by} let you in`,
    byOther: ({ by, whom }) => t`${by} let ${whom} in`,
  },
  deny: {
    byYou: ({ whom }) => t`You declined ${whom}`,
    toYou: ({ by }) => t`${by} declined you`,
    byOther: ({ by, whom }) => t`${by} declined ${whom}`,
  },
  set_role: {
    byYou: ({ whom }) => t`You changed the role of ${whom}`,
    toYou: ({ by }) => t`${by} changed your role`,
    byOther: ({ by, whom }) => t`${by} changed the role of ${whom}`,
  },
  set_permission: {
    byYou: ({ whom }) => t`You changed an exception for ${whom}`,
    toYou: ({ by }) => t`${by} changed an exception for you`,
    byOther: ({ by, whom }) => t`${by} changed an exception for ${whom}`,
  },
  transfer_host: {
    byYou: ({ whom }) => t`You made ${whom} the host`,
    toYou: ({ by }) => t`${by} made you the host`,
    byOther: ({ by, whom }) => t`${by} made ${whom} the host`,
  },
};

/** A line of the log as a sentence without its full stop, read by `me`. */
export function noteText(note: Note, me: UserId | null, nameOf: (id: UserId) => string): string {
  const { by, member, title, settings = [] } = note;
  const named: Named = {
    by: nameOf(by),
    whom: member === undefined || member === null ? '' : nameOf(member),
    track: title ?? '…',
    settings: lists.format(settings.map((name) => settingNames[name as keyof Settings] ?? name)),
  };
  return asSentence(sentenceOf(note, me)(named));
}

function sentenceOf(note: Note, me: UserId | null): Sentence {
  const { byYou, toYou, byOther } = deedOf(note) ?? somethingElse;
  if (note.by === me) return byYou;
  return (note.member === me ? toYou : undefined) ?? byOther;
}

function deedOf({ deed, by, member }: Note): Deed | undefined {
  if (member === undefined || member === null) return toTheRoom[deed];
  return deed === 'clear' && member === by ? clearOwn : toSomeone[deed];
}
