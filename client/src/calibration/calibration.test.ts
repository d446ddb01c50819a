import { beforeEach, describe, expect, it } from 'vitest';
import type { Memory } from '../browser/storage';
import { fakeMemory } from '../testing/fake-device';
import { type Calibration, Calibrations, OFFSET_MS_MAX, outputOf } from './calibration';

const tapped = (offset_ms: number): Calibration => ({ offset_ms, error_ms: 8, how: 'tapped', at_ms: 1_000 });

describe('calibrations', () => {
  let memory: Memory;
  let calibrations: Calibrations;
  beforeEach(() => {
    memory = fakeMemory();
    calibrations = new Calibrations(memory, 'phone');
  });

  it('are empty until the user calibrates', () => {
    expect(calibrations.of('default')).toBeNull();
    expect(calibrations.offsetMs('default')).toBe(0);
  });

  it('are stored by output and device', () => {
    calibrations.set('default', tapped(40));
    calibrations.set('headphones', tapped(180));
    const reloaded = new Calibrations(memory, 'phone');
    expect(reloaded.offsetMs('default')).toBe(40);
    expect(reloaded.of('headphones')).toEqual(tapped(180));
    expect(new Calibrations(memory, 'laptop').offsetMs('default')).toBe(0);
  });

  it('remember their method', () => {
    for (const how of ['tapped', 'heard', 'set'] as const) {
      calibrations.set('default', { ...tapped(40), how });
      expect(new Calibrations(memory, 'phone').of('default')?.how).toBe(how);
    }
    memory.remember('tutti.calibration.phone', JSON.stringify([['default', { ...tapped(40), how: 'guessed' }]]));
    expect(new Calibrations(memory, 'phone').of('default')).toBeNull();
  });

  it('can be removed', () => {
    calibrations.set('default', tapped(40));
    calibrations.set('default', null);
    expect(calibrations.of('default')).toBeNull();
    expect(memory.recall('tutti.calibration.phone')).toBeNull();
  });

  it('are visible in another tab after a refresh', () => {
    const other = new Calibrations(memory, 'phone');
    expect(other.offsetMs('default')).toBe(0);
    calibrations.set('default', tapped(40));
    other.refresh();
    expect(other.offsetMs('default')).toBe(40);
  });

  it('stay within bounds', () => {
    calibrations.set('default', tapped(1e9));
    expect(calibrations.offsetMs('default')).toBe(OFFSET_MS_MAX);
    for (let count = 0; count < 20; count += 1) calibrations.set(`output-${count}`, tapped(count));
    expect(calibrations.of('default')).toBeNull();
    expect(calibrations.offsetMs('output-19')).toBe(19);
    expect(JSON.parse(memory.recall('tutti.calibration.phone')!)).toHaveLength(16);
  });

  it.each(['nonsense', '{}', '[1]', '[["default"]]', '[["default",null]]', '[["default",{"offset_ms":"40"}]]'])(
    'ignore stored values that they do not understand: %s',
    (text) => {
      memory.remember('tutti.calibration.phone', text);
      expect(calibrations.offsetMs('default')).toBe(0);
    },
  );
});

it('distinguishes outputs as far as the browser does', () => {
  expect(outputOf({ sinkId: 'abc' })).toBe('abc');
  expect([{}, { sinkId: '' }, { sinkId: { type: 'none' } }].map(outputOf)).toEqual(['default', 'default', 'default']);
});
