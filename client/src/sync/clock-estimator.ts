/**
 * The server's clock as seen from here, from probes with four timestamps as in NTP. Pure: the only time that it knows is
 * that of the probes.
 *
 * Delay only ever adds. So of the ways there the fastest count, and of the ways back the fastest, each for itself: a
 * probe that waited on one way may still be the best there is on the other. Between the two lies the truth, on a line, as
 * one crystal is faster than the other. All drifts are weighed, on a grid: the wrong ones leave less room between the
 * fastest ways there and the fastest ways back of two minutes. (Delays are taken to be distributed as behind a queue, so
 * the likelihood of a drift is an exponential of that room.) With 20±10 ms each way this finds the offset to some tenths
 * of a millisecond within seconds, where the probe with the shortest round trip is wrong by milliseconds.
 *
 * Not in it: an asymmetric path. By half of what its two ways differ every such estimate is wrong, and cannot tell;
 * `uncertainty_ms` says by how much.
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

/** An estimate for one moment. */
interface Known extends ClockEstimate {
  at_ms: number;
  drift_deviation: number;
}

/** What drift is likely before any probe says so: the scale of a Cauchy distribution, for some crystals are far off. */
interface Prior {
  drift: number;
  drift_deviation: number;
}

/** How long a fast way counts: longer than a congestion, short enough to be content one day with a longer path. */
const AGE_MS_MAX = 120_000;
const CRYSTALS: Prior = { drift: 0, drift_deviation: 4e-5 };
/** No crystal that anything works with is off by more. */
const DRIFT_MAX = 5e-4;
/** Each further grid covers what the one before left likely. */
const GRIDS = 3;
const GRID_POINTS = 31;
const LIKELY_DEVIATIONS = 5;
/** What even an undisturbed path is wrong by: timer resolution, a busy main thread. */
const NOISE_MS = 0.1;
/** Only the fastest tell how delays are distributed where it matters. */
const FAST_SHARE = 0.25;
/** Fewer tell nothing of that. */
const SAMPLES_FEW = 4;
/** A probe that contradicts by more than its whole way and this much proves that a clock has jumped. */
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

  /** Takes a probe in. True when it proved that a clock has jumped, and the past was forgotten. */
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

  /** Another path to the server, perhaps a longer one: what was known of the old one does not hold, the clocks do. */
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

  /** Not even the whole way explains the difference: a sleep, or another server. */
  #provesJump({ there_ms, back_ms, at_ms }: Sample): boolean {
    const known = this.estimateAt(at_ms);
    if (known === null) return false;
    const allowedMs = known.uncertainty_ms + JUMP_MS;
    return known.clock_offset_ms > there_ms + allowedMs || known.clock_offset_ms < back_ms - allowedMs;
  }
}

/** What these say about the moment `atMs`: the mean over all drifts, each counting as much as it is likely. */
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
    // On the grid that is a drift between two points.
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

/** Between which offsets the truth lies if the drift is this: the fastest way there, and the fastest way back. */
function corridor(there: readonly Point[], back: readonly Point[], drift: number): Corridor {
  let above = Number.POSITIVE_INFINITY;
  let below = Number.NEGATIVE_INFINITY;
  for (const { age, ms } of there) above = Math.min(above, ms - drift * age);
  for (const { age, ms } of back) below = Math.max(below, -ms - drift * age);
  return { above, below };
}

/** Of points in order of age those that are the lowest for some drift (Andrew's monotone chain): a few of hundreds. */
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
 * How much longer than the fastest a way takes, on average, were all delays distributed as the fastest ones are. The
 * slow ones, of another congestion, have no say.
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
