/** Texts about chat and reactions. */
export const chatText = {
  title: 'Chat',
  lead: 'A word to everybody here. It is seen by whoever is here now, and kept nowhere.',
  log: 'What is said',
  input: 'Say something',
  placeholder: 'Say something nice',
  send: 'Send',
  you: 'You',
  muted: 'You are muted: the others do not see what you say. Somebody who runs this room can change that.',
  mayNot: 'Talking is not for everybody here. You see what the others say.',
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
