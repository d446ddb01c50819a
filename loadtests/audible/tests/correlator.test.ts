import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeded } from '../../../client/src/testing/random.ts';
import { Correlator, type Window } from '../sound/correlator.ts';
import { Fft } from '../sound/fft.ts';
import { sampleAt, straightened } from '../sound/resample.ts';
import { gaps, onsetMs } from '../sound/silence.ts';
import { SAMPLE_RATE, testMusic } from '../sound/test-music.ts';

const EXACT_MS = 0.05;
const SECONDS = 4;
const music = testMusic(SECONDS + 1, 1);
const correlator = new Correlator(SAMPLE_RATE);

/** The music with an offset that may change. */
function heard(lateMs: (atMs: number) => number, more: (n: number) => number = () => 0): Float32Array {
  return Float32Array.from({ length: SECONDS * SAMPLE_RATE }, (_, n) => {
    const late = (lateMs((n * 1000) / SAMPLE_RATE) * SAMPLE_RATE) / 1000;
    return sampleAt(music, n - late) + more(n);
  });
}

const first = heard(() => 0);

function measured(second: Float32Array): Window[] {
  return correlator.windows(first, second, 0, SECONDS * 1000).map((window) => {
    assert.ok('offset_ms' in window, `heard at ${window.at_s} s`);
    return window;
  });
}

describe('the correlator', () => {
  for (const lateMs of [0, 0.1, -0.1, 1, -1, 17.6, -17.6, 200, -200]) {
    it(`finds an offset of ${lateMs} ms`, () => {
      const windows = measured(heard(() => lateMs)).slice(1, -1);
      assert.equal(windows.length, SECONDS - 2);
      for (const { offset_ms, confidence } of windows) {
        assert.ok(Math.abs(offset_ms - lateMs) <= EXACT_MS, `${offset_ms} for ${lateMs}`);
        assert.ok(confidence > 0.98, `confidence ${confidence}`);
      }
    });
  }

  it('finds the offset in noise as loud as the music, with less confidence', () => {
    const random = seeded(5);
    for (const { offset_ms, confidence } of measured(
      heard(
        () => 3.3,
        () => 0.2 * (random() - 0.5),
      ),
    )) {
      assert.ok(Math.abs(offset_ms - 3.3) <= EXACT_MS, `${offset_ms}`);
      assert.ok(confidence < 0.9 && confidence > 0.3, `confidence ${confidence}`);
    }
  });

  it('finds the mean offset during a drift of 100 ppm', () => {
    for (const { offset_ms, at_s } of measured(heard((atMs) => atMs * 1e-4))) {
      assert.ok(Math.abs(offset_ms - (at_s + 0.5) * 0.1) <= EXACT_MS, `${offset_ms} at ${at_s}`);
    }
  });

  it('follows a nudge at the highest rate that a client uses', () => {
    for (const { offset_ms, at_s, confidence } of measured(heard((atMs) => atMs * 3e-3))) {
      assert.ok(Math.abs(offset_ms - (at_s + 0.5) * 3) < 1.6, `${offset_ms} at ${at_s}`);
      assert.ok(confidence > 0.3, `confidence ${confidence}`);
    }
  });

  it('reports a silent channel', () => {
    const silent = new Float32Array(first.length);
    for (const [a, b] of [
      [first, silent],
      [silent, first],
    ] as const) {
      const windows = correlator.windows(a, b, 0, SECONDS * 1000);
      assert.deepEqual(
        windows.map((window) => 'why' in window && window.why),
        Array(SECONDS).fill('silent'),
      );
    }
  });

  it('reports channels that play different sounds', () => {
    const other = testMusic(SECONDS, 2);
    const windows = correlator.windows(first, other, 0, SECONDS * 1000);
    assert.ok(windows.every((window) => 'why' in window && window.why === 'unclear'));
  });
});

describe('resampling', () => {
  it('removes clock skew', () => {
    const bent = straightened(
      heard(() => 0),
      -100,
    );
    for (const { offset_ms } of measured(straightened(bent, 100))) {
      assert.ok(Math.abs(offset_ms) <= EXACT_MS, `${offset_ms}`);
    }
  });
});

describe('silence detection', () => {
  it('finds no silence in the test music', () => {
    assert.deepEqual(gaps(music, SAMPLE_RATE, 0, SECONDS * 1000, 1), []);
  });

  it('finds a gap with its start and length', () => {
    const holed = first.slice();
    holed.fill(0, 2 * SAMPLE_RATE, 2.02 * SAMPLE_RATE);
    holed.fill(0, 3 * SAMPLE_RATE, 3.002 * SAMPLE_RATE);
    const [gap, ...others] = gaps(holed, SAMPLE_RATE, 0, SECONDS * 1000);
    assert.equal(others.length, 0);
    assert.ok(Math.abs(gap!.at_s - 2) < 0.001 && Math.abs(gap!.length_ms - 20) < 1);
    assert.ok(Math.abs(onsetMs(holed, SAMPLE_RATE, 1_000, 4_000)! - 2_020) < 1);
    assert.equal(onsetMs(holed, SAMPLE_RATE, 2_500, 4_000), null);
  });
});

describe('the FFT', () => {
  it('matches the definition, and the inverse restores the input', () => {
    const random = seeded(3);
    const size = 64;
    const input = Float64Array.from({ length: size }, () => random() - 0.5);
    const [re, im] = [input.slice(), new Float64Array(size)];
    const fft = new Fft(size);
    fft.forward(re, im);
    for (const k of [0, 1, 7, 32, 63]) {
      const expected = input.reduce((sum, value, n) => sum + value * Math.cos((2 * Math.PI * k * n) / size), 0);
      assert.ok(Math.abs(re[k]! - expected) < 1e-12);
    }
    fft.inverse(re, im);
    assert.ok(input.every((value, n) => Math.abs(re[n]! - value) < 1e-12 && Math.abs(im[n]!) < 1e-12));
  });
});
