import { describe, expect, it } from 'vitest';
import type { ActRecord } from '$protocol';
import { actorName, actText, sizeText } from './operator';

const act = (change: Partial<ActRecord>): ActRecord => ({
  at_ms: 0,
  act: 'person_banned',
  by: { id: 'root', name: 'Root' },
  person: null,
  room: null,
  value: null,
  ...change,
});

describe('the log', () => {
  it('says what was done to whom', () => {
    expect(actText(act({ person: { id: 'gus', name: 'Gus' } }))).toBe('Banned from the server · Gus');
    expect(actText(act({ act: 'room_closed', room: '7KM2QX' }))).toBe('Room closed · room 7KM2QX');
    expect(actText(act({ act: 'registration_set', value: 'invited' }))).toBe('Registration changed · By invitation');
    expect(actText(act({ act: 'guests_set', value: 'off' }))).toBe('Guests changed · Not allowed');
    expect(actText(act({ act: 'rooms_set', value: 'operators' }))).toBe('Starting rooms changed · Operators');
  });

  it('names no one who was deleted, and does not repeat who did it', () => {
    expect(actText(act({ act: 'person_deleted', person: { id: 'gus', name: '' } }))).toBe(
      'Person deleted · Deleted person',
    );
    expect(actText(act({ act: 'operator_claimed', person: { id: 'root', name: 'Root' } }))).toBe(
      'Became the first operator',
    );
    expect([actorName(null), actorName({ id: 'x', name: '' })]).toEqual(['Command line', 'Deleted person']);
  });

  it('passes over what only a newer server knows', () => {
    expect(actText(act({ act: 'moon_painted' }))).toBeNull();
    expect(actText(act({ act: 'rooms_set', value: 'moon' }))).toBe('Starting rooms changed · moon');
  });
});

it('sizes are in the largest unit that gives at least one', () => {
  expect([0, 999, 1_000, 9_960, 12_345_678, 2e9, 5e15].map(sizeText)).toEqual([
    '0 bytes',
    '999 bytes',
    '1 kB',
    '10 kB',
    '12 MB',
    '2 GB',
    '5,000 TB',
  ]);
});
