import { t } from '@lingui/core/macro';

/** Texts about chat and reactions. */
export const chatText = {
  title: t`Chat`,
  lead: t`Chat with the room. Messages aren’t saved.`,
  log: t`Messages`,
  input: t`Message`,
  placeholder: t`Say something nice`,
  send: t`Send`,
  you: t`You`,
  muted: t`You are muted: others don’t see your messages. A host can change that.`,
  mayNot: t`You can’t chat in this room, but you see what others write.`,
  reactions: t`Reactions`,
} as const;

interface Reaction {
  sign: string;
  /** What sending it is called, for screen readers. */
  react: string;
  reacted: (name: string) => string;
}

/** Reactions that can be sent with one tap: emoji that every system can draw. */
export const reactions: readonly Reaction[] = [
  { sign: '❤️', react: t`React with love`, reacted: (name) => t`${name} reacts with love` },
  { sign: '⚡', react: t`React with energy`, reacted: (name) => t`${name} reacts with energy` },
  { sign: '😄', react: t`React with a smile`, reacted: (name) => t`${name} reacts with a smile` },
  { sign: '😎', react: t`React with cool`, reacted: (name) => t`${name} reacts with cool` },
  { sign: '✌️', react: t`React with peace`, reacted: (name) => t`${name} reacts with peace` },
];

/** Other clients may send other reactions. */
export function reactedText(name: string, sign: string): string {
  const known = reactions.find((reaction) => reaction.sign === sign);
  return known === undefined ? t`${name} reacts with ${sign}` : known.reacted(name);
}
