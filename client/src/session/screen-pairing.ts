import type { NewScreen, ScreenStatus } from '$protocol';
import type { Memory } from '../browser/storage';
import { Failure, type FailureCode } from './http';

/** What a screen is doing: getting a code, showing one until a member approves it, or showing a room. */
export type Pairing =
  | { name: 'asking'; failure: FailureCode | null }
  | { name: 'waiting'; code: string; endsAtMs: number }
  | { name: 'paired'; token: string; room: string };

export interface ScreenPairingOptions {
  memory: Memory;
  /** The time of day: it is compared after a reload. */
  nowMs: () => number;
  make: () => Promise<NewScreen>;
  look: (token: string, code: string) => Promise<ScreenStatus>;
  onChange: (pairing: Pairing) => void;
}

/** What survives a reload. `room`: the screen is paired with it. */
interface Stored {
  token: string;
  code: string;
  endsAtMs: number;
  room: string | null;
}

const KEY = 'tutti.screen';
const LOOK_EVERY_MS = 2_000;
const RETRY_MS = 5_000;

/**
 * Pairs this device with a room: shows a code, polls its status, and replaces it when it expires. It needs no input,
 * and continues after a reload and after an outage of the server.
 */
export class ScreenPairing {
  #stored: Stored | null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(private readonly options: ScreenPairingOptions) {
    this.#stored = parse(options.memory.recall(KEY));
  }

  start(): void {
    void this.#step();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** The room does not have this screen any more. */
  forget(): void {
    this.#keep(null);
    void this.#step();
  }

  async #step(): Promise<void> {
    if (this.#stopped) return;
    const stored = this.#stored;
    if (stored !== null && stored.room !== null) {
      this.options.onChange({ name: 'paired', token: stored.token, room: stored.room });
      return;
    }
    try {
      if (stored === null) await this.#make();
      else await this.#look(stored);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (this.#stopped) return;
      if (this.#stored === null) this.options.onChange({ name: 'asking', failure: error.code });
      this.#later(error.retryAfterMs ?? RETRY_MS);
    }
  }

  async #make(): Promise<void> {
    this.options.onChange({ name: 'asking', failure: null });
    const { token, code, expires_in } = await this.options.make();
    this.#keep({ token, code, endsAtMs: this.options.nowMs() + expires_in * 1000, room: null });
    this.#show();
  }

  async #look(stored: Stored): Promise<void> {
    const { state, room } = await this.options.look(stored.token, stored.code).catch((error) => {
      // The code is gone, or the server has other keys.
      if (error instanceof Failure && (error.code === 'not_found' || error.code === 'unauthenticated')) return expired;
      throw error;
    });
    if (this.#stopped || stored !== this.#stored) return;
    if (state === 'approved' && room) this.#keep({ ...stored, room });
    else if (state !== 'waiting') this.#keep(null);
    if (state === 'waiting') this.#show();
    else await this.#step();
  }

  #show(): void {
    if (this.#stopped || this.#stored === null) return;
    const { code, endsAtMs } = this.#stored;
    this.options.onChange({ name: 'waiting', code, endsAtMs });
    this.#later(LOOK_EVERY_MS);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#step(), ms);
  }

  #keep(stored: Stored | null): void {
    this.#stored = stored;
    this.options.memory.remember(KEY, stored === null ? null : JSON.stringify(stored));
  }
}

const expired: ScreenStatus = { state: 'expired' };

function parse(kept: string | null): Stored | null {
  try {
    const { token, code, endsAtMs, room } = JSON.parse(kept ?? '') as Partial<Stored>;
    const isComplete = typeof token === 'string' && typeof code === 'string' && typeof endsAtMs === 'number';
    return isComplete ? { token, code, endsAtMs, room: typeof room === 'string' ? room : null } : null;
  } catch {
    return null;
  }
}
