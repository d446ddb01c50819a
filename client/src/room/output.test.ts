import { describe, expect, it } from 'vitest';
import type { Output } from '$protocol';
import { inMode, OUTPUT_DEVICES_MAX, playsIn, withDevice } from './output';

const everyoneBut = (...devices: string[]): Output => ({ mode: 'everyone', devices });
const only = (...devices: string[]): Output => ({ mode: 'speakers', devices });

describe('output of a room', () => {
  it('is every device except the excluded ones, or only the chosen ones', () => {
    expect(['tv', 'phone'].map((id) => playsIn(everyoneBut('tv'), id))).toEqual([false, true]);
    expect(['tv', 'phone'].map((id) => playsIn(only('tv'), id))).toEqual([true, false]);
    expect(playsIn(only(), 'tv')).toBe(false);
  });

  it('includes or excludes one device', () => {
    expect(withDevice(everyoneBut(), 'tv', false)).toEqual(everyoneBut('tv'));
    expect(withDevice(everyoneBut('tv', 'phone'), 'tv', true)).toEqual(everyoneBut('phone'));
    expect(withDevice(only('tv'), 'phone', true)).toEqual(only('tv', 'phone'));
    expect(withDevice(only('tv'), 'tv', false)).toEqual(only());
    expect(withDevice(only('tv'), 'tv', true)).toEqual(only('tv'));
  });

  it('bounds the list of devices', () => {
    const many = Array.from({ length: OUTPUT_DEVICES_MAX }, (_, index) => `${index}`);
    expect(withDevice(only(...many), 'one more', true)).toBeNull();
    expect(withDevice(only(...many), '0', false)?.devices).toHaveLength(OUTPUT_DEVICES_MAX - 1);
  });

  it('changes its mode with the same devices playing', () => {
    expect(inMode(everyoneBut('tv'), 'speakers', ['tv', 'phone', 'laptop'])).toEqual(only('phone', 'laptop'));
    expect(inMode(only('phone'), 'everyone', ['tv', 'phone'])).toEqual(everyoneBut('tv'));
    expect(inMode(only('phone'), 'speakers', ['tv', 'phone'])).toEqual(only('phone'));
  });
});
