import type { Command, DeviceKind, Entry, EntryId, Event, Room, ServerFrame, UserId } from '$protocol';
import { deviceId, playsHere, rememberPlaysHere, thisDevice } from '../browser/device';
import { onPageReturn } from '../browser/page-return';
import { SleepDetector } from '../browser/sleep';
import { recall, remember, tab } from '../browser/storage';
import { nowMs, timeOfDayMs } from '../browser/wall-clock';
import { type Accepted, CommandQueue, Refusal } from '../connection/command-queue';
import { Connection, type ConnectionState, type Welcome } from '../connection/connection';
import { StoredCommands } from '../connection/stored-commands';
import { CombinedPlayer } from '../playback/combined-player';
import { MediaAnchor, thisAnchorHost } from '../playback/media-anchor';
import type { PlayerState } from '../providers/device-player';
import { FilePlayer } from '../providers/files/file-player';
import { lineAfter } from '../room/line';
import { newsOf } from '../room/news';
import { nothingOwn, type Own, ownAfter, ownInSnapshot } from '../room/own';
import { mayAdd, onlySuggests, permissionsOf } from '../room/permissions';
import { applyPresence, type Presence } from '../room/presence';
import { minds } from '../room/queue-state';
import { applyDelta, type Delta, identityAfter } from '../room/room';
import { skipVotesNeeded } from '../room/skip-votes';
import { ServerClock } from '../sync/clock';
import { endAt, outgoingEntry, shownPositionAt, type TimedEntry } from '../sync/timeline';
import { memberName, text } from '../text/common';
import { uuid } from '../util/uuid';
import { app } from './app.svelte';
import { Chat } from './chat.svelte';
import { DeviceSync } from './device-sync.svelte';
import { EventToasts } from './event-toasts';
import { RoomSpotify } from './room-spotify.svelte';
import { Undo } from './undo.svelte';

const VOLUME_KEY = 'tutti.volume';
const STATUS_EVERY_MS = 2_000;
const TICK_MS = 250;

/** One room as this device lives it: the parts from `lib/`, wired together, and what the page draws. */
export class LiveRoom {
  connection = $state.raw<ConnectionState>({ name: 'connecting' });
  room = $state.raw<Room | null>(null);
  presence = $state.raw<Presence>(new Map());
  me = $state.raw<UserId | null>(null);
  waiting = $state(0);
  /** The server's clock, a few times a second: whatever shows a time follows it. */
  serverNowMs = $state(0);
  player = $state.raw<PlayerState>('off');
  level = $state(0);
  errorMs = $state<number | null>(null);
  volume = $state(Number(recall(VOLUME_KEY) ?? 0.8));
  muted = $state(false);
  #outgoing = $state.raw<TimedEntry | null>(null);

  readonly chat = new Chat();
  readonly undo = new Undo(
    (command) => this.submit(command),
    (id) => this.nameOf(id),
  );
  readonly sync = new DeviceSync(
    () => this.#player,
    () => this.#players,
    () => this.#clock,
  );
  readonly spotify: RoomSpotify;

  /** Whoever this is, as a member. */
  self = $derived(this.room?.members.find((member) => member.id === this.me));
  role = $derived(this.self?.role ?? 'listener');
  /** Whether they may do something, as far as it depends on who they are. */
  may = $derived(permissionsOf(this.self, this.room?.settings));
  /** Whether they may add tracks, be it only as suggestions. */
  onlySuggests = $derived(this.room !== null && onlySuggests(this.may, this.room.settings));
  mayAdd = $derived(this.room !== null && mayAdd(this.may, this.room.settings));
  /** What is theirs and stands in no snapshot. */
  own = $state.raw<Own>(nothingOwn);
  /** Their own queue, whether or not it takes part in the order of play. */
  mine = $derived(this.own.queue);
  /** How many votes skip what is on; `null`: none do. */
  skipVotesNeeded = $derived(this.room === null ? null : skipVotesNeeded(this.room, this.presence, this.me));
  /** What is heard now: a track that is ending stays on until the next one really starts. */
  current = $derived.by((): TimedEntry | null => {
    const ending = this.#outgoing;
    if (ending !== null && this.serverNowMs < endAt(ending.playback, ending.entry.track.duration_ms)) return ending;
    if (this.room === null || this.room.now_playing === null) return null;
    return { entry: this.room.now_playing, playback: this.room.playback };
  });
  positionMs = $derived(
    this.current === null
      ? 0
      : shownPositionAt(this.current.playback, this.current.entry.track.duration_ms, this.serverNowMs),
  );
  playsHere = $derived(this.player !== 'off');

  /** How much waiting music goes ahead of each entry. */
  #aheadMs = $derived.by(() => {
    const ahead = new Map<EntryId, number>();
    let sumMs = 0;
    for (const entry of this.room?.upcoming ?? []) {
      ahead.set(entry.id, sumMs);
      sumMs += entry.track.duration_ms;
    }
    return ahead;
  });

  #connection: Connection;
  #commands: CommandQueue;
  #kept: StoredCommands;
  #clock: ServerClock;
  /** Of files; the outputs of this device are its. */
  #player: FilePlayer;
  #players: CombinedPlayer;
  #news = new EventToasts();
  #sleep = new SleepDetector();
  #anchor = new MediaAnchor(thisAnchorHost());
  #told = false;
  #speaksFor: UserId | null = null;
  /** Up to here what was told at the welcome reaches. */
  #ownOffset = 0;
  #toldIdle = false;
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    readonly code: string,
    passcode: string | null,
    private readonly screen: boolean,
  ) {
    this.#connection = new Connection({
      openSocket: (subprotocol) => new WebSocket(socketUrl(), subprotocol),
      hello: () => ({ room: code, passcode, device: thisDevice(this.#kind(), this.spotify.hearsHere) }),
      token: () => app.session.token(),
      refreshToken: () => app.session.refresh(),
      nowMs,
      random: Math.random,
      onFrame: (frame) => this.#take(frame),
      onState: (state) => this.#moved(state),
      onOtherUser: () => this.#dropWaiting(),
    });
    this.#kept = new StoredCommands(tab, code);
    this.#commands = new CommandQueue(
      (frame) => this.#connection.send(frame),
      uuid,
      timeOfDayMs,
      (count, kept) => {
        this.waiting = count;
        if (this.me !== null) this.#kept.save(this.me, kept);
      },
    );
    this.#clock = new ServerClock(
      (t0) => this.#connection.send({ type: 'sync', t0 }),
      nowMs,
      () => this.#updatePlayer(),
    );
    this.#player = new FilePlayer({
      device: deviceId(),
      createContext: () => new AudioContext({ latencyHint: 'playback' }),
      fetchAudio: ({ id }, signal) => app.api.audio(id, signal),
      long: {
        fetch: ({ id }, signal) => app.api.audioFile(id, signal),
        createElement: () => new Audio(),
        addressOf: (file) => URL.createObjectURL(file),
        forget: (address) => URL.revokeObjectURL(address),
      },
      clock: this.#clock,
      localNowMs: nowMs,
      calibrated: (output) => this.sync.calibrations.of(output),
      onState: () => this.#players.stateChanged(),
      onReady: () => this.#tell(),
    });
    this.spotify = new RoomSpotify(code, this.#clock, () => this.#players.accountChanged());
    this.#players = new CombinedPlayer({
      files: this.#player,
      loadSpotify: (players) => this.spotify.load(players),
      hearsSpotifyHere: () => this.spotify.hearsHere,
      onState: (state) => {
        this.player = state;
        this.#anchor.hold(state === 'playing' || state === 'loading');
        this.#tell();
      },
      onSpotify: (condition) => {
        this.spotify.condition = condition;
        this.#tell();
      },
    });
    this.#players.setVolume(this.volume);
  }

  start(): () => void {
    this.#connection.start();
    const network = () => this.#connection.setNetwork(navigator.onLine);
    const seen = () => this.#tell();
    const outputs = () => this.#player.outputsChanged();
    // Not where the page came over plain HTTP.
    const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
    mediaDevices?.addEventListener('devicechange', outputs);
    addEventListener('online', network);
    addEventListener('offline', network);
    document.addEventListener('visibilitychange', seen);
    const stopWaiting = onPageReturn(() => this.#wake());
    this.#timers = [setInterval(() => this.#tick(), TICK_MS), setInterval(() => this.#tell(), STATUS_EVERY_MS)];
    if (!this.screen && playsHere(this.code)) this.#players.turnOn();
    return () => {
      mediaDevices?.removeEventListener('devicechange', outputs);
      removeEventListener('online', network);
      removeEventListener('offline', network);
      document.removeEventListener('visibilitychange', seen);
      stopWaiting();
      for (const timer of this.#timers) clearInterval(timer);
      this.#end();
      this.#news.stop();
      this.#connection.stop();
    };
  }

  /** Resolves when the server has accepted it; refusals are told to the person and resolve to `null`. */
  async submit(command: Command): Promise<Accepted | null> {
    const target = this.undo.target(command);
    try {
      const accepted = await this.#commands.submit(command);
      this.undo.offer(command, target);
      return accepted;
    } catch (error) {
      this.#complain(error);
      return null;
    }
  }

  /** Somebody else on this device takes over: the same room, the same music, through their eyes. */
  speakFor(user: UserId): void {
    this.#connection.speakFor(user);
    if (user === this.#speaksFor) return;
    const isFirst = this.#speaksFor === null;
    this.#speaksFor = user;
    if (isFirst) return;
    this.spotify.forget();
    this.#players.accountChanged();
  }

  setPlaysHere(on: boolean): void {
    rememberPlaysHere(this.code, on);
    // Within the gesture, or the browser may refuse it; what becomes of it follows the music.
    this.#anchor.hold(on);
    if (on) this.#players.turnOn();
    else this.#players.turnOff();
  }

  setVolume(volume: number): void {
    this.volume = Math.min(1, Math.max(0, volume));
    this.muted = false;
    remember(VOLUME_KEY, String(this.volume));
    this.#players.setVolume(this.volume);
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.#players.setVolume(muted ? 0 : this.volume);
  }

  seekBy(ms: number): void {
    this.seekTo(this.positionMs + ms);
  }

  seekTo(ms: number): void {
    if (this.current === null) return;
    const last = this.current.entry.track.duration_ms - 1;
    void this.submit({ name: 'seek', position_ms: Math.round(Math.min(Math.max(ms, 0), last)) });
  }

  nameOf(id: UserId): string {
    return memberName(this.room?.members ?? [], id);
  }

  /** As `nameOf`, in a sentence for this person. */
  called = (id: UserId): string => (id === this.me ? text.room.you : this.nameOf(id));

  pictureOf(id: UserId): string | null {
    return this.room?.members.find((member) => member.id === id)?.picture ?? null;
  }

  /** When an upcoming entry starts, if nothing changes. */
  startsInMs(entry: Entry): number {
    const leftMs = this.current === null ? 0 : this.current.entry.track.duration_ms - this.positionMs;
    return leftMs + (this.#aheadMs.get(entry.id) ?? 0);
  }

  #kind(): DeviceKind {
    if (this.screen) return 'screen';
    return this.player !== 'off' || playsHere(this.code) ? 'player' : 'remote';
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        if (this.me === null) this.#takeUpKept(frame.member);
        this.me = frame.member;
        this.#takeOwn(frame.own);
        this.#clock.hint(frame.server_time_ms);
        this.#clock.start();
        this.#commands.resend();
        // A new connection knows nothing of what was told before.
        this.#toldIdle = false;
        this.#tell();
        void this.spotify.recall();
        break;
      case 'snapshot':
        if (this.me !== null) this.own = ownInSnapshot(this.own, frame.room, this.me);
        this.#show(frame.room);
        break;
      case 'delta': {
        const before = this.room;
        const next = before === null ? null : applyDelta(before, frame);
        if (before === null || next === null) this.#connection.resync();
        else this.#goOn(before, next, frame);
        break;
      }
      case 'reply':
        this.#commands.settle(frame);
        break;
      case 'presence':
        this.presence = applyPresence(this.presence, frame);
        break;
      case 'said':
      case 'reacted':
        this.chat.take(frame);
        break;
      case 'sync':
        this.#clock.answered(frame);
        break;
      case 'notice':
        app.say(frame.message);
        break;
    }
  }

  #goOn(before: Room, next: Room, { events, position }: Delta): void {
    const { line, sure } = lineAfter(before, next, events);
    const after = { ...next, line };
    if (this.me !== null) this.#concern(before, after, events, this.me, position.offset <= this.#ownOffset);
    this.undo.take(events, this.me, before);
    this.#show(after);
    // Only those who wait in line have anything from knowing it exactly.
    if (!sure && this.me !== null && minds(after, this.me, this.mine.length > 0)) this.#connection.resync();
  }

  /** What events are for whoever this is. */
  #concern(before: Room, after: Room, events: readonly Event[], me: UserId, ownKnown: boolean): void {
    const seen = { before, after, own: this.own, me };
    if (!this.screen) this.#news.tell(newsOf(seen, events, (room, id) => memberName(room.members, id)));
    this.own = ownKnown ? ownInSnapshot(this.own, after, me) : ownAfter(this.own, before, after, events, me);
    this.me = identityAfter(events, me);
  }

  /** What can be put back is known only to those who saw it taken. */
  #takeOwn(own: Welcome['own']): void {
    const { queue, votes, offset } = own ?? { ...nothingOwn, offset: 0 };
    this.own = { queue, votes: votes as Own['votes'], taken: this.own.taken };
    this.#ownOffset = offset;
  }

  #show(room: Room): void {
    const before = this.room;
    if (before?.now_playing !== null && before !== null) {
      const part = { entry: before.now_playing, playback: before.playback };
      const moved = before.playback !== room.playback;
      if (moved) this.#outgoing = outgoingEntry(part, room.playback, this.#clock.now());
    }
    this.room = room;
    this.#updatePlayer();
  }

  #updatePlayer(): void {
    if (this.room !== null) this.#players.update(this.room);
    this.#tick();
  }

  #moved(state: ConnectionState): void {
    this.connection = state;
    if (state.name !== 'online') this.#clock.stop();
    if (state.name === 'closed') this.#end();
  }

  /** What an earlier page of this tab could not bring through goes on its way now. */
  #takeUpKept(me: UserId): void {
    for (const accepted of this.#commands.restore(this.#kept.of(me))) accepted.catch((error) => this.#complain(error));
  }

  #complain(error: unknown): void {
    const leftOnPurpose = error instanceof Refusal && error.code === 'closed';
    if (!leftOnPurpose) app.complain(error);
  }

  /** Commands are somebody's own: they are never sent in another's name. */
  #dropWaiting(): void {
    if (this.waiting > 0) app.say(text.room.dropped, 'bad');
    this.#commands.abandon();
  }

  #end(): void {
    this.#clock.stop();
    this.#commands.abandon();
    this.#players.turnOff();
  }

  /** After a sleep nothing is certain: the line, the time, the loudspeaker. */
  #wake(): void {
    this.#connection.wake();
    if (this.connection.name === 'online') this.#clock.start();
    this.#players.wake();
  }

  #tick(): void {
    if (this.#sleep.sleptSinceLastCall(nowMs(), timeOfDayMs())) this.#wake();
    this.serverNowMs = this.#clock.now();
    if (!this.playsHere) return;
    this.level = this.#players.level();
    this.errorMs = this.#players.errorMs;
    this.sync.look(this.room, this.serverNowMs);
  }

  /** What this device plays, for the others to see; once more when it has stopped. And whether anybody is at it. */
  #tell(): void {
    const playback = this.#players.status();
    const idle = playback === null && document.visibilityState === 'hidden';
    if (playback === null && !this.#told && idle === this.#toldIdle) return;
    const sent = this.#connection.send({ type: 'status', playback, idle });
    this.#told = playback !== null && sent;
    if (sent) this.#toldIdle = idle;
  }
}

function socketUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}
