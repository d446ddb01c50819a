import type { AccountList, ServerDescription, SpotifyOutcome, User } from '$protocol';
import { exclusiveLock } from '../browser/exclusive-lock';
import { type Route, routeOf } from '../browser/route';
import { device, tab } from '../browser/storage';
import { nowMs } from '../browser/wall-clock';
import { Refusal } from '../connection/command-queue';
import { type SpotifyReturn, spotifyReturn } from '../providers/spotify/login-link';
import { Api } from '../session/api';
import { Failure } from '../session/http';
import { Session } from '../session/session';
import { slotBroadcast } from '../session/slot-broadcast';
import { SlotMemory } from '../session/slot-memory';
import { refusalWords, text } from '../text/common';

export interface Toast {
  id: number;
  words: string;
  tone: 'good' | 'bad';
  /** Takes back what is told. */
  undo?: () => void;
}

export const TOAST_MS = 6_000;
/** Long enough to read it, to see what it did, and to get there. */
const UNDO_TOAST_MS = 10_000;
const TOASTS_MAX = 3;
const BACK_KEY = 'tutti.back';

/** What is true whichever page is shown: the route, who is using this browser, what the server says about itself. */
class App {
  route = $state.raw<Route>(routeOf(location.pathname));
  user = $state.raw<User | null>(null);
  /** Which of the people on this device `user` is. */
  slot = $state.raw<number | null>(null);
  /** Everybody on this device, as far as it was asked. */
  people = $state.raw<AccountList>({ accounts: [], slots_max: 8 });
  server = $state.raw<ServerDescription | null>(null);
  toasts = $state.raw<Toast[]>([]);
  /** An open dialog shows them itself. */
  toastsElsewhere = $state(false);
  /** The dialog in which people come in, while it is open: in the place of whoever is here, or `beside` them. */
  entry = $state.raw<{ beside: boolean } | null>(null);
  /** How often somebody came in or was chosen on purpose: who waits at a door looks again. */
  arrivals = $state(0);
  readonly session: Session;
  readonly api: Api;
  /** How a login at Spotify ended, when nothing came of it; shown until it was seen. */
  spotifyOutcome = $state.raw<Exclude<SpotifyOutcome, 'done'> | null>(null);
  #returned: SpotifyReturn | null;
  #toastId = 0;
  #arrivalToastId = 0;

  constructor() {
    this.#returned = spotifyReturn(location.href);
    // It happened once; a reload or a shared address should not tell of it again.
    if (this.#returned !== null) history.replaceState(null, '', this.#returned.path);
    const fetcher = (url: string, init: RequestInit) => fetch(url, init);
    this.session = new Session({
      fetch: fetcher,
      nowMs,
      memory: new SlotMemory(tab, device),
      exclusively: exclusiveLock(navigator.locks),
      tell: slotBroadcast((news) => this.session.heard(news)),
    });
    this.api = new Api(fetcher, this.session);
    this.session.onChange((user) => {
      this.user = user;
      this.slot = this.session.slot;
    });
    this.session.onPeople((people) => {
      this.people = people;
    });
    addEventListener('popstate', () => this.#moved());
    this.#remember();
  }

  /** Throws when the server cannot be reached. */
  async load(): Promise<void> {
    const [server] = await Promise.all([this.api.server(), this.session.restore(this.#returned?.slot)]);
    this.server = server;
    this.#tellReturn();
  }

  go(path: string): void {
    history.pushState(null, '', path);
    this.#moved();
    scrollTo(0, 0);
  }

  /** From `/me` to where this tab was before it, whatever lies between: the browser's own way back may lead to Spotify. */
  back(): void {
    this.go(tab.recall(BACK_KEY) ?? '/');
  }

  #remember(): void {
    if (this.route.page !== 'me') tab.remember(BACK_KEY, location.pathname);
  }

  /** Becomes a guest of that name, or takes on the name as who one is already. */
  async introduce(name: string): Promise<void> {
    if (this.user === null) await this.session.guest({ display_name: name });
    else if (this.user.display_name !== name) this.session.changed(await this.api.updateMe({ display_name: name }));
  }

  /** Speaks for somebody else on this device, wherever it is; false when that failed, which is told. */
  async switchTo(slot: number): Promise<boolean> {
    try {
      this.arrived(await this.session.activate(slot));
      return true;
    } catch (error) {
      const gone = error instanceof Failure && error.code === 'unauthenticated';
      this.say(gone ? text.people.gone : wordsOf(error), 'bad');
      if (gone) await this.lookWhoIsHere();
      return false;
    }
  }

  async logOut(slot: number): Promise<boolean> {
    try {
      await this.session.logoutOf(slot);
    } catch (error) {
      this.complain(error);
      return false;
    }
    await this.lookWhoIsHere();
    return true;
  }

  #moved(): void {
    this.route = routeOf(location.pathname);
    this.#remember();
    // It was about the page that was left.
    this.spotifyOutcome = null;
  }

  #tellReturn(): void {
    const returned = this.#returned;
    this.#returned = null;
    if (returned === null) return;
    if (returned.outcome !== 'done') this.spotifyOutcome = returned.outcome;
    // Somebody else may have logged them out in the meantime.
    else if (this.user === null || this.slot !== returned.slot) this.spotifyOutcome = 'expired';
    else this.say(text.spotify.done(this.user.display_name));
  }

  outcomeSeen(): void {
    this.spotifyOutcome = null;
  }

  async lookWhoIsHere(): Promise<void> {
    await this.session.people().catch((error) => this.complain(error));
  }

  openEntry(beside = false): void {
    this.entry = { beside };
  }

  entryClosed(): void {
    this.entry = null;
  }

  /** Somebody came in, or was chosen, as themselves and not as part of something else. */
  arrived(user: User): void {
    this.arrivals += 1;
    // Who they were a moment ago is not true any more.
    this.dismiss(this.#arrivalToastId);
    this.#arrivalToastId = this.say(text.youAre(user.display_name));
  }

  /** What is loaded only when it is wanted may be out of reach just then: that is said, and it is `null`. */
  async loadComponent<Module>(loading: Promise<Module>): Promise<Module | null> {
    try {
      return await loading;
    } catch {
      this.say(refusalWords('offline', ''), 'bad');
      return null;
    }
  }

  roomUrl(code: string): string {
    return `${this.server?.public_url ?? location.origin}/r/${code}`;
  }

  say(words: string, tone: Toast['tone'] = 'good'): number {
    return this.#show({ words, tone }, TOAST_MS);
  }

  /** Tells what was done, with the way to take it back. */
  sayUndoable(words: string, undo: () => void): number {
    return this.#show({ words, tone: 'good', undo }, UNDO_TOAST_MS);
  }

  #show(toast: Omit<Toast, 'id'>, forMs: number): number {
    const id = ++this.#toastId;
    const toasts = [...this.toasts, { ...toast, id }];
    if (toasts.length > TOASTS_MAX) {
      // News is not worth a way back.
      const plain = toasts.findIndex(({ undo }) => undo === undefined);
      toasts.splice(Math.max(plain, 0), 1);
    }
    this.toasts = toasts;
    setTimeout(() => this.dismiss(id), forMs);
    return id;
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  complain(error: unknown): void {
    this.say(wordsOf(error), 'bad');
  }
}

/** An error as people should read it. What we did not foresee is no refusal: it goes on up. */
export function wordsOf(error: unknown): string {
  if (error instanceof Refusal) return refusalWords(error.code, error.detail);
  if (error instanceof Failure) return refusalWords(error.code, error.detail, error.retryAfterMs);
  throw error;
}

export const app = new App();
