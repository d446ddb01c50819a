import { ClockEstimator } from '../sync/clock-estimator';
import { seeded } from './random';

/** A simulated path to the server and a local clock. All times in ms of the server's clock. */
export interface World {
  /** One-way delay of a frame at that moment. */
  there: (atMs: number, random: () => number) => number;
  back: (atMs: number, random: () => number) => number;
  lostShare?: number;
  /** How much faster the local clock runs. */
  ppm?: number;
  /** How much the local clock shows less than the server's at the start. */
  behindMs?: number;
  /** The machine sleeps: its clock stands still. */
  sleep?: { fromMs: number; forMs: number };
  lastsMs?: number;
  seed?: number;
}

export interface Estimated {
  atMs: number;
  /** Error of the estimate. */
  errorMs: number;
  deviationMs: number;
  uncertaintyMs: number;
}

const BURST_PROBES = 8;
const BURST_EVERY_MS = 10_000;
const LOST_AFTER_MS = 2_000;
const LOOK_EVERY_MS = 500;

/** The local clock in that world. */
export function clockOf({ ppm = 0, behindMs = 0, sleep }: World): (atMs: number) => number {
  return (atMs) => {
    const asleepMs = sleep === undefined ? 0 : Math.min(Math.max(atMs - sleep.fromMs, 0), sleep.forMs);
    return (atMs - asleepMs) * (1 + ppm / 1e6) - behindMs;
  };
}

/** Probes as the client does, in serial bursts, and records the estimate's error continuously. */
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

/** A machine that probes at once after waking up. */
function wakeAfter(world: World, atMs: number): number {
  return isAsleep(world, atMs) ? world.sleep!.fromMs + world.sleep!.forMs : atMs;
}

/** Uniformly between `low` and `high`. */
export const between =
  (low: number, high: number) =>
  (_: number, random: () => number): number =>
    low + (high - low) * random();

/** At least `low`, and now and then much more, as behind a queue. */
export const queueing =
  (low: number, mean: number) =>
  (_: number, random: () => number): number =>
    low - mean * Math.log(1 - random());
