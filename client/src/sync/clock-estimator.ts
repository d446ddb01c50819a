/**
 * Estimates the server's clock from four-timestamp probes as in NTP. Pure: its only time is that of the probes.
 *
 * Queues only add delay, so the fastest outbound and the fastest inbound delays count, each separately: a probe that
 * was delayed one way may still be the best in the other. The true offset lies between the two, on a line whose slope
 * is the drift. All drifts on a grid are weighed: wrong ones leave less room between the fastest delays of two minutes.
 * (Delays are modelled as queueing delays, so a drift's likelihood is an exponential of that room.) With 20±10 ms each
 * way the offset is known to some tenths of a millisecond within seconds, where the probe with the shortest round trip
 * is wrong by milliseconds.
 *
 * Not covered: an asymmetric path. Any such estimate is wrong by half the asymmetry and cannot detect it;
 * `uncertainty_ms` bounds it.
 */

export interface Probe {
  /** Sent, our clock. */
  t0: number;
  /** Received and answered, the server's clock. */
  t1: number;
  t2: number;
  /** Answer received, our clock. */
  t3: number;
}

export interface ClockEstimate {
  /** Added to `performance.now()` it gives the server's time. */
  clock_offset_ms: number;
  /** How much faster the server's clock runs than ours, in ms per ms. */
  drift: number;
  /** One standard deviation of the offset, from delay variation only. */
  deviation_ms: number;
  /** Bound of the offset's error including path asymmetry: half the shortest round trip plus the deviation. */
  uncertainty_ms: number;
}

interface Sample {
  /** The server's clock minus ours if the outbound (or inbound) delay were zero: an upper and a lower bound. */
  there_ms: number;
  back_ms: number;
  at_ms: number;
}

/** An estimate for one moment. */
interface Known extends ClockEstimate {
  at_ms: number;
  drift_deviation: number;
}

/** Prior of the drift: scale of a Cauchy distribution, because some crystals are far off. */
interface Prior {
  drift: number;
  drift_deviation: number;
}

/** How long a fast delay counts: longer than a congestion, short enough to adapt to a longer path. */
const AGE_MS_MAX = 120_000;
const CRYSTALS: Prior = { drift: 0, drift_deviation: 4e-5 };
/** No working crystal is off by more. */
const DRIFT_MAX = 5e-4;
/** Each grid refines what the one before found likely. */
const GRIDS = 3;
const GRID_POINTS = 31;
const LIKELY_DEVIATIONS = 5;
/** Error of an undisturbed path: timer resolution, a busy main thread. */
const NOISE_MS = 0.1;
/** Only the fastest delays show the distribution where it matters. */
const FAST_SHARE = 0.25;
/** Fewer delays say nothing about the distribution. */
const SAMPLES_FEW = 4;
/** A probe that contradicts the estimate by more than its round trip and this proves that a clock has jumped. */
const JUMP_MS = 5;

export class ClockEstimator {
  #samples: Sample[] = [];
  /** Since the last jump. */
  #count = 0;
  #known: Known | null = null;
  #prior = CRYSTALS;

  get samples(): number {
    return this.#count;
  }

  /** Adds a probe. True when it proved that a clock has jumped, and the past was dropped. */
  add({ t0, t1, t2, t3 }: Probe): boolean {
    const sample = { there_ms: t1 - t0, back_ms: t2 - t3, at_ms: (t0 + t3) / 2 };
    const jumped = this.#provesJump(sample);
    if (jumped) {
      this.#samples = [];
      this.#count = 0;
      this.#prior = CRYSTALS;
    }
    this.#samples = this.#samples.filter(({ at_ms }) => sample.at_ms - at_ms < AGE_MS_MAX);
    this.#samples.push(sample);
    this.#count += 1;
    this.#known = weigh(this.#samples, sample.at_ms, this.#prior);
    return jumped;
  }

  /** The path to the server may have changed: old delays no longer count, the clocks do. */
  forgetPath(): void {
    if (this.#known !== null) this.#prior = this.#known;
    this.#samples = [];
  }

  /** `null` before the first probe. */
  estimateAt(localMs: number): ClockEstimate | null {
    if (this.#known === null) return null;
    const { at_ms, clock_offset_ms, drift, drift_deviation, deviation_ms, uncertainty_ms } = this.#known;
    const passedMs = localMs - at_ms;
    const strayedMs = drift_deviation * passedMs;
    return {
      clock_offset_ms: clock_offset_ms + drift * passedMs,
      drift,
      deviation_ms: Math.hypot(deviation_ms, strayedMs),
      uncertainty_ms: uncertainty_ms + 2 * Math.abs(strayedMs),
    };
  }

  /** Not even the whole round trip explains the difference: a sleep, or another server. */
  #provesJump({ there_ms, back_ms, at_ms }: Sample): boolean {
    const known = this.estimateAt(at_ms);
    if (known === null) return false;
    const allowedMs = known.uncertainty_ms + JUMP_MS;
    return known.clock_offset_ms > there_ms + allowedMs || known.clock_offset_ms < back_ms - allowedMs;
  }
}

/** The estimate at `atMs` from these bounds: the mean over all drifts, weighted by likelihood. */
function weigh(samples: readonly Sample[], atMs: number, prior: Prior): Known {
  const ages = samples.map(({ at_ms }) => at_ms - atMs);
  const count = samples.length;
  const meanAge = ages.reduce((sum, age) => sum + age, 0) / count;
  const there = lowerHull(samples.map(({ there_ms }, n) => ({ age: ages[n]!, ms: there_ms })));
  const back = lowerHull(samples.map(({ back_ms }, n) => ({ age: ages[n]!, ms: -back_ms })));
  let low = -DRIFT_MAX;
  let high = DRIFT_MAX;
  let known: Known | null = null;
  for (let grid = 0; grid < GRIDS; grid += 1) {
    const guess = known?.drift ?? prior.drift;
    const scales = scalesOf(samples, ages, guess, corridor(there, back, guess));
    const points = Array.from({ length: GRID_POINTS }, (_, n) => {
      const drift = low + ((high - low) * n) / (GRID_POINTS - 1);
      const { above, below } = corridor(there, back, drift);
      const fits =
        (count / scales.there) * (above + drift * meanAge) - (count / scales.back) * (below + drift * meanAge);
      const surprise = Math.log(1 + ((drift - prior.drift) / prior.drift_deviation) ** 2);
      return { drift, middle: (above + below) / 2, half: (above - below) / 2, weight: fits - surprise };
    });
    const best = Math.max(...points.map(({ weight }) => weight));
    for (const point of points) point.weight = Math.exp(point.weight - best);
    const total = points.reduce((sum, { weight }) => sum + weight, 0);
    const mean = (of: (point: (typeof points)[number]) => number) =>
      points.reduce((sum, point) => sum + point.weight * of(point), 0) / total;

    const drift = mean((point) => point.drift);
    const middle = mean((point) => point.middle);
    // On this grid, for a drift between two grid points.
    const drift_deviation = Math.max(
      Math.sqrt(mean((point) => (point.drift - drift) ** 2)),
      (high - low) / (GRID_POINTS - 1) / 2,
    );
    const edges = ((scales.there / count) ** 2 + (scales.back / count) ** 2) / 4;
    const deviation_ms = Math.sqrt(mean((point) => (point.middle - middle) ** 2) + edges + NOISE_MS ** 2);
    const uncertainty_ms =
      Math.max(
        mean((point) => point.half),
        0,
      ) +
      2 * deviation_ms;
    known = { at_ms: atMs, clock_offset_ms: middle, drift, drift_deviation, deviation_ms, uncertainty_ms };
    low = Math.max(-DRIFT_MAX, drift - LIKELY_DEVIATIONS * drift_deviation);
    high = Math.min(DRIFT_MAX, drift + LIKELY_DEVIATIONS * drift_deviation);
  }
  return known!;
}

interface Point {
  age: number;
  ms: number;
}

interface Corridor {
  above: number;
  below: number;
}

/** The bounds of the offset for one drift: the fastest delay each way. */
function corridor(there: readonly Point[], back: readonly Point[], drift: number): Corridor {
  let above = Number.POSITIVE_INFINITY;
  let below = Number.NEGATIVE_INFINITY;
  for (const { age, ms } of there) above = Math.min(above, ms - drift * age);
  for (const { age, ms } of back) below = Math.max(below, -ms - drift * age);
  return { above, below };
}

/**
 * The points that are lowest for some drift (lower hull by Andrew's monotone chain), in order of age: a few of
 * hundreds.
 */
function lowerHull(points: readonly Point[]): Point[] {
  const hull: Point[] = [];
  for (const point of points) {
    while (hull.length > 1 && !turnsUp(hull.at(-2)!, hull.at(-1)!, point)) hull.pop();
    hull.push(point);
  }
  return hull;
}

function turnsUp(a: Point, b: Point, c: Point): boolean {
  return (b.age - a.age) * (c.ms - a.ms) > (b.ms - a.ms) * (c.age - a.age);
}

/**
 * Mean excess over the fastest delay, if all delays were distributed as the fastest ones are. Slow ones, from a
 * congestion, do not count.
 */
function scalesOf(
  samples: readonly Sample[],
  ages: readonly number[],
  drift: number,
  { above, below }: Corridor,
): { there: number; back: number } {
  const scale = (slower: Float64Array) => {
    const place = Math.max(1, Math.floor(slower.length * FAST_SHARE));
    slower.sort();
    return Math.max((slower[place] ?? 0) / FAST_SHARE, NOISE_MS);
  };
  const few = samples.length < SAMPLES_FEW ? (above - below) / 2 : 0;
  return {
    there: Math.max(few, scale(Float64Array.from(samples, ({ there_ms }, n) => there_ms - drift * ages[n]! - above))),
    back: Math.max(few, scale(Float64Array.from(samples, ({ back_ms }, n) => below - back_ms + drift * ages[n]!))),
  };
}
