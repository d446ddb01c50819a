import { OffsetFilter } from './offset-filter';

/**
 * The server's clock as seen from here, from probes with four timestamps as in NTP. Pure: the only time that it knows is
 * that of the probes.
 *
 * Delay only ever adds. So of the ways there the fastest counts, and of the ways back the fastest, each for itself: a
 * probe that waited on one way may still be the best there is on the other, and the two need not be the same probe. With
 * jitter of 100 ms this finds the offset several times more closely than whole probes with a short round trip do.
 * What a minute or two of probes says, one burst after the other, goes through a Kalman filter over offset and drift,
 * which knows what changes slowly. Not in it: an asymmetric path. By half of what its two ways differ every such
 * estimate is wrong, and cannot tell; `uncertainty_ms` says by how much.
 */

export interface Probe {
  /** Sent, our clock. */
  t0: number;
  /** Arrived and answered, the server's clock. */
  t1: number;
  t2: number;
  /** Answer received, our clock. */
  t3: number;
}

export interface ClockEstimate {
  /** Add it to `performance.now()` for the server's time. */
  clock_offset_ms: number;
  /** How much faster the server's clock runs than ours, in ms per ms. */
  drift: number;
  /** One standard deviation of the offset, as far as chance on the way explains it. */
  deviation_ms: number;
  /** What the offset may be wrong by at most, the asymmetry of the path included: half the shortest way and chance. */
  uncertainty_ms: number;
}

interface Sample {
  /** The server's clock less ours, as if the way there, or the way back, took no time: too much, and too little. */
  there_ms: number;
  back_ms: number;
  at_ms: number;
}

/** Probes further apart than this belong to two bursts. */
const BURST_GAP_MS = 4_000;
const BURST_MAX = 8;
/** How long a fast way counts: longer than a congestion, short enough to be content one day with a longer path. */
const AGE_MS_MAX = 120_000;
/** What even an undisturbed burst is wrong by: timer resolution, a busy main thread. */
const NOISE_MS = 0.3;
/** A probe that contradicts by more than its whole way and this much proves that a clock has jumped. */
const JUMP_MS = 5;

export class ClockEstimator {
  #samples: Sample[] = [];
  /** Since the last jump. */
  #count = 0;
  #inBurst = 0;
  #filter: OffsetFilter | null = null;

  get samples(): number {
    return this.#count;
  }

  /** Takes a probe in. True when it proved that a clock has jumped, and the past was forgotten. */
  add({ t0, t1, t2, t3 }: Probe): boolean {
    const sample = { there_ms: t1 - t0, back_ms: t2 - t3, at_ms: (t0 + t3) / 2 };
    if (this.#inBurst > 0 && sample.at_ms - this.#samples.at(-1)!.at_ms > BURST_GAP_MS) this.closeBurst();
    const jumped = this.#provesJump(sample);
    if (jumped) this.#forget();
    this.#samples = this.#samples.filter(({ at_ms }) => sample.at_ms - at_ms < AGE_MS_MAX);
    this.#samples.push(sample);
    this.#count += 1;
    this.#inBurst += 1;
    if (this.#inBurst >= BURST_MAX) this.closeBurst();
    return jumped;
  }

  /** No more probes come for now: what there is counts. */
  closeBurst(): void {
    if (this.#inBurst > 0) this.#filter = this.#learned();
    this.#inBurst = 0;
  }

  /** Another path to the server, perhaps a longer one: what was known of the old one does not hold, the clocks do. */
  forgetPath(): void {
    this.closeBurst();
    if (this.#filter !== null && this.#samples.length > 0) {
      const known = this.estimateAt(this.#samples.at(-1)!.at_ms)!;
      this.#filter.doubt(known.uncertainty_ms ** 2);
    }
    this.#samples = [];
  }

  /** `null` before the first probe. A burst that is still under way counts already. */
  estimateAt(localMs: number): ClockEstimate | null {
    const filter = this.#inBurst === 0 ? this.#filter : this.#learned();
    if (filter === null) return null;
    const { offset, drift, deviation, drift_deviation } = filter.at(localMs);
    if (this.#samples.length === 0) {
      return { clock_offset_ms: offset, drift, deviation_ms: deviation, uncertainty_ms: 2 * deviation };
    }
    const { middle_ms, half_ms, variance } = corridor(this.#samples, localMs, drift, drift_deviation);
    const deviation_ms = Math.sqrt(variance);
    return { clock_offset_ms: middle_ms, drift, deviation_ms, uncertainty_ms: Math.max(half_ms, 0) + 2 * deviation_ms };
  }

  /** The filter as it is when it has taken in what this burst says. */
  #learned(): OffsetFilter {
    const burst = this.#samples.slice(-this.#inBurst);
    const atMs = burst.at(-1)!.at_ms;
    const filter = this.#filter?.copy();
    const { middle_ms, variance } = corridor(burst, atMs, filter?.at(atMs).drift ?? 0, 0);
    if (filter === undefined) return new OffsetFilter(atMs, middle_ms, variance);
    filter.take(atMs, middle_ms, variance);
    return filter;
  }

  /** Not even the whole way explains the difference: a sleep, or another server. */
  #provesJump({ there_ms, back_ms, at_ms }: Sample): boolean {
    const known = this.estimateAt(at_ms);
    if (known === null) return false;
    const allowedMs = known.uncertainty_ms + JUMP_MS;
    return known.clock_offset_ms > there_ms + allowedMs || known.clock_offset_ms < back_ms - allowedMs;
  }

  #forget(): void {
    this.#samples = [];
    this.#count = 0;
    this.#inBurst = 0;
    this.#filter = null;
  }
}

/**
 * Between which offsets the truth lies at that moment, by the fastest way there and the fastest way back, and how
 * closely that is known. The older a probe, the less it says, by what is not known of the drift. And by as much as the
 * next fastest were slower, the fastest were probably slow as well.
 */
function corridor(
  samples: readonly Sample[],
  atMs: number,
  drift: number,
  driftDeviation: number,
): { middle_ms: number; half_ms: number; variance: number } {
  const above: number[] = [];
  const below: number[] = [];
  for (const { there_ms, back_ms, at_ms } of samples) {
    const ageMs = atMs - at_ms;
    above.push(there_ms + drift * ageMs + driftDeviation * Math.abs(ageMs));
    below.push(back_ms + drift * ageMs - driftDeviation * Math.abs(ageMs));
  }
  above.sort((a, b) => a - b);
  below.sort((a, b) => b - a);
  const half_ms = (above[0]! - below[0]!) / 2;
  const third = Math.min(2, samples.length - 1);
  const slack = samples.length < 3 ? half_ms : 0;
  const slackAbove = above[third]! - above[0]! + slack;
  const slackBelow = below[0]! - below[third]! + slack;
  return {
    middle_ms: (above[0]! + below[0]!) / 2,
    half_ms,
    variance: (slackAbove ** 2 + slackBelow ** 2) / 8 + NOISE_MS ** 2,
  };
}
