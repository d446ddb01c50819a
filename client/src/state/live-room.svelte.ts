import type { Command, Room, ServerFrame, UserId } from '$protocol';
import { onPageReturn } from '../browser/page-return';
import { SleepDetector } from '../browser/sleep';
import { notify } from '../browser/track-notice';
import { nowMs, timeOfDayMs } from '../browser/wall-clock';
import type { Accepted } from '../connection/command-queue';
import type { Connection, ConnectionState } from '../connection/connection';
import type { EarlyConnection, Receiver } from '../connection/early-connection';
import { connectionFor, takeEarly } from '../connection/head-start';
import { expectedRoom } from '../room/expected';
import { newsOf } from '../room/news';
import { isOffered } from '../room/offers';
import { type Queued, queuedTracks } from '../room/queued';
import type { Delta } from '../room/room';
import { orderAfter } from '../room/unanswered';
import type { Token } from '../session/session';
import { ServerClock } from '../sync/clock';
import { newsText } from '../text/news';
import { noticeText } from '../text/refusals';
import { memberName } from '../text/room';
import { app } from './app.svelte';
import { Chat } from './chat.svelte';
import { EventToasts } from './event-toasts';
import { LocalPlayback } from './local-playback.svelte';
import { RoomCommands } from './room-commands.svelte';
import { RoomPasscodeStatus } from './room-passcode.svelte';
import { RoomStore } from './room-store.svelte';
import { RoomTimeline } from './room-timeline.svelte';
import { StatusReporter } from './status-reporter';

const STATUS_EVERY_MS = 2_000;
const TICK_MS = 250;
const QUIET_TICK_MS = 2_000;
/** How often a screen shows its token again: within what the server asks for. */
const SCREEN_SHOWS_AGAIN_MS = 12 * 60 * 60_000;
const NO_USER: UserId = '00000000-0000-0000-0000-000000000000';

/**
 * One room as a page uses it: its connection, and the pieces that the connection feeds. What each piece does is in its
 * own module; this one only passes frames, time and commands between them.
 */
export class LiveRoom {
  connection = $state.raw<ConnectionState>({ name: 'connecting' });
  readonly store = new RoomStore();
  readonly timeline = new RoomTimeline();
  readonly chat = new Chat();
  readonly commands: RoomCommands;
  readonly playback: LocalPlayback;
  readonly passcode: RoomPasscodeStatus;
  /** The user's queue as the page shows it: with what they just did. */
  readonly mine = $derived.by(() => orderAfter(this.store.mine, this.commands.unanswered));
  /** The tracks that the room has already, by `trackKey`. */
  readonly queued = $derived.by(() =>
    this.room === null
      ? new Map<string, Queued>()
      : queuedTracks(this.room, this.me, this.mine, this.commands.unanswered),
  );
  #receiver: Receiver;
  /** The connection that began before this page, until the page follows it. */
  #early: EarlyConnection | null;
  #connection: Connection;
  #clock: ServerClock;
  #status: StatusReporter;
  #toasts = new EventToasts();
  #sleep = new SleepDetector();
  #user: UserId | null = null;
  /** What is shown and played: the room, or what is expected while the server is silent at the end of a track. */
  #followed: Room | null = null;

  constructor(
    readonly code: string,
    passcode: string | null,
    private readonly screen: boolean,
    /** The token of a paired screen, which is no user. */
    private readonly screenToken: string | null = null,
  ) {
    this.#receiver = {
      hello: () => ({ room: code, passcode, device: this.playback.device() }),
      onFrame: (frame, atMs) => this.#receive(frame, atMs),
      onState: (state) => this.#connectionChanged(state),
      onOtherUser: () => this.commands.userChanged(),
    };
    this.#early = takeEarly(screen || passcode !== null ? null : code);
    this.#connection = this.#early?.connection ?? connectionFor(this.#receiver, () => this.#token());
    this.#clock = new ServerClock(
      (t0) => this.#connection.send({ type: 'sync', t0 }),
      nowMs,
      () => this.#updatePlayback(),
    );
    this.commands = new RoomCommands(
      code,
      (frame) => this.#connection.send(frame),
      () => this.me,
      (id) => this.nameOf(id),
      () => this.mine,
      () => this.store.mineOn,
    );
    this.playback = new LocalPlayback({
      code,
      screen,
      clock: this.#clock,
      onStatus: () => this.#status.sendStatus(),
      onUnplayable: (entry) => this.commands.reportUnplayable(entry),
    });
    this.passcode = new RoomPasscodeStatus(() => app.api.roomPasscode(code));
    this.#status = new StatusReporter(
      () => this.playback.status(),
      () => document.visibilityState === 'hidden',
      (frame) => this.#connection.send(frame),
    );
  }

  /** Connects. Returns the way to leave the page: it closes everything. */
  start(): () => void {
    if (this.#early === null) this.#connection.start();
    else this.#early.give(this.#receiver);
    this.#early = null;
    const networkChanged = () => this.#connection.setNetwork(navigator.onLine);
    const visibilityChanged = () => this.#status.sendStatus();
    addEventListener('online', networkChanged);
    addEventListener('offline', networkChanged);
    document.addEventListener('visibilitychange', visibilityChanged);
    const stopPageReturn = onPageReturn(() => this.#wake());
    const timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#status.sendStatus(), STATUS_EVERY_MS),
    ];
    const stopPlayback = this.playback.start();
    return () => {
      removeEventListener('online', networkChanged);
      removeEventListener('offline', networkChanged);
      document.removeEventListener('visibilitychange', visibilityChanged);
      stopPageReturn();
      for (const timer of timers) clearInterval(timer);
      stopPlayback();
      this.#end();
      this.#toasts.stop();
      this.#connection.stop();
    };
  }

  /** Whether the page offers a command to the user. */
  offers(command: Command, notes = this.commands.undo.notes): boolean {
    return this.known !== null && isOffered({ ...this.known, notes }, command);
  }

  /** Resolves when the server has accepted the command; a refusal is shown and resolves to `null`. */
  submit(command: Command): Promise<Accepted | null> {
    return this.commands.submit(command);
  }

  /** Another user of this device takes over: the same room and the same music, as they see it. */
  switchUser(user: UserId): void {
    this.#connection.switchUser(user);
    if (user === this.#user) return;
    const isFirst = this.#user === null;
    this.#user = user;
    if (!isFirst) this.playback.userChanged();
  }

  /** Asks for the passcode, in an effect of what shows it. */
  followPasscode(): void {
    this.passcode.follow(`${this.me} ${this.may('see_passcode')}`);
  }

  seekBy(ms: number): void {
    this.seekTo(this.timeline.positionMs + ms);
  }

  seekTo(ms: number): void {
    const { current } = this.timeline;
    if (current === null) return;
    const lastMs = current.entry.track.duration_ms - 1;
    void this.submit({ name: 'seek', position_ms: Math.round(Math.min(Math.max(ms, 0), lastMs)) });
  }

  // What pages read of the store.

  get room() {
    return this.store.room;
  }

  get presence() {
    return this.store.presence;
  }

  get me() {
    return this.store.me;
  }

  get self() {
    return this.store.self;
  }

  get role() {
    return this.store.role;
  }

  get may() {
    return this.store.may;
  }

  get onlySuggests() {
    return this.store.onlySuggests;
  }

  get mayAdd() {
    return this.offers({ name: 'enqueue', track: { provider: 'library', id: '' } });
  }

  get known() {
    return this.store.known;
  }

  get own() {
    return this.store.own;
  }

  get skipVotesNeeded() {
    return this.store.skipVotesNeeded;
  }

  get called() {
    return this.store.called;
  }

  nameOf(id: UserId): string {
    return this.store.nameOf(id);
  }

  pictureOf(id: UserId): string | null {
    return this.store.pictureOf(id);
  }

  /** A screen's token does not expire; the server only wants to see it again. */
  #token(): Promise<Token> | null {
    if (this.screenToken === null) return null;
    return Promise.resolve({ value: this.screenToken, expiresAtMs: nowMs() + SCREEN_SHOWS_AGAIN_MS, user: NO_USER });
  }

  #receive(frame: ServerFrame, atMs: number): void {
    switch (frame.type) {
      case 'welcome':
        if (this.me === null) this.commands.restore(frame.member);
        this.store.welcome(frame);
        this.#clock.hint(frame.server_time_ms, atMs);
        this.#clock.start();
        this.commands.resend();
        this.#status.connected();
        this.playback.reconnected();
        if (this.screenToken === null) void this.playback.spotify.recall();
        break;
      case 'snapshot':
        this.store.replace(frame.room);
        this.passcode.changed();
        this.#updatePlayback();
        break;
      case 'delta':
        this.#applyDelta(frame);
        break;
      case 'reply':
        this.commands.settle(frame);
        break;
      case 'presence':
        this.store.applyPresence(frame);
        break;
      case 'own':
        this.store.applyOwn(frame);
        break;
      case 'said':
      case 'reacted':
        this.chat.receive(frame);
        break;
      case 'sync':
        this.#clock.answered(frame);
        break;
      case 'notice': {
        const words = noticeText(frame.code, frame.values);
        if (words !== null) app.showToast(words);
        break;
      }
    }
  }

  #applyDelta(delta: Delta): void {
    const change = this.store.apply(delta);
    if (change === null) {
      this.#connection.resync();
      return;
    }
    const { before, after, events, own, me } = change;
    if (me !== null && !this.screen) {
      const news = newsOf({ before, after, own, me }, events, (room, id) => memberName(room.members, id));
      this.#toasts.show(news);
      const on = news.filter(({ kind }) => kind === 'on');
      if (on.length > 0) void notify(after.name, newsText(on));
    }
    this.commands.undo.applyEvents(events, this.me, before);
    if (events.some(({ name }) => name === 'passcode_changed')) this.passcode.changed();
    this.#updatePlayback();
  }

  #updatePlayback(): void {
    const room = this.#expected();
    if (room !== null) this.#follow(room);
    this.#tick();
  }

  #expected(): Room | null {
    const { room, locked } = this.store;
    if (room === null || !this.#clock.ready) return room;
    return expectedRoom(room, locked, this.#clock.now());
  }

  #follow(room: Room): void {
    this.#followed = room;
    this.timeline.update(room, this.#clock.now());
    this.playback.update(room);
  }

  #connectionChanged(state: ConnectionState): void {
    this.connection = state;
    if (state.name !== 'online') this.#clock.stop();
    if (state.name === 'closed') this.#end();
  }

  #end(): void {
    this.#clock.stop();
    this.commands.abandon();
    this.playback.turnOff();
  }

  /** After a sleep the connection, the clock and the audio context may all be dead. */
  #wake(): void {
    this.#connection.wake();
    if (this.connection.name === 'online') this.#clock.start();
    this.playback.wake();
  }

  #tick(): void {
    if (this.#sleep.sleptSinceLastCall(nowMs(), timeOfDayMs())) this.#wake();
    // Where nothing moves, the time is shown in minutes: a page that is left open should cost nothing.
    const now = this.#clock.now();
    const moves = this.playback.playsHere || this.store.room?.playback.state === 'playing';
    if (!moves && now - this.timeline.serverNowMs < QUIET_TICK_MS && now >= this.timeline.serverNowMs) return;
    const expected = this.#expected();
    if (expected !== null && expected.now_playing?.id !== this.#followed?.now_playing?.id) this.#follow(expected);
    this.timeline.serverNowMs = now;
    this.playback.measure(this.#followed);
  }
}
