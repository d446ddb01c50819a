import type { PremiumVerdict } from '$protocol';
import { Failure, type FailureCode } from '../../session/http';
import { backoffMs } from '../../util/backoff';
import type { Sdk, SdkPlayer, SdkState } from './sdk';

/**
 * This browser as a device of the user's Spotify account: token, script, connection, and the handling of each failure.
 * It knows nothing about rooms and plays nothing.
 */

export type DeviceCondition =
  | 'off'
  | 'connecting'
  | 'ready'
  | 'not_linked'
  | 'needs_login'
  | 'not_premium'
  /** This browser cannot play protected content. */
  | 'unsupported'
  /** Spotify's rate limit is reached. */
  | 'busy'
  /** Spotify or this server is not reachable; retried. */
  | 'unreachable';

export interface WebPlaybackDeviceOptions {
  loadSdk: () => Promise<Sdk>;
  /** A token for the player; rejects with a {@link Failure}. */
  token: () => Promise<string>;
  /** Lets the server ask Spotify again, which replaces a rejected token. */
  recheck: () => Promise<unknown>;
  /** Reports the player's evidence to the server; resolves to what is then known about the subscription. */
  reportPremiumEvidence: (event: 'ready' | 'account_error') => Promise<PremiumVerdict>;
  name: string;
  random: () => number;
  onCondition: (condition: DeviceCondition) => void;
  onState: (state: SdkState | null) => void;
  /** The browser wants a user gesture before it makes sound. */
  onBlocked: () => void;
  onPlaybackError: () => void;
}

const RETRY_MS = 2_000;
/** The pause where Spotify names none. */
const BUSY_WAIT_MS = 60_000;
/** A device that Spotify lost usually comes back by itself. */
const LOST_WAIT_MS = 15_000;
/** A connection attempt without any answer. */
const CONNECT_WAIT_MS = 20_000;
/** A single refusal may be wrong: the server believes three, more than two seconds apart. */
const ACCOUNT_RETRY_MS = 3_000;

/** Conditions in which retrying does not help. */
const FINAL: Partial<Record<FailureCode, DeviceCondition>> = {
  not_found: 'not_linked',
  needs_login: 'needs_login',
  premium_required: 'not_premium',
};

export class WebPlaybackDevice {
  condition: DeviceCondition = 'off';
  /** The device id for commands, while ready. */
  id: string | null = null;
  sdk: SdkPlayer | null = null;
  #volume = 1;
  /** Lets a pending answer detect that it is no longer wanted. */
  #generation = 0;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: WebPlaybackDeviceOptions) {}

  connect(): void {
    if (this.condition !== 'off') return;
    this.#tries = 0;
    void this.#attempt();
  }

  /** Retries after giving up, on the user's request. */
  retry(): void {
    if (this.condition === 'ready' || this.condition === 'connecting') return;
    this.disconnect();
    this.connect();
  }

  disconnect(): void {
    this.#drop();
    this.#setCondition('off');
  }

  /** Only within a user gesture. */
  activate(): void {
    void this.sdk?.activateElement().catch(() => {});
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    void this.sdk?.setVolume(volume).catch(() => {});
  }

  async #attempt(): Promise<void> {
    this.#drop();
    const turn = this.#generation;
    this.#setCondition('connecting');
    try {
      // Requested first because it tells who cannot play at all: for them no script is loaded.
      const token = await this.options.token();
      if (turn !== this.#generation) return;
      const sdk = await this.options.loadSdk();
      if (turn !== this.#generation) return;
      const player = this.#createPlayer(sdk, token, turn);
      this.#retryIn(CONNECT_WAIT_MS);
      if (!(await player.connect()) && turn === this.#generation) this.#failed(new Error('not connected'));
    } catch (error) {
      if (turn === this.#generation) this.#failed(error);
    }
  }

  #createPlayer(sdk: Sdk, first: string, turn: number): SdkPlayer {
    let fresh: string | null = first;
    const player = new sdk.Player({
      name: this.options.name,
      volume: this.#volume,
      enableMediaSession: false,
      getOAuthToken: (give) => {
        const token = fresh === null ? this.options.token() : Promise.resolve(fresh);
        // The first token is used at once; the SDK asks for another only when that one expired.
        fresh = null;
        token.then(give).catch((error) => {
          if (turn === this.#generation) this.#failed(error);
        });
      },
    });
    this.sdk = player;
    const on: SdkPlayer['addListener'] = (event, listener) =>
      player.addListener(event, (detail) => {
        if (turn === this.#generation) listener(detail);
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
    // Nothing waits for it, and the next report repeats it.
    this.options.reportPremiumEvidence('ready').catch(() => {});
    this.#setCondition('ready');
  }

  #lost(): void {
    this.id = null;
    this.#setCondition('connecting');
    this.#retryIn(LOST_WAIT_MS);
  }

  async #tokenRefused(): Promise<void> {
    const turn = this.#generation;
    await this.options.recheck().catch(() => {});
    if (turn === this.#generation) this.#failed(new Error('a token was refused'));
  }

  async #accountRefused(): Promise<void> {
    const turn = this.#generation;
    try {
      const verdict = await this.options.reportPremiumEvidence('account_error');
      if (turn !== this.#generation) return;
      if (verdict === 'not_premium') this.#giveUp('not_premium');
      else this.#retryIn(ACCOUNT_RETRY_MS);
    } catch (error) {
      if (turn === this.#generation) this.#failed(error);
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
      this.#setCondition('busy');
      this.#retryIn((error instanceof Failure ? error.retryAfterMs : null) ?? BUSY_WAIT_MS);
    } else {
      this.#setCondition('unreachable');
      this.#tries += 1;
      this.#retryIn(RETRY_MS + backoffMs(this.#tries, this.options.random));
    }
  }

  /** Until the user asks again: retrying changes nothing. */
  #giveUp(condition: DeviceCondition): void {
    this.#drop();
    this.#setCondition(condition);
  }

  #retryIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#attempt(), ms);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#generation += 1;
    this.id = null;
    this.sdk?.disconnect();
    this.sdk = null;
  }

  #setCondition(condition: DeviceCondition): void {
    if (condition === this.condition) return;
    this.condition = condition;
    this.options.onCondition(condition);
  }
}
