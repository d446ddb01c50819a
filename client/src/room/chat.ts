import type { ServerFrame, UserId } from '$protocol';

type Frame<Type> = Extract<ServerFrame, { type: Type }>;

export interface ChatLine {
  id: number;
  member: UserId;
  text: string;
  atMs: number;
}

export interface Reaction {
  id: number;
  member: UserId;
  emoji: string;
}

/** Older lines are dropped. */
const LINES_MAX = 8;
/** Bounds simultaneous reactions. */
const REACTIONS_MAX = 12;

export function withLine(lines: readonly ChatLine[], frame: Frame<'said'>, id: number): ChatLine[] {
  return [...lines, { id, member: frame.member, text: frame.text, atMs: frame.at_ms }].slice(-LINES_MAX);
}

export function withReaction(reactions: readonly Reaction[], frame: Frame<'reacted'>, id: number): Reaction[] {
  return [...reactions, { id, member: frame.member, emoji: frame.emoji }].slice(-REACTIONS_MAX);
}
