import type { PremiumVerdict } from '$protocol';
import { Failure, type FailureCode } from '../../session/http';
import { backoffMs } from '../../util/backoff';
import type { Sdk, SdkPlayer, SdkState } from './sdk';

/**
 * This browser as a device of somebody's Spotify account: the token, the script, the connection, and what becomes of each
 * when it fails. It knows nothing of rooms and plays nothing.
 */

export type DeviceCondition =
  | 'off'
  | 'connecting'
  | 'ready'
  | 'not_linked'
  | 'needs_login'
  | 'not_premium'
  /** This browser cannot play protected music. */
  | 'unsupported'
  /** Spotify wants to be left alone for a while. */
  | 'busy'
  /** Spotify, or this server, cannot be reached; tried again. */
  | 'unreachable';

export interface WebPlaybackDeviceOptions {
  loadSdk: () => Promise<Sdk>;
  /** A token for the player; rejects with a {@link Failure}. */
  token: () => Promise<string>;
  /** Has the server ask Spotify again, which replaces a token that is not taken. */
  recheck: () => Promise<unknown>;
  /** Tells the server what the player saw; what is known of the subscription then. */
  reportPremiumEvidence: (event: 'ready' | 'account_error') => Promise<PremiumVerdict>;
  name: string;
  random: () => number;
  onCondition: (condition: DeviceCondition) => void;
  onState: (state: SdkState | null) => void;
  /** The browser wants a tap before it makes sound. */
  onBlocked: () => void;
  onPlaybackError: () => void;
}

const RETRY_MS = 2_000;
/** Where Spotify says to wait, but not for how long. */
const BUSY_WAIT_MS = 60_000;
/** A device that Spotify lost is found again by itself, mostly. */
const LOST_WAIT_MS = 15_000;
/** A connection that says neither yes nor no. */
const CONNECT_WAIT_MS = 20_000;
/** One refusal may be false: it takes three, more than two seconds apart, until the server believes them. */
const ACCOUNT_RETRY_MS = 3_000;

/** What the server says of somebody who cannot play, and trying again does not change. */
const FINAL: Partial<Record<FailureCode, DeviceCondition>> = {
  not_found: 'not_linked',
  needs_login: 'needs_login',
  premium_required: 'not_premium',
};

export class WebPlaybackDevice {
  condition: DeviceCondition = 'off';
  /** What commands name it by, while it is ready. */
  id: string | null = null;
  sdk: SdkPlayer | null = null;
  #volume = 1;
  /** Tells what is waited for whether it is still wanted. */
  #turn = 0;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: WebPlaybackDeviceOptions) {}

  connect(): void {
    if (this.condition !== 'off') return;
    this.#tries = 0;
    void this.#attempt();
  }

  /** Tries again what was given up, as somebody asked for it. */
  again(): void {
    if (this.condition === 'ready' || this.condition === 'connecting') return;
    this.disconnect();
    this.connect();
  }

  disconnect(): void {
    this.#drop();
    this.#become('off');
  }

  /** Inside a tap or a key only. */
  activate(): void {
    void this.sdk?.activateElement().catch(() => {});
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    void this.sdk?.setVolume(volume).catch(() => {});
  }

  async #attempt(): Promise<void> {
    this.#drop();
    const turn = this.#turn;
    this.#become('connecting');
    try {
      // First of all, because it says who cannot play at all: for them no script is loaded.
      const token = await this.options.token();
      if (turn !== this.#turn) return;
      const sdk = await this.options.loadSdk();
      if (turn !== this.#turn) return;
      const player = this.#made(sdk, token, turn);
      this.#retryIn(CONNECT_WAIT_MS);
      if (!(await player.connect()) && turn === this.#turn) this.#failed(new Error('not connected'));
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
    }
  }

  #made(sdk: Sdk, first: string, turn: number): SdkPlayer {
    let fresh: string | null = first;
    const player = new sdk.Player({
      name: this.options.name,
      volume: this.#volume,
      enableMediaSession: false,
      getOAuthToken: (give) => {
        const token = fresh === null ? this.options.token() : Promise.resolve(fresh);
        // The first is used at once; what is asked for later is asked for because that one ran out.
        fresh = null;
        token.then(give).catch((error) => {
          if (turn === this.#turn) this.#failed(error);
        });
      },
    });
    this.sdk = player;
    const on: SdkPlayer['addListener'] = (event, listener) =>
      player.addListener(event, (detail) => {
        if (turn === this.#turn) listener(detail);
      });
    on('ready', ({ device_id }) => this.#ready(device_id));
    on('not_ready', () => this.#lost());
    on('player_state_changed', (state) => this.options.onState(state));
    on('autoplay_failed', () => this.options.onBlocked());
    on('playback_error', () => this.options.onPlaybackError());
    on('initialization_error', () => this.#giveUp('unsupported'));
    on('authentication_error', () => void this.#tokenRefused());
    on('account_error', () => void this.#accountRefused());
    return player;
  }

  #ready(id: string): void {
    clearTimeout(this.#timer);
    this.#tries = 0;
    this.id = id;
    void this.sdk?.setVolume(this.#volume).catch(() => {});
    // Nobody waits for it, and the next time says it again.
    this.options.reportPremiumEvidence('ready').catch(() => {});
    this.#become('ready');
  }

  #lost(): void {
    this.id = null;
    this.#become('connecting');
    this.#retryIn(LOST_WAIT_MS);
  }

  async #tokenRefused(): Promise<void> {
    const turn = this.#turn;
    await this.options.recheck().catch(() => {});
    if (turn === this.#turn) this.#failed(new Error('a token was refused'));
  }

  async #accountRefused(): Promise<void> {
    const turn = this.#turn;
    try {
      const verdict = await this.options.reportPremiumEvidence('account_error');
      if (turn !== this.#turn) return;
      if (verdict === 'not_premium') this.#giveUp('not_premium');
      else this.#retryIn(ACCOUNT_RETRY_MS);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const code = error instanceof Failure ? error.code : 'unavailable';
    const final = FINAL[code];
    if (final !== undefined) {
      this.#giveUp(final);
      return;
    }
    this.#drop();
    if (code === 'rate_limited') {
      this.#become('busy');
      this.#retryIn((error instanceof Failure ? error.retryAfterMs : null) ?? BUSY_WAIT_MS);
    } else {
      this.#become('unreachable');
      this.#tries += 1;
      this.#retryIn(RETRY_MS + backoffMs(this.#tries, this.options.random));
    }
  }

  /** Until somebody asks for it again: nothing changes by trying. */
  #giveUp(condition: DeviceCondition): void {
    this.#drop();
    this.#become(condition);
  }

  #retryIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#attempt(), ms);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.id = null;
    this.sdk?.disconnect();
    this.sdk = null;
  }

  #become(condition: DeviceCondition): void {
    if (condition === this.condition) return;
    this.condition = condition;
    this.options.onCondition(condition);
  }
}
