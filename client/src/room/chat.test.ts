import { describe, expect, it } from 'vitest';
import { type ChatLine, type Reaction, withLine, withReaction } from './chat';

describe('chat', () => {
  it('keeps the latest lines and drops older ones', () => {
    let lines: ChatLine[] = [];
    for (let id = 0; id < 40; id += 1)
      lines = withLine(lines, { type: 'said', member: 'ana', text: `${id}`, at_ms: id }, id);
    expect(lines.map(({ text }) => text)).toEqual(['32', '33', '34', '35', '36', '37', '38', '39']);
  });

  it('bounds simultaneous reactions', () => {
    let reactions: Reaction[] = [];
    for (let id = 0; id < 50; id += 1)
      reactions = withReaction(reactions, { type: 'reacted', member: 'ana', emoji: '🎉', at_ms: id }, id);
    expect(reactions).toHaveLength(12);
    expect(reactions.at(-1)?.id).toBe(49);
  });
});
