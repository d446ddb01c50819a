import { ClockEstimator } from '../sync/clock-estimator';
import { seeded } from './random';

/** A path to the server and a clock that is not the server's, on paper. All times in ms of the server's clock. */
export interface World {
  /** How long a frame takes at that moment, one way. */
  there: (atMs: number, random: () => number) => number;
  back: (atMs: number, random: () => number) => number;
  lostShare?: number;
  /** How much faster our clock runs. */
  ppm?: number;
  /** What our clock shows less than the server's at the start. */
  behindMs?: number;
  /** Our clock stands still, and so do we. */
  sleep?: { fromMs: number; forMs: number };
  lastsMs?: number;
  seed?: number;
}

export interface Estimated {
  atMs: number;
  /** What the estimate is wrong by. */
  errorMs: number;
  deviationMs: number;
  uncertaintyMs: number;
}

const BURST_PROBES = 8;
const BURST_EVERY_MS = 10_000;
const LOST_AFTER_MS = 2_000;
const LOOK_EVERY_MS = 500;

/** Our clock in that world. */
export function clockOf({ ppm = 0, behindMs = 0, sleep }: World): (atMs: number) => number {
  return (atMs) => {
    const asleepMs = sleep === undefined ? 0 : Math.min(Math.max(atMs - sleep.fromMs, 0), sleep.forMs);
    return (atMs - asleepMs) * (1 + ppm / 1e6) - behindMs;
  };
}

/** Probes as the client does, in bursts of serial ones, and looks all the time how right the estimate is. */
export function estimateIn(world: World): Estimated[] {
  const random = seeded(world.seed ?? 1);
  const local = clockOf(world);
  const estimator = new ClockEstimator();
  const looked: Estimated[] = [];
  let nextLookMs = 0;
  const lookUntil = (atMs: number) => {
    for (; nextLookMs < atMs; nextLookMs += LOOK_EVERY_MS) {
      if (isAsleep(world, nextLookMs)) continue;
      const estimate = estimator.estimateAt(local(nextLookMs));
      if (estimate === null) continue;
      const errorMs = local(nextLookMs) + estimate.clock_offset_ms - nextLookMs;
      looked.push({
        atMs: nextLookMs,
        errorMs,
        deviationMs: estimate.deviation_ms,
        uncertaintyMs: estimate.uncertainty_ms,
      });
    }
  };
  const lastsMs = world.lastsMs ?? 300_000;
  for (let burstMs = 0; burstMs < lastsMs; burstMs += BURST_EVERY_MS) {
    let atMs = wakeAfter(world, burstMs);
    for (let count = 0; count < BURST_PROBES; count += 1) {
      const sentMs = atMs;
      const lost = random() < (world.lostShare ?? 0);
      const arrivedMs = sentMs + world.there(sentMs, random);
      const answeredMs = arrivedMs + 0.05;
      const receivedMs = answeredMs + world.back(answeredMs, random);
      const overslept = isAsleep(world, receivedMs) || isAsleep(world, sentMs);
      atMs = lost || overslept ? wakeAfter(world, sentMs + LOST_AFTER_MS) : receivedMs;
      lookUntil(atMs);
      if (lost || overslept) continue;
      estimator.add({ t0: local(sentMs), t1: arrivedMs, t2: answeredMs, t3: local(receivedMs) });
    }
    lookUntil(burstMs + BURST_EVERY_MS);
  }
  return looked;
}

function isAsleep({ sleep }: World, atMs: number): boolean {
  return sleep !== undefined && atMs >= sleep.fromMs && atMs < sleep.fromMs + sleep.forMs;
}

/** A machine that wakes probes at once. */
function wakeAfter(world: World, atMs: number): number {
  return isAsleep(world, atMs) ? world.sleep!.fromMs + world.sleep!.forMs : atMs;
}

/** Between `low` and `high`, each as likely. */
export const between =
  (low: number, high: number) =>
  (_: number, random: () => number): number =>
    low + (high - low) * random();

/** At least `low`, and now and then much more: a queue somewhere. */
export const queueing =
  (low: number, mean: number) =>
  (_: number, random: () => number): number =>
    low - mean * Math.log(1 - random());
