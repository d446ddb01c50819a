import type { ServerFrame, UserId } from '$protocol';

type Frame<Type> = Extract<ServerFrame, { type: Type }>;

export interface Said {
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

/** Talk passes: what is older than the last few lines is gone. */
const LINES_MAX = 8;
/** However many clap at once, so many are seen. */
const FLOATING_MAX = 12;

export function heard(lines: readonly Said[], frame: Frame<'said'>, id: number): Said[] {
  return [...lines, { id, member: frame.member, text: frame.text, atMs: frame.at_ms }].slice(-LINES_MAX);
}

export function floated(reactions: readonly Reaction[], frame: Frame<'reacted'>, id: number): Reaction[] {
  return [...reactions, { id, member: frame.member, emoji: frame.emoji }].slice(-FLOATING_MAX);
}
