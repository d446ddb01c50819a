import { median, spread } from '../util/numbers';
import { Fft } from './fft';

/**
 * Measures how much later one device is heard than another, from one recording of both. Pure.
 *
 * The microphone's latency is unknown, so a device cannot measure itself alone. Two devices that sweep in turns, at
 * known instants of the server's clock, share that latency: it cancels out, and the difference is what a listener would
 * notice. The reference device sweeps up, the calibrated one down, so they cannot be mistaken for each other however
 * late one is. A matched filter finds them below the noise level; of echoes, the first arrival counts.
 */

export type Sweep = 'up' | 'down';

/** A range that phone loudspeakers and headset microphones both cover. */
const LOW_HZ = 1_200;
const HIGH_HZ = 6_000;
const SWEEP_S = 0.2;

/** Period of each sweep; the calibrated device sweeps halfway between two sweeps of the reference. */
export const CHIRP_EVERY_MS = 3_000;
export const CHIRP_SLOT_MS: Record<Sweep, number> = { up: 0, down: CHIRP_EVERY_MS / 2 };

/** Peak over median that a filter reaches in pure noise is 4. */
const HEARD_ABOVE = 8;
/** Largest cross-talk of one sweep in the other's filter, relative to its peak. */
const LEAK_SHARE = 0.12;
/** An echo can be louder than the first arrival, by up to this factor and within this time. */
const ECHO_SHARE = 0.4;
const ECHO_S = 0.04;
/** Turns that must be heard of each device. */
const HEARD_MIN = 3;
/** Turns that differ by more than this were disturbed. */
const SPREAD_MS_MAX = 5;
/** Beyond this, late and early are ambiguous. */
const OFFSET_MS_MAX = CHIRP_EVERY_MS / 2 - 250;
/** Uncertainty from unequal distances to the microphone: one foot is one millisecond. */
const DISTANCE_MS = 1;
const BLOCK = 32_768;

export type Comparison =
  | {
      /** How much later the device that sweeps down is heard than it should be. */
      offset_ms: number;
      /** One standard deviation. */
      error_ms: number;
      heard: number;
    }
  /** Not heard well enough, or the turns disagree. */
  | { problem: Sweep | 'unsteady' };

/** The samples of one sweep at full level. */
export function chirp(sweep: Sweep, sampleRate: number): Float32Array<ArrayBuffer> {
  return swept(sweep, sampleRate, 0);
}

/** Compares both devices in a recording that contains several turns of each. */
export function compareRecordings(recording: Float32Array, sampleRate: number): Comparison {
  const [ups, downs] = envelopes(recording, ['up', 'down'], sampleRate);
  const up = arrivals(ups!, downs!, sampleRate);
  const down = arrivals(downs!, ups!, sampleRate);
  if (up.length < HEARD_MIN) return { problem: 'up' };
  if (down.length < HEARD_MIN) return { problem: 'down' };
  const differences = down.map((arrival) => differenceMs(arrival, up));
  const around = centred(differences);
  const offset_ms = median(around);
  const apart = spread(around);
  if (apart > SPREAD_MS_MAX || Math.abs(offset_ms) > OFFSET_MS_MAX) return { problem: 'unsteady' };
  const chance = (1.2533 * apart) / Math.sqrt(around.length);
  return { offset_ms, error_ms: Math.hypot(chance, DISTANCE_MS), heard: Math.min(up.length, down.length) };
}

function swept(sweep: Sweep, sampleRate: number, phase: number): Float32Array<ArrayBuffer> {
  const length = Math.round(SWEEP_S * sampleRate);
  const [from, to] = sweep === 'up' ? [LOW_HZ, HIGH_HZ] : [HIGH_HZ, LOW_HZ];
  return new Float32Array(length).map((_, index) => {
    const s = index / sampleRate;
    const turns = from * s + ((to - from) * s * s) / (2 * SWEEP_S);
    // Windowed: without edges the correlation has no side peaks that look like arrivals.
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 0.5)) / length);
    return window * Math.cos(2 * Math.PI * turns - phase);
  });
}

/** Correlation of each sweep with the recording at every sample, regardless of phase. */
function envelopes(recording: Float32Array, sweeps: Sweep[], sampleRate: number): Float32Array[] {
  const fft = new Fft(BLOCK);
  const filters = sweeps.map((sweep) => {
    const [re, im] = [0, Math.PI / 2].map((phase) => {
      const padded = new Float64Array(BLOCK);
      padded.set(swept(sweep, sampleRate, phase));
      return padded;
    });
    fft.forward(re!, im!);
    return { re: re!, im: im! };
  });
  const hop = BLOCK - Math.round(SWEEP_S * sampleRate) + 1;
  const found = sweeps.map(() => new Float32Array(recording.length));
  for (let start = 0; start < recording.length; start += hop) {
    const re = new Float64Array(BLOCK);
    re.set(recording.subarray(start, start + BLOCK));
    const im = new Float64Array(BLOCK);
    fft.forward(re, im);
    for (const [place, filter] of filters.entries()) {
      const [real, imaginary] = [new Float64Array(BLOCK), new Float64Array(BLOCK)];
      for (let bin = 0; bin < BLOCK; bin += 1) {
        real[bin] = re[bin]! * filter.re[bin]! + im[bin]! * filter.im[bin]!;
        imaginary[bin] = im[bin]! * filter.re[bin]! - re[bin]! * filter.im[bin]!;
      }
      fft.backward(real, imaginary);
      const length = Math.min(hop, recording.length - start);
      for (let index = 0; index < length; index += 1) {
        found[place]![start + index] = Math.hypot(real[index]!, imaginary[index]!);
      }
    }
  }
  return found;
}

/** Arrival times of a sweep in ms of the recording, one per turn. */
function arrivals(found: Float32Array, other: Float32Array, sampleRate: number): number[] {
  const turn = Math.round((CHIRP_EVERY_MS / 1000) * sampleRate);
  const envelope = withoutLeaks(found, other, Math.round(SWEEP_S * sampleRate));
  const strongest = peakIn(envelope, 0, envelope.length);
  const first = (strongest % turn) - turn;
  const heard: number[] = [];
  for (let middle = first; middle < envelope.length + turn; middle += turn) {
    const from = Math.max(0, middle - (turn >> 1));
    const until = Math.min(envelope.length, middle + (turn >> 1));
    if (until - from < turn / 4) continue;
    const noise = median(every(found, from, until, 64));
    const peak = peakIn(envelope, from, until);
    if (envelope[peak]! < HEARD_ABOVE * noise || envelope[peak] === 0) continue;
    heard.push((1000 * refined(envelope, firstWay(envelope, peak, sampleRate, from))) / sampleRate);
  }
  return heard;
}

/** Removes the cross-talk of the other sweep, which may be louder. */
function withoutLeaks(envelope: Float32Array, other: Float32Array, length: number): Float32Array {
  const block = Math.ceil(length / 32);
  const peaks: number[] = [];
  for (let start = 0; start < other.length; start += block) {
    peaks.push(other[peakIn(other, start, Math.min(start + block, other.length))]!);
  }
  const around = peaks.map((_, place) => Math.max(...peaks.slice(Math.max(0, place - 33), place + 34)));
  return envelope.map((value, index) => (value < LEAK_SHARE * around[Math.floor(index / block)]! ? 0 : value));
}

function peakIn(envelope: Float32Array, from: number, until: number): number {
  let peak = from;
  for (let index = from; index < until; index += 1) if (envelope[index]! > envelope[peak]!) peak = index;
  return peak;
}

/**
 * The first peak that reaches a good share of the strongest: echoes come later, but through a wall they may be louder.
 */
function firstWay(envelope: Float32Array, peak: number, sampleRate: number, from: number): number {
  const enough = ECHO_SHARE * envelope[peak]!;
  for (let index = Math.max(from + 1, peak - Math.round(ECHO_S * sampleRate)); index < peak; index += 1) {
    const here = envelope[index]!;
    if (here >= enough && here >= envelope[index - 1]! && here >= envelope[index + 1]!) return index;
  }
  return peak;
}

/** Interpolates between samples with a parabola through the three highest. */
function refined(envelope: Float32Array, peak: number): number {
  const [before, at, after] = [envelope[peak - 1] ?? 0, envelope[peak]!, envelope[peak + 1] ?? 0];
  const bend = before - 2 * at + after;
  return bend === 0 ? peak : peak + (before - after) / (2 * bend);
}

function every(values: Float32Array, from: number, until: number, step: number): number[] {
  const some: number[] = [];
  for (let index = from; index < until; index += step) some.push(values[index]!);
  return some;
}

/** Uses the reference's turns on both sides, where there are two, so that the recording clock's rate cancels out. */
function differenceMs(arrival: number, others: readonly number[]): number {
  const before = others.findLast((other) => other <= arrival);
  const after = others.find((other) => other > arrival);
  const known = [before, after].filter((other) => other !== undefined);
  const late = known.map((other) => wrapped(arrival - other - CHIRP_SLOT_MS.down));
  return late.length === 2 && Math.abs(late[0]! - late[1]!) < SPREAD_MS_MAX
    ? (late[0]! + late[1]!) / 2
    : late.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a));
}

/** Circular values relative to the first: half a period late equals half a period early. */
function centred(values: readonly number[]): number[] {
  const [first] = values;
  return values.map((value) => first! + wrapped(value - first!));
}

function wrapped(ms: number): number {
  return ms - CHIRP_EVERY_MS * Math.round(ms / CHIRP_EVERY_MS);
}
