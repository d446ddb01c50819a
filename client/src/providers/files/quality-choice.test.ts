import { beforeEach, describe, expect, it } from 'vitest';
import { type NetworkHints, QualityChoice, qualitySetting } from './quality-choice';
import { SEGMENT_SAMPLES } from './segments';

let hints: NetworkHints | undefined;
let nowMs: number;
let choice: QualityChoice;

beforeEach(() => {
  hints = undefined;
  nowMs = 0;
  choice = new QualityChoice(
    () => hints,
    () => nowMs,
  );
  choice.available = ['lossless', 'small'];
});

/** Transfers segments of 500 kB, 0.8 Mbit/s of audio, at a rate. */
const transfer = (megabitsPerS: number, count = 20) => {
  for (let done = 0; done < count; done += 1)
    choice.fetched('lossless', 500_000, SEGMENT_SAMPLES, 4_000 / megabitsPerS);
};

describe('quality choice', () => {
  it('is lossless where nothing speaks against it', () => {
    expect(choice.quality).toBe('lossless');
    hints = { saveData: false, type: 'wifi', downlink: 10 };
    expect(choice.quality).toBe('lossless');
  });

  it.each<NetworkHints>([{ saveData: true }, { type: 'cellular' }, { downlink: 1.5 }])('is small for %o', (network) => {
    hints = network;
    expect(choice.quality).toBe('small');
  });

  it('follows the setting', () => {
    choice.setting = 'small';
    expect(choice.quality).toBe('small');
    choice.setting = 'lossless';
    hints = { saveData: true };
    choice.late();
    expect(choice.quality).toBe('lossless');
  });

  it('follows what the path carries', () => {
    transfer(20);
    expect(choice.quality).toBe('lossless');
    transfer(1.5);
    expect(choice.quality).toBe('small');
    transfer(3);
    expect(choice.quality).toBe('lossless');
  });

  it('believes its own measurements more than the browser', () => {
    hints = { downlink: 1.5 };
    transfer(20);
    expect(choice.quality).toBe('lossless');
  });

  it('is small for a while after a segment came late, longer each time', () => {
    choice.late();
    nowMs = 59_000;
    choice.late();
    expect(choice.quality).toBe('small');
    nowMs = 61_000;
    expect(choice.quality).toBe('lossless');
    choice.late();
    nowMs += 119_000;
    expect(choice.quality).toBe('small');
    nowMs += 2_000;
    expect(choice.quality).toBe('lossless');
  });

  it('is what the browser decodes', () => {
    choice.available = ['lossless'];
    choice.setting = 'small';
    expect(choice.quality).toBe('lossless');
    choice.available = ['small'];
    choice.setting = 'auto';
    expect(choice.quality).toBe('small');
  });

  it('reads settings that an earlier version or a user stored', () => {
    expect(['lossless', 'small', 'auto', 'huge', null].map(qualitySetting)).toEqual([
      'lossless',
      'small',
      'auto',
      'auto',
      'auto',
    ]);
  });
});
