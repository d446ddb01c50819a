import type { AccountList, ServerDescription, SpotifyOutcome, User } from '$protocol';
import { deviceLink, pairLink } from '../browser/device-link';
import { inviteOrigin, inviteUrl, isLoopback, passcodeIn } from '../browser/invite';
import { type Route, routeOf } from '../browser/route';
import { tab } from '../browser/storage';
import { nowMs } from '../browser/wall-clock';
import { Refusal } from '../connection/refusal';
import { importWithTexts } from '../language/language';
import { endSpotifyLogin, type SpotifyReturn, spotifyReturn } from '../providers/spotify/login-link';
import { Failure } from '../session/http';
import { api, session, takeFirstRequests } from '../session/page-session';
import { text } from '../text/common';
import { refusalText } from '../text/failures';
import { at, base, withoutBase } from '../util/base';

export interface Toast {
  id: number;
  words: string;
  tone: 'good' | 'bad';
  /** Undoes the reported action. */
  undo?: () => void;
}

/** How long a toast is shown, and how long while another one waits. */
const TOAST_MS = 6_000;
const CROWDED_TOAST_MS = 2_500;
/** Long enough to read it, see the effect, and reach the button. */
const UNDO_TOAST_MS = 10_000;
/** Reports beyond it are dropped, oldest first. */
const TOASTS_MAX = 4;
const BACK_KEY = 'tutti.back';
const PASSCODE_KEY = 'tutti.passcode.';

/** State of the whole app, whichever page is shown: the route, the user, and the server's description. */
class App {
  route = $state.raw<Route>(routeOf(withoutBase(location.pathname)));
  user = $state.raw<User | null>(null);
  /** The slot of `user`. */
  slot = $state.raw<number | null>(null);
  /** All users of this device, as far as they were loaded. */
  people = $state.raw<AccountList>({ accounts: [], slots_max: 8 });
  server = $state.raw<ServerDescription | null>(null);
  /** The first is shown; the others wait. */
  toasts = $state.raw<readonly Toast[]>([]);
  /** An open dialog shows the toasts itself. */
  toastsInDialog = $state(false);
  /** The login dialog while it is open: it replaces the current user, or adds one `beside` them. */
  entry = $state.raw<{ beside: boolean } | null>(null);
  /** Counts logins and switches by choice: a page that waits in a lobby retries. */
  logins = $state(0);
  readonly session = session;
  readonly api = api;
  /** The outcome of a failed login at Spotify, until it was dismissed. */
  spotifyOutcome = $state.raw<Exclude<SpotifyOutcome, 'done'> | null>(null);
  #returned: SpotifyReturn | null;
  #toastId = 0;
  #toastTimer: ReturnType<typeof setTimeout> | undefined;
  /** Since when the first toast is shown. */
  #toastShownMs = 0;
  #arrivalToastId = 0;
  /** Counts changes of the passcodes that the tab keeps. */
  #keptPasscodes = $state(0);

  constructor() {
    this.#returned = spotifyReturn(location.href);
    // Reported once; a reload or a shared address should not repeat it.
    if (this.#returned !== null) history.replaceState(null, '', this.#returned.path);
    if (this.#returned?.outcome === 'done' && !endSpotifyLogin()) this.#returned = null;
    this.session.onChange((user) => {
      this.user = user;
      this.slot = this.session.slot;
    });
    this.session.onPeople((people) => {
      this.people = people;
    });
    addEventListener('popstate', () => this.#moved());
    this.#remember();
    this.#takePasscode();
  }

  /** Throws when the server is not reachable. */
  async load(): Promise<void> {
    const { server, restored } = takeFirstRequests(this.#returned?.slot ?? null);
    [this.server] = await Promise.all([server, restored]);
    this.#tellReturn();
  }

  go(path: string): void {
    history.pushState(null, '', at(path));
    this.#moved();
    scrollTo(0, 0);
  }

  /** From `/me` to the page before it. The browser's history may lead to Spotify instead. */
  back(): void {
    this.go(tab.recall(BACK_KEY) ?? '/');
  }

  #remember(): void {
    const isDetour = ['me', 'device', 'pair', 'wall', 'operator', 'password', 'invited'].includes(this.route.page);
    if (!isDetour) tab.remember(BACK_KEY, withoutBase(location.pathname));
  }

  /** Creates a guest with this name, or renames the current user. */
  async introduce(name: string): Promise<void> {
    if (this.user === null) await this.session.guest({ display_name: name });
    else if (this.user.display_name !== name)
      this.session.profileChanged(await this.api.updateMe({ display_name: name }));
  }

  /** Switches to another user of this device; false when that failed, which is shown. */
  async switchTo(slot: number): Promise<boolean> {
    try {
      this.arrived(await this.session.activate(slot));
      return true;
    } catch (error) {
      const gone = error instanceof Failure && error.code === 'unauthenticated';
      this.showToast(gone ? text.people.gone : errorText(error), 'bad');
      if (gone) await this.loadPeople();
      return false;
    }
  }

  async logOut(slot: number): Promise<boolean> {
    try {
      await this.session.logoutOf(slot);
    } catch (error) {
      this.showError(error);
      return false;
    }
    await this.loadPeople();
    return true;
  }

  #moved(): void {
    this.route = routeOf(withoutBase(location.pathname));
    this.#remember();
    this.#takePasscode();
    // It was about the page that was left.
    this.spotifyOutcome = null;
  }

  /** Takes the passcode of an invitation out of the address, which is shown and passed on. */
  #takePasscode(): void {
    const passcode = passcodeIn(location.hash);
    if (passcode === null) return;
    history.replaceState(history.state, '', location.pathname + location.search);
    if ('code' in this.route) this.keepPasscode(this.route.code, passcode);
  }

  /** Keeps the passcode of an invitation for this tab, until it was tried (`null`). */
  keepPasscode(code: string, passcode: string | null): void {
    tab.remember(PASSCODE_KEY + code, passcode);
    this.#keptPasscodes += 1;
  }

  /** The passcode of the room's invitation that this tab followed. */
  keptPasscode(code: string): string | null {
    void this.#keptPasscodes;
    return tab.recall(PASSCODE_KEY + code);
  }

  #tellReturn(): void {
    const returned = this.#returned;
    this.#returned = null;
    if (returned === null) return;
    if (returned.outcome !== 'done') this.spotifyOutcome = returned.outcome;
    // Another tab may have logged them out meanwhile.
    else if (this.user === null || this.slot !== returned.slot) this.spotifyOutcome = 'expired';
    else this.showToast(text.spotify.done(this.user.display_name));
  }

  dismissSpotifyOutcome(): void {
    this.spotifyOutcome = null;
  }

  async loadPeople(): Promise<void> {
    await this.session.people().catch((error) => this.showError(error));
  }

  openEntry(beside = false): void {
    this.entry = { beside };
  }

  entryClosed(): void {
    this.entry = null;
  }

  /** A user logged in or was chosen, as a step of its own. */
  arrived(user: User): void {
    this.logins += 1;
    // The earlier toast names another user.
    this.dismiss(this.#arrivalToastId);
    this.#arrivalToastId = this.showToast(text.youAre(user.display_name));
  }

  /** A module that is loaded on demand; `null` when it cannot be loaded, which is shown. */
  async loadComponent<Module>(load: () => Promise<Module>): Promise<Module | null> {
    try {
      return await importWithTexts(load);
    } catch {
      this.showToast(refusalText({ code: 'offline' }), 'bad');
      return null;
    }
  }

  /** The base of addresses for others. */
  #inviteBase(): string {
    return inviteOrigin(this.server, { base: location.origin + base, hostname: location.hostname });
  }

  /** The address of a room for others. */
  roomUrl(code: string, passcode: string | null = null): string {
    return inviteUrl(this.#inviteBase(), code, passcode);
  }

  /** The address at which the user's next device uses a code, and continues in the room where this one was last. */
  deviceUrl(code: string): string {
    const last = routeOf(tab.recall(BACK_KEY) ?? '/');
    return deviceLink(this.#inviteBase(), { code, room: last.page === 'room' ? last.code : null });
  }

  /** The address at which a member lets a screen with this code show a room. */
  pairUrl(code: string, room: string | null): string {
    return pairLink(this.#inviteBase(), { code, room });
  }

  /** The address at which someone else uses a secret once. It is in the fragment, which browsers send to no server. */
  oneTimeUrl(page: 'password' | 'invited', token: string): string {
    return `${this.#inviteBase()}/${page}#${token}`;
  }

  /** The address that a screen opens. */
  get screenUrl(): string {
    return `${this.#inviteBase()}/screen`;
  }

  /** Whether no other device can open this server's addresses. */
  get isOnlyHere(): boolean {
    return isLoopback(new URL(this.#inviteBase()).hostname);
  }

  showToast(words: string, tone: Toast['tone'] = 'good'): number {
    return this.#show({ words, tone });
  }

  /** Shows a toast with an undo button. */
  showUndoToast(words: string, undo: () => void): number {
    return this.#show({ words, tone: 'good', undo });
  }

  #show(content: Omit<Toast, 'id'>): number {
    const toast = { ...content, id: ++this.#toastId };
    // What answers the user comes before reports about others.
    const toasts = isUrgent(toast) ? [toast, ...this.toasts] : [...this.toasts, toast];
    if (toasts.length > TOASTS_MAX) {
      const report = toasts.findIndex((one) => !isUrgent(one));
      toasts.splice(report === -1 ? toasts.length - 1 : report, 1);
    }
    this.#setToasts(toasts);
    return toast.id;
  }

  dismiss(id: number): void {
    this.#setToasts(this.toasts.filter((toast) => toast.id !== id));
  }

  #setToasts(toasts: readonly Toast[]): void {
    const [shown, next] = toasts;
    if (shown !== this.toasts[0]) this.#toastShownMs = nowMs();
    this.toasts = toasts;
    clearTimeout(this.#toastTimer);
    if (shown === undefined) return;
    const plainMs = next === undefined ? TOAST_MS : CROWDED_TOAST_MS;
    const forMs = shown.undo === undefined ? plainMs : UNDO_TOAST_MS;
    this.#toastTimer = setTimeout(() => this.dismiss(shown.id), this.#toastShownMs + forMs - nowMs());
  }

  showError(error: unknown): void {
    this.showToast(errorText(error), 'bad');
  }
}

function isUrgent({ tone, undo }: Toast): boolean {
  return tone === 'bad' || undo !== undefined;
}

/** The sentence for an error. Unexpected errors are rethrown. */
export function errorText(error: unknown): string {
  if (error instanceof Refusal || error instanceof Failure) return refusalText(error);
  throw error;
}

export const app = new App();
