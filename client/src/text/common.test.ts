import { describe, expect, it } from 'vitest';
import type { Entry, Place } from '$protocol';
import { entry, member } from '../testing/fixtures';
import { endingText } from './access';
import { waitingTime } from './common';
import { connectionText } from './connection';
import { addedText, memberName, placeReason, text } from './room';

const names: Record<string, string> = { ana: 'Ana', ben: 'Ben', me: text.room.you };
function why(place: Partial<Place>, mine = false): string {
  const full: Place = { position: 2, reason: 'next', turn: 1, behind: [], airtime_ms: 0, ...place };
  const placed: Entry = { ...entry('a', 'ana'), place: full };
  return placeReason(placed, (id) => names[id] ?? '?', mine);
}

describe('texts', () => {
  it('explain the place of an entry', () => {
    expect(why({ reason: 'next' })).toBe('Plays next');
    expect(why({ reason: 'less_airtime', behind: ['ana'] })).toBe('Ana has played less so far');
    expect(why({ reason: 'less_airtime', behind: ['ana', 'ben'] })).toBe('Ana and Ben have played less so far');
    expect(why({ reason: 'less_airtime', behind: ['ana', 'me'] })).toBe('Ana and you have played less so far');
    expect(why({ reason: 'waited_longer', behind: ['me'] })).toBe('You have waited longer');
    expect(why({ reason: 'own_queue', turn: 2, behind: ['ana', 'ben'] }, true)).toBe(
      'Your 2nd turn, after Ana and Ben',
    );
    expect(why({ reason: 'fewer_turns', behind: ['ana'] })).toBe('Ana has had fewer turns');
    expect(why({ reason: 'added_earlier', behind: ['ana', 'ben'] })).toBe('Ana and Ben added earlier');
    expect(why({ reason: 'voted', behind: ['me'] })).toBe('By votes, after you');
    expect(why({ reason: 'voted' })).toBe('By votes');
    expect(why({ reason: 'hosts_order', behind: ['ana'] })).toBe('Placed by the host');
    expect(why({ reason: 'own_queue', turn: 3 })).toBe('Their 3rd turn');
    expect(why({ reason: 'next', promoted_by: 'ben' })).toBe('Ben plays this next');
    expect(why({ reason: 'next', promoted_by: 'me' })).toBe('You play this next');
    expect(why({ reason: 'locked', promoted_by: 'ben' })).toBe('About to start');
  });

  it('say which tracks of an album were not added, and why', () => {
    expect(addedText(1, 1, 1)).toBe('One track was added.');
    expect(addedText(12, 12, 12)).toBe('12 tracks were added.');
    expect(addedText(11, 11, 12)).toBe('11 tracks were added. One can’t be played.');
    expect(addedText(5, 12, 12)).toBe('5 of 12 tracks were added. The rest is over the limits here.');
    expect(addedText(5, 10, 12)).toBe(
      '5 of 12 tracks were added. 2 can’t be played. The rest is over the limits here.',
    );
  });

  it('name members only', () => {
    const nameless = { ...member('cleo'), name: '' };
    expect(memberName([{ ...member('ben'), look_alike: true }], 'ben')).toMatch(/\(not a host\)$/);
    const named = ['ben', 'cleo', 'dora'].map((id) => memberName([member('ben'), nameless], id));
    expect(named).toEqual(['Ben', text.room.unknownMember, text.room.unknownMember]);
  });

  it('write ordinals', () => {
    const turns = [1, 2, 3, 4, 11, 22].map((turn) => why({ reason: 'own_queue', turn }));
    expect(turns.map((sentence) => sentence.split(' ')[1])).toEqual(['1st', '2nd', '3rd', '4th', '11th', '22nd']);
  });

  it('count unsent actions while offline', () => {
    expect(connectionText({ name: 'offline' }, 1).long).toContain('One action is waiting');
    expect(connectionText({ name: 'reconnecting' }, 3).long).toContain('3 actions are waiting');
    expect(connectionText({ name: 'online' }, 0).long).toBe('');
  });

  it('say how long to wait', () => {
    expect([0, 400, 1_001, 180_000, 19_000_000].map(waitingTime)).toEqual([
      'one second',
      'one second',
      '2 seconds',
      '3 minutes',
      'about 5 hours',
    ]);
  });

  it('have an ending for unknown codes', () => {
    expect(endingText(4999).action).toBe('retry');
  });
});

it('show names as they are, with what looks like an escape sequence', () => {
  expect(text.youAre('\\u0041na \\x42en \\ C')).toBe('You are now \\u0041na \\x42en \\ C.');
});
