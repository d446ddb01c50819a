import type { Sdk, SdkEvents, SdkPlayer, SdkPlayerOptions, SdkState, SdkTrack } from '../providers/spotify/sdk';
import { Failure } from '../session/http';

/** The track Spotify chooses by itself at the end of a list. */
export const AUTOPLAYED = 'autoplayed';

interface Current {
  track: SdkTrack;
  durationMs: number;
  /** Reported and audible position, each at an instant; a pause holds both. */
  claimed: { positionMs: number; atMs: number };
  heard: { positionMs: number; atMs: number };
  paused: boolean;
}

/**
 * A Spotify account with one browser as its device: the Web Playback SDK and the Web API's start command, with the
 * defects of both as switches. It knows what is really heard.
 */
export class FakeSpotify {
  /** From a command to its sound. */
  latencyMs = 300;
  /** From a change to its event. */
  eventDelayMs = 50;
  /** After a start the position already advances for this long while buffering. */
  bufferingMs = 0;
  /** The next events are dropped. */
  mutedEvents = 0;
  premium = true;
  protectedMedia = true;
  tokensGood = true;
  /** At the end of a list Spotify goes on by itself. */
  autoplays = true;
  /** Silent before a user gesture. */
  reluctant = false;
  relinks: Record<string, string> = {};
  saysLinkedFrom = true;
  unplayable = new Set<string>();
  durations: Record<string, number> = {};
  /** Errors that the next commands answer with. */
  refusals: Failure[] = [];

  commands: string[] = [];
  players: FakePlayer[] = [];
  readonly sdk: Sdk;
  #current: Current | null = null;
  #activated = false;
  #over: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly nowMs: () => number) {
    const spotify = this;
    this.sdk = {
      Player: class extends FakePlayer {
        constructor(options: SdkPlayerOptions) {
          super(spotify, options);
        }
      },
    };
  }

  /** `PUT /v1/me/player/play`. */
  async play({ device_id, track, position_ms }: { device_id: string; track: string; position_ms: number }) {
    this.commands.push(`play ${track} ${position_ms}`);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    if (!this.premium) throw new Failure('premium_required', 403);
    if (!this.players.some(({ id }) => id === device_id)) throw new Failure('not_found', 404);
    setTimeout(() => this.#begin(track, position_ms), this.latencyMs);
    await new Promise((resolve) => setTimeout(resolve, this.latencyMs / 2));
  }

  /** The user moves the account to another device. */
  playElsewhere(): void {
    clearTimeout(this.#over);
    this.#current = null;
    this.tell('player_state_changed', null);
  }

  /** The user presses the pause key. */
  pauseByHand(): void {
    this.hold(true);
  }

  /** What is really heard now. */
  heard(): { track: string; positionMs: number } | null {
    const current = this.#current;
    const silent = current === null || current.paused || this.volume === 0 || (this.reluctant && !this.#activated);
    if (silent || this.nowMs() < current.heard.atMs) return null;
    return { track: current.track.id ?? '', positionMs: current.heard.positionMs + this.nowMs() - current.heard.atMs };
  }

  get volume(): number {
    return this.players.at(-1)?.volume ?? 1;
  }

  state(): SdkState | null {
    const current = this.#current;
    if (current === null) return null;
    const sinceMs = current.paused ? 0 : this.nowMs() - current.claimed.atMs;
    return {
      paused: current.paused,
      position: current.claimed.positionMs + sinceMs,
      track_window: { current_track: current.track },
    };
  }

  activate(): void {
    this.#activated = true;
  }

  hold(paused: boolean): void {
    const current = this.#current;
    if (current === null || current.paused === paused) return;
    const atMs = this.nowMs();
    const positionMs = this.state()!.position;
    this.#current = { ...current, paused, claimed: { positionMs, atMs }, heard: { positionMs, atMs } };
    this.#watchEnd();
    this.#tellState();
  }

  move(positionMs: number): void {
    if (this.#current === null) return;
    const atMs = this.nowMs();
    this.#current = { ...this.#current, claimed: { positionMs, atMs }, heard: { positionMs, atMs } };
    this.#watchEnd();
    this.#tellState();
  }

  tell<E extends keyof SdkEvents>(event: E, detail: SdkEvents[E]): void {
    if (event === 'player_state_changed' && this.mutedEvents > 0) {
      this.mutedEvents -= 1;
      return;
    }
    setTimeout(() => {
      for (const player of this.players) player.emit(event, detail);
    }, this.eventDelayMs);
  }

  #begin(asked: string, positionMs: number): void {
    // A track that cannot play is skipped without an event.
    if (this.unplayable.has(asked)) return;
    if (this.reluctant && !this.#activated) this.tell('autoplay_failed', undefined);
    const id = this.relinks[asked] ?? asked;
    const track: SdkTrack = { id, uri: uri(id) };
    if (id !== asked && this.saysLinkedFrom) track.linked_from = { id: asked, uri: uri(asked) };
    const atMs = this.nowMs();
    this.#current = {
      track,
      durationMs: this.durations[asked] ?? 180_000,
      claimed: { positionMs, atMs },
      heard: { positionMs, atMs: atMs + this.bufferingMs },
      paused: false,
    };
    this.#watchEnd();
    this.#tellState();
    if (this.bufferingMs > 0) {
      const begun = this.#current;
      setTimeout(() => {
        if (this.#current !== begun) return;
        // It notices that nothing was heard meanwhile.
        this.#current = { ...begun, claimed: begun.heard };
        this.#watchEnd();
        this.#tellState();
      }, this.bufferingMs);
    }
  }

  #watchEnd(): void {
    clearTimeout(this.#over);
    const current = this.#current;
    if (current === null || current.paused) return;
    this.#over = setTimeout(() => this.#end(), current.durationMs - this.state()!.position);
  }

  #end(): void {
    if (this.autoplays) this.#begin(AUTOPLAYED, 0);
    else this.hold(true);
  }

  #tellState(): void {
    // With the state at that time, however late it is reported.
    this.tell('player_state_changed', this.state());
  }
}

class FakePlayer implements SdkPlayer {
  id: string | null = null;
  volume: number;
  #listeners = new Map<string, ((detail: never) => void)[]>();

  constructor(
    private readonly spotify: FakeSpotify,
    private readonly options: SdkPlayerOptions,
  ) {
    this.volume = options.volume;
  }

  async connect(): Promise<boolean> {
    const token = await new Promise<string>((resolve) => this.options.getOAuthToken(resolve));
    this.spotify.players.push(this);
    if (!this.spotify.protectedMedia)
      this.spotify.tell('initialization_error', { message: 'Failed to initialize player' });
    else if (!this.spotify.tokensGood || token === '')
      this.spotify.tell('authentication_error', { message: 'Authentication failed' });
    else if (!this.spotify.premium)
      this.spotify.tell('account_error', { message: 'This functionality is restricted to premium users only' });
    else {
      this.id = `device-${this.spotify.players.length}`;
      this.spotify.tell('ready', { device_id: this.id });
    }
    return true;
  }

  disconnect(): void {
    if (this.id !== null) this.spotify.hold(true);
    this.spotify.players = this.spotify.players.filter((player) => player !== this);
  }

  addListener<E extends keyof SdkEvents>(event: E, listener: (detail: SdkEvents[E]) => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  emit<E extends keyof SdkEvents>(event: E, detail: SdkEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(detail as never);
  }

  async getCurrentState(): Promise<SdkState | null> {
    return this.spotify.state();
  }

  async setVolume(volume: number): Promise<void> {
    this.volume = volume;
  }

  async pause(): Promise<void> {
    this.spotify.commands.push('pause');
    this.spotify.hold(true);
  }

  async seek(positionMs: number): Promise<void> {
    this.spotify.commands.push(`seek ${positionMs}`);
    setTimeout(() => this.spotify.move(positionMs), this.spotify.latencyMs / 2);
  }

  async activateElement(): Promise<void> {
    this.spotify.activate();
  }
}

const uri = (id: string) => `spotify:track:${id}`;
