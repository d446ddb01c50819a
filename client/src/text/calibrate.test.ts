import { describe, expect, it } from 'vitest';
import { calibrationText, signedMs } from './calibrate';
import { deviationText, roundedMs } from './sound';

describe('calibration texts', () => {
  it('describe a calibration and its source', () => {
    const at_ms = 0;
    expect(calibrationText({ offset_ms: 37.4, error_ms: 1.1, how: 'heard', at_ms })).toBe(
      'It plays 37 ms earlier, measured by microphone, ±1 ms.',
    );
    expect(calibrationText({ offset_ms: -8, error_ms: 31, how: 'tapped', at_ms })).toBe(
      'It plays 8 ms later, measured by tapping along, ±31 ms.',
    );
    expect(calibrationText({ offset_ms: 0.2, error_ms: 0.4, how: 'set', at_ms })).toBe(
      'It plays without an offset, set by hand, ±1 ms.',
    );
  });

  it('round numbers to their precision', () => {
    expect([-3.6, 0.2].map(roundedMs)).toEqual([4, 0]);
    expect([0, 0.2, 1.2].map(deviationText)).toEqual(['±1 ms', '±1 ms', '±2 ms']);
    expect([12.4, -12.6, -0.3].map(signedMs)).toEqual(['12', '−13', '0']);
  });
});
