import { describe, expect, it } from 'vitest';
import { member, room } from '../testing/fixtures';
import { namesAfter } from './names';

describe('names of former members', () => {
  const before = room({ members: [member('ana', 'host'), member('ben')], lobby: [member('cai')] });
  const none = new Map<string, string>();

  it('are kept for the log', () => {
    const names = namesAfter(none, before, [
      { name: 'member_kicked', member: 'ben', by: 'ana' },
      { name: 'lobby_left', person: 'cai', admitted: false, by: 'ana' },
    ]);
    expect([...names]).toEqual([
      ['ben', 'Ben'],
      ['cai', 'Cai'],
    ]);
  });

  it('are not kept for erased users', () => {
    const known = new Map([['ben', 'Ben']]);
    expect(namesAfter(known, before, [{ name: 'member_forgotten', member: 'ben' }]).size).toBe(0);
    expect(namesAfter(known, before, [{ name: 'member_away', member: 'ana' }])).toBe(known);
  });
});
