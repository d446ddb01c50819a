/** Texts about chat and reactions. */
export const chatText = {
  title: 'Chat',
  lead: 'Chat with the room. Messages aren’t saved.',
  log: 'Messages',
  input: 'Message',
  placeholder: 'Say something nice',
  send: 'Send',
  you: 'You',
  muted: 'You are muted: others don’t see your messages. A host can change that.',
  mayNot: 'You can’t chat in this room, but you see what others write.',
  reactions: 'Reactions',
  react: (meaning: string) => `React with ${meaning}`,
  reacted: (name: string, meaning: string) => `${name} reacts with ${meaning}`,
} as const;

/** Reactions that can be sent with one tap, with their names for screen readers: emoji that every system can draw. */
export const emoji: readonly { sign: string; meaning: string }[] = [
  { sign: '❤️', meaning: 'love' },
  { sign: '⚡', meaning: 'energy' },
  { sign: '😄', meaning: 'a smile' },
  { sign: '😎', meaning: 'cool' },
  { sign: '✌️', meaning: 'peace' },
];

/** Other clients may send other reactions. */
export function meaningOf(sign: string): string {
  return emoji.find((known) => known.sign === sign)?.meaning ?? sign;
}
