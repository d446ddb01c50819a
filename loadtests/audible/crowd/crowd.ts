import { monitorEventLoopDelay } from 'node:perf_hooks';
import { seeded } from '../../../client/src/testing/random.ts';
import type { Command } from '../../../protocol/typescript/protocol.ts';
import { nowMs } from '../apparatus/clock.ts';
import { load } from '../apparatus/machine.ts';
import { Member } from '../apparatus/member.ts';
import { between } from '../apparatus/path.ts';
import { CROWD_TITLES } from '../cells/library.ts';
import type { Crowd } from '../report/results.ts';
import { Auditor } from './auditor.ts';
import { Device, type Make } from './device.ts';

/**
 * Many devices in one room during a minute of track changes, seeks and pauses. Ten times a second, counts the devices at
 * the room's position. The devices are the client's own code in this process; the server is the real one.
 */

const LASTS_S = 60;
const LOOK_EVERY_MS = 100;
/** Time to join and synchronise all devices before the minute begins. */
const BEFORE_S = 10;
/** Including joining and leaving. */
export const CROWD_SECONDS = LASTS_S + BEFORE_S + 20;
const AT_ONCE = 20;
const NEARLY_ALL = 0.95;

/** Tracks last 20 s and advance by themselves between the actions. */
const ACTS: { at_s: number; what: string; command: Command }[] = [
  { at_s: 6, what: 'seek ahead', command: { name: 'seek', position_ms: 15_000 } },
  { at_s: 18, what: 'pause', command: { name: 'pause' } },
  { at_s: 20, what: 'play', command: { name: 'play' } },
  { at_s: 26, what: 'skip', command: { name: 'skip' } },
  { at_s: 34, what: 'seek back', command: { name: 'seek', position_ms: 1_000 } },
  { at_s: 39, what: 'pause', command: { name: 'pause' } },
  { at_s: 40, what: 'seek while paused', command: { name: 'seek', position_ms: 12_000 } },
  { at_s: 42, what: 'play', command: { name: 'play' } },
  { at_s: 54, what: 'seek back', command: { name: 'seek', position_ms: 2_000 } },
];

export async function measureCrowd(url: string, count: number, say: (line: string) => void): Promise<Crowd> {
  const began = load();
  const host = await Member.of(url, 'Host');
  const code = await host.createRoom('Crowd');
  await host.enter(code);
  const auditor = new Auditor(await Member.of(url, 'Auditor'));
  await auditor.enter(code);
  const devices = await crowd(url, code, count);
  say(`${count} devices are in the room.`);
  await host.enqueue(...CROWD_TITLES);

  const lag = monitorEventLoopDelay({ resolution: 10 });
  const moments: Crowd['moments'] = [];
  const acts: Crowd['acts'] = [];
  const startMs = nowMs() + BEFORE_S * 1000;
  await new Promise<void>((resolve) => {
    const looking = setInterval(() => {
      const at_s = (nowMs() - startMs) / 1000;
      if (at_s < 0) return;
      if (moments.length === 0) lag.enable();
      moments.push({ at_s, ...share(devices, auditor.positionMs()) });
      const act = ACTS[acts.length];
      if (act !== undefined && at_s >= act.at_s) {
        const done = { at_s, what: act.what, together_s: null };
        acts.push(done);
        // Reported as an action without an effect.
        host.does(act.command).catch((error: Error) => {
          done.what += ` (${error.message})`;
        });
      }
      if (at_s < LASTS_S) return;
      clearInterval(looking);
      resolve();
    }, LOOK_EVERY_MS);
  });
  lag.disable();

  for (const device of devices) device.leave();
  auditor.leave();
  host.leave();
  return {
    devices: count,
    seconds: LASTS_S,
    load: began,
    stood_still_ms: lag.max / 1e6,
    truth_ms: auditor.uncertaintyMs,
    moments,
    acts: acts.map((act, number) => ({ ...act, together_s: togetherAfter(moments, act.at_s, acts[number + 1]?.at_s) })),
  };
}

/** All read at the same moment as the expected position. */
function share(devices: readonly Device[], expectedMs: number | null): { within_5: number; within_30: number } {
  let [within5, within30] = [0, 0];
  for (const device of devices) {
    const heardMs = device.heardPositionMs();
    // When the room should be silent, a silent device is in sync.
    const lateMs = heardMs === null || expectedMs === null ? null : Math.abs(expectedMs - heardMs);
    const isRight = heardMs === null && expectedMs === null;
    if (isRight || (lateMs !== null && lateMs <= 5)) within5 += 1;
    if (isRight || (lateMs !== null && lateMs <= 30)) within30 += 1;
  }
  return { within_5: within5 / devices.length, within_30: within30 / devices.length };
}

/** From an action to the start of the first second in which nearly all devices are within 5 ms. */
function togetherAfter(moments: Crowd['moments'], atS: number, nextS = LASTS_S): number | null {
  const after = moments.filter(({ at_s }) => at_s > atS && at_s < nextS);
  const second = Math.round(1000 / LOOK_EVERY_MS);
  const first = after.findIndex((_, number) => {
    const next = after.slice(number, number + second);
    return next.length > 0 && next.every(({ within_5 }) => within_5 >= NEARLY_ALL);
  });
  return first < 0 ? null : after[first]!.at_s - atS;
}

async function crowd(url: string, code: string, count: number): Promise<Device[]> {
  const random = seeded(11);
  const devices: Device[] = [];
  while (devices.length < count) {
    const few = Math.min(AT_ONCE, count - devices.length);
    const fresh = await Promise.all(
      Array.from({ length: few }, async (_, number) => {
        const index = devices.length + number;
        const device = new Device(await Member.of(url, `Device ${index + 1}`), make(index, random));
        await device.enter(code);
        return device;
      }),
    );
    devices.push(...fresh);
  }
  return devices;
}

/** A third on cable, half on Wi-Fi, the rest on mobile networks, with varied clocks and sound cards. */
function make(index: number, random: () => number): Make {
  const kind = index % 6;
  const [low, high] = kind < 2 ? [0.2, 2] : kind < 5 ? [10, 30] : [30, 90];
  return {
    there: between(low!, high!, random),
    back: between(low!, high!, random),
    clockPpm: 200 * random() - 100,
    clockAheadMs: 1e7 * (random() - 0.5),
    cardPpm: 200 * random() - 100,
    latencyMs: 20 + 100 * random(),
    seed: index + 1,
  };
}
