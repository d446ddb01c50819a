import type { Room } from '$protocol';
import { FilePlayer } from '../providers/files/file-player';
import { QualityChoice } from '../providers/files/quality-choice';
import { SEGMENT_RATE_HZ } from '../providers/files/segments';
import { ServerClock } from '../sync/clock';
import { positionAt } from '../sync/timeline';
import { fakeDecoded, fakeFetched } from './fake-audio';
import { clockOf, type World } from './probing';
import { seeded } from './random';
import { SoundCard, type SoundCardOptions } from './sound-card';

/**
 * A device in a simulated world: its own clock, its own sound card, and a path to the server. Under fake timers,
 * `performance.now()` is the server's clock, which the device only estimates.
 */
export class Listener {
  readonly card: SoundCard;
  readonly player: FilePlayer;
  readonly clock: ServerClock;
  calibrationMs = 0;
  #room: Room | null = null;

  constructor(world: World, card: SoundCardOptions = {}, durationS = 600) {
    const random = seeded(world.seed ?? 1);
    const trueMs = () => performance.now();
    const local = clockOf(world);
    const localMs = () => local(trueMs());
    const { sleep } = world;
    const isAsleep = () => sleep !== undefined && trueMs() >= sleep.fromMs && trueMs() < sleep.fromMs + sleep.forMs;
    const dropOuts = [...(card.dropOuts ?? []), ...(sleep === undefined ? [] : [sleep])];
    this.card = new SoundCard(trueMs, local, { ...card, dropOuts });
    this.clock = new ServerClock(
      (t0) => {
        if (isAsleep() || random() < (world.lostShare ?? 0)) return true;
        setTimeout(
          () => {
            const t1 = trueMs();
            setTimeout(
              () => {
                if (!isAsleep()) this.clock.answered({ t0, t1, t2: t1 });
              },
              world.back(t1, random),
            );
          },
          world.there(trueMs(), random),
        );
        return true;
      },
      localMs,
      () => {
        if (this.#room !== null) this.player.update(this.#room);
      },
    );
    this.player = new FilePlayer({
      device: 'this',
      createContext: () => this.card as unknown as AudioContext,
      servesFiles: () => true,
      fetchSegment: async (segment) => fakeFetched(segment, durationS * SEGMENT_RATE_HZ),
      decodeSegment: fakeDecoded,
      decodable: async () => ['lossless'],
      quality: new QualityChoice(() => undefined, localMs),
      clock: this.clock,
      localNowMs: localMs,
      calibrated: () =>
        this.calibrationMs === 0 ? null : { offset_ms: this.calibrationMs, error_ms: 1, how: 'heard', at_ms: 0 },
      onState: () => {},
    });
  }

  enters(room: Room): void {
    this.#room = room;
    this.clock.start();
    this.player.turnOn();
    this.player.update(room);
  }

  wakes(): void {
    this.clock.start();
    this.player.wake();
  }

  leaves(): void {
    this.clock.stop();
    this.player.turnOff();
  }

  /** How much later than the room's timeline it is really heard; `null`: silent. */
  lateMs(): number | null {
    const heardMs = this.card.heardPositionMs();
    return heardMs === null ? null : positionAt(this.#room!.playback, performance.now()) - heardMs;
  }

  /** The corrections so far: largest change of rate, number of nudges, number of jumps. */
  corrections(): { rateMax: number; nudges: number; jumps: number } {
    const rates = this.card.sources.flatMap((source) => source.rates.map(({ rate }) => Math.abs(rate - 1)));
    return {
      rateMax: Math.max(0, ...rates),
      nudges: rates.filter((change) => change > 0).length,
      jumps: this.card.gains.filter(({ ramps }) => ramps.some(({ to }) => to === 0)).length,
    };
  }
}
