import { describe, expect, it } from 'vitest';
import { seeded } from '../testing/random';
import { CHIRP_EVERY_MS, CHIRP_SLOT_MS, type Comparison, chirp, compareRecordings, type Sweep } from './chirp';

interface Heard {
  sweep: Sweep;
  lateMs: number;
  level?: number;
  /** The same signal again, delayed and attenuated. */
  echo?: { afterMs: number; share: number };
  /** Turns with a disturbance. */
  missing?: number[];
}

interface RoomOptions {
  seconds?: number;
  sampleRate?: number;
  noise?: number;
  /** Drift of the microphone's clock. */
  ppm?: number;
  seed?: number;
}

const FINE = 16;
const made = new Map<string, Float32Array>();

/** Rendered at many times the sample rate, so that delays of a fraction of a sample are whole samples. */
function fineChirp(sweep: Sweep, sampleRate: number): Float32Array {
  const key = `${sweep} ${sampleRate}`;
  const known = made.get(key) ?? chirp(sweep, sampleRate * FINE);
  made.set(key, known);
  return known;
}

/** A microphone recording of devices that sweep in turns, delayed by fractions of a sample. */
function recorded(devices: Heard[], options: RoomOptions = {}): { recording: Float32Array; sampleRate: number } {
  const { seconds = 11, sampleRate = 24_000, noise = 0.002, ppm = 0, seed = 1 } = options;
  const random = seeded(seed);
  const recording = new Float32Array(seconds * sampleRate).map(() => noise * (2 * random() - 1));
  // The start of the recording and the microphone's latency are unknown.
  const startMs = 1_234.567;
  const add = (atMs: number, sweep: Sweep, level: number) => {
    const start = (atMs / 1000) * sampleRate * (1 + ppm / 1e6);
    const whole = Math.floor(start);
    const fine = fineChirp(sweep, sampleRate);
    const shift = Math.round((start - whole) * FINE);
    for (let index = 0; index < fine.length / FINE; index += 1) {
      const place = whole + index;
      const sample = fine[index * FINE - shift];
      if (place >= 0 && place < recording.length && sample !== undefined) recording[place]! += level * sample;
    }
  };
  for (const { sweep, lateMs, level = 0.2, echo, missing = [] } of devices) {
    for (let turn = 0; turn * CHIRP_EVERY_MS < seconds * 1000 + CHIRP_EVERY_MS; turn += 1) {
      if (missing.includes(turn)) continue;
      const atMs = turn * CHIRP_EVERY_MS + CHIRP_SLOT_MS[sweep] + lateMs - startMs;
      add(atMs, sweep, level);
      if (echo !== undefined) add(atMs + echo.afterMs, sweep, level * echo.share);
    }
  }
  return { recording, sampleRate };
}

function offsetOf(found: Comparison): number {
  if ('problem' in found) throw new Error(`not heard: ${found.problem}`);
  return found.offset_ms;
}
const heard = (devices: Heard[], options?: RoomOptions) => {
  const { recording, sampleRate } = recorded(devices, options);
  return compareRecordings(recording, sampleRate);
};

// Filtering seconds of audio takes a while on a loaded machine.
describe('comparing two devices with one microphone', { timeout: 30_000 }, () => {
  it.each([-400, -17.5, -0.3, 0, 0.2, 31.7, 180, 900])('measures %f ms to a twentieth of a millisecond', (lateMs) => {
    const found = heard([
      { sweep: 'up', lateMs: 0 },
      { sweep: 'down', lateMs },
    ]);
    expect(Math.abs(offsetOf(found) - lateMs)).toBeLessThan(0.05);
  });

  it('is not affected by latency that is common to both', () => {
    const found = heard([
      { sweep: 'up', lateMs: 212.3 },
      { sweep: 'down', lateMs: 236.8 },
    ]);
    expect(Math.abs(offsetOf(found) - 24.5)).toBeLessThan(0.05);
  });

  it('detects sweeps below the noise level', () => {
    const found = heard(
      [
        { sweep: 'up', lateMs: 0, level: 0.02 },
        { sweep: 'down', lateMs: 45.6, level: 0.5 },
      ],
      { noise: 0.06 },
    );
    expect(Math.abs(offsetOf(found) - 45.6)).toBeLessThan(0.3);
  });

  it('uses the first arrival, even if an echo is louder', () => {
    const found = heard([
      { sweep: 'up', lateMs: 0, echo: { afterMs: 7, share: 0.9 } },
      { sweep: 'down', lateMs: 20, echo: { afterMs: 11, share: 1.4 } },
    ]);
    expect(Math.abs(offsetOf(found) - 20)).toBeLessThan(0.2);
  });

  it('works at a headset’s sample rate, and with clock drift', () => {
    const found = heard(
      [
        { sweep: 'up', lateMs: 3 },
        { sweep: 'down', lateMs: 40.25 },
      ],
      { sampleRate: 16_000, ppm: 300 },
    );
    expect(Math.abs(offsetOf(found) - 37.25)).toBeLessThan(0.1);
  });

  it('tolerates missing turns', () => {
    const found = heard([
      { sweep: 'up', lateMs: 0, missing: [2] },
      { sweep: 'down', lateMs: -12, missing: [3] },
    ]);
    expect(Math.abs(offsetOf(found) + 12)).toBeLessThan(0.05);
  });

  it('states its uncertainty and its number of turns', () => {
    const found = heard([
      { sweep: 'up', lateMs: 0 },
      { sweep: 'down', lateMs: 5 },
    ]);
    expect(found).toMatchObject({ heard: 4 });
    // The difference in distance to the microphone cannot be told from latency.
    expect('error_ms' in found && found.error_ms).toBeGreaterThan(0.9);
    expect('error_ms' in found && found.error_ms).toBeLessThan(2);
  });

  it('says which device is not heard', () => {
    expect(heard([{ sweep: 'down', lateMs: 5 }])).toEqual({ problem: 'up' });
    expect(heard([{ sweep: 'up', lateMs: 5 }])).toEqual({ problem: 'down' });
    expect(heard([])).toEqual({ problem: 'up' });
    expect(compareRecordings(new Float32Array(48_000 * 12), 48_000)).toEqual({ problem: 'up' });
    expect(compareRecordings(new Float32Array(0), 48_000)).toEqual({ problem: 'up' });
  });

  it('does not confuse devices that sweep the same way', () => {
    const found = heard([
      { sweep: 'up', lateMs: 0 },
      { sweep: 'up', lateMs: CHIRP_SLOT_MS.down + 20, level: 0.4 },
    ]);
    expect(found).toEqual({ problem: 'down' });
  });

  it('does not average inconsistent turns', () => {
    const { recording, sampleRate } = recorded([{ sweep: 'up', lateMs: 0 }]);
    for (const lateMs of [0, 90, 30, 150, 60]) {
      const turn = [0, 90, 30, 150, 60].indexOf(lateMs);
      const others = [0, 1, 2, 3, 4, 5].filter((other) => other !== turn);
      const one = recorded([{ sweep: 'down', lateMs, missing: others }], { noise: 0 });
      for (const [index, sample] of one.recording.entries()) recording[index]! += sample;
    }
    expect(compareRecordings(recording, sampleRate)).toEqual({ problem: 'unsteady' });
  });
});
