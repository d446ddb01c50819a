import { BrowserPlayer, type BrowserSetup } from '../apparatus/browser-player.ts';
import { nowMs } from '../apparatus/clock.ts';
import { Member } from '../apparatus/member.ts';
import { OneSink } from '../apparatus/one-sink.ts';
import type { Outputs } from '../apparatus/outputs.ts';
import { OwnCards } from '../apparatus/own-cards.ts';
import { type Delay, Path } from '../apparatus/path.ts';
import { raisePriorities } from '../apparatus/priority.ts';
import type { Recording } from '../apparatus/recording.ts';

export interface PlayerSetup extends BrowserSetup {
  /** The network delay to and from the server; direct if absent. */
  path?: { there: Delay; back: Delay };
  /** Which of the servers that share the room it connects to. The host is at the first one. */
  server?: number;
  /** Its own sound card with that clock skew. Either all devices have one or none. */
  cardPpm?: number;
}

/** The setup of one run: recorded outputs, a fresh browser for each player, and a room with a host. */
export class Stage {
  #paths: Path[] = [];
  #realTime = true;
  readonly players: BrowserPlayer[] = [];

  private constructor(
    readonly outputs: Outputs,
    readonly host: Member,
    readonly code: string,
  ) {}

  static async set(urls: readonly string[], setups: readonly PlayerSetup[]): Promise<Stage> {
    const host = await Member.of(urls[0]!, 'Host');
    const code = await host.createRoom('Audible');
    await host.enter(code);
    const ownCards = setups.some(({ cardPpm }) => cardPpm !== undefined);
    const outputs = ownCards
      ? await OwnCards.start(setups.map(({ cardPpm }) => cardPpm ?? 0))
      : await OneSink.start(setups.length);
    const stage = new Stage(outputs, host, code);
    try {
      for (const [player, setup] of setups.entries()) await stage.#add(player, setup, urls[setup.server ?? 0]!);
      return stage;
    } catch (error) {
      await stage.strike();
      throw error;
    }
  }

  get recording(): Recording {
    return this.outputs.recording;
  }

  /** Joins all players; the named ones enable playback. */
  async join(...sounding: BrowserPlayer[]): Promise<void> {
    for (const player of this.players) await player.join(this.code);
    this.#realTime = await raisePriorities();
    for (const player of sounding) await this.playHere(player);
  }

  /** The player of a joined device. */
  async playHere(player: BrowserPlayer): Promise<void> {
    await player.playHere();
    // A new sound stream has new threads.
    await raisePriorities();
  }

  async toggle(player: BrowserPlayer): Promise<void> {
    await player.toggle();
    await raisePriorities();
  }

  async calibrate(player: BrowserPlayer, offsetMs: number): Promise<void> {
    await player.calibrate(offsetMs);
    await raisePriorities();
  }

  /** Waits until all players are audible. */
  async sounds(...players: number[]): Promise<void> {
    const asked = players.length === 0 ? [...this.players.keys()] : players;
    await this.recording.until('sound from all players', () => asked.every((player) => this.recording.sounds(player)));
  }

  async isSilent(): Promise<void> {
    const players = [...this.players.keys()];
    await this.recording.until('silence', () => !players.some((player) => this.recording.sounds(player)));
  }

  /** When this position of the playing track is heard, on the machine's clock, if nothing changes. */
  heardMs(positionMs: number): number {
    const { anchor_at_ms, anchor_position_ms } = this.host.room!.playback;
    return anchor_at_ms + positionMs - anchor_position_ms - Date.now() + nowMs();
  }

  /** Problems that make the figures doubtful. */
  get troubles(): string[] {
    const late = this.#realTime ? [] : ['without real-time priority'];
    return [...late, ...this.players.flatMap(({ complaints }) => complaints), ...(this.outputs.troubles?.() ?? [])];
  }

  async strike(): Promise<void> {
    await Promise.all(this.players.map((player) => player.close()));
    this.host.leave();
    for (const path of this.#paths) path.close();
    await this.outputs.stop();
  }

  async #add(player: number, { path, server: _, ...setup }: PlayerSetup, url: string): Promise<void> {
    let way = url;
    if (path !== undefined) {
      const slow = new Path(Number(new URL(url).port), path.there, path.back);
      this.#paths.push(slow);
      await slow.open();
      way = slow.url;
    }
    this.players.push(await BrowserPlayer.launch(`Player ${player + 1}`, this.outputs, player, way, setup));
  }
}
