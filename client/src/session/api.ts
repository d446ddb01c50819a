import type {
  BrowseItem,
  BrowseResponse,
  CreateRoomRequest,
  DeviceCode,
  DeviceCodeStatus,
  NewScreen,
  ProviderId,
  RoomList,
  RoomPasscode,
  RoomSummary,
  ScreenStatus,
  SearchResponse,
  ServerDescription,
  SessionId,
  SessionList,
  SessionSummary,
  SetPasscodeRequest,
  TrackRef,
  UpdateMeRequest,
  User,
} from '$protocol';
import { Failure, type Fetch, type Request, request } from './http';
import type { Session } from './session';

/** What is browsed: a list of a provider, or one group of it. */
export type Place = { list: BrowseList } | { item: BrowseItem };
export type BrowseList = 'artists' | 'albums' | 'genres' | 'folders' | 'recent';

/**
 * The typed HTTP API. Requests that need a token get one; a rejected token is refreshed once and the request repeated.
 */
export class Api {
  constructor(
    private readonly fetch: Fetch,
    private readonly session: Session,
  ) {}

  server(): Promise<ServerDescription> {
    return this.#open('server');
  }

  me(): Promise<User> {
    return this.json('me');
  }

  async updateMe(body: UpdateMeRequest): Promise<User> {
    return this.json('me', { method: 'PATCH', body });
  }

  async sessions(): Promise<SessionSummary[]> {
    return (await this.json<SessionList>('me/sessions')).sessions;
  }

  async endSession(id: SessionId): Promise<void> {
    await this.authorized(`me/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  /** All sessions except the current one. */
  async endOtherSessions(): Promise<void> {
    await this.authorized('me/sessions', { method: 'DELETE' });
  }

  /** A code with which the user's next device logs in. */
  makeDeviceCode(): Promise<DeviceCode> {
    return this.json('me/device-code', { method: 'POST' });
  }

  /** Its status. */
  deviceCode(): Promise<DeviceCodeStatus> {
    return this.json('me/device-code');
  }

  async cancelDeviceCode(): Promise<void> {
    await this.authorized('me/device-code', { method: 'DELETE' });
  }

  createRoom(body: CreateRoomRequest): Promise<RoomSummary> {
    return this.json('rooms', { method: 'POST', body });
  }

  /** The public summary of a room. Works without login: shows whether the room exists and has a passcode. */
  room(code: string): Promise<RoomSummary> {
    const path = `rooms/${encodeURIComponent(code)}`;
    return this.session.user === null ? this.#open(path) : this.json(path);
  }

  roomPasscode(code: string): Promise<RoomPasscode> {
    return this.json(passcodePath(code));
  }

  async setRoomPasscode(code: string, body: SetPasscodeRequest): Promise<void> {
    await this.authorized(passcodePath(code), { method: 'PUT', body });
  }

  async removeRoomPasscode(code: string): Promise<void> {
    await this.authorized(passcodePath(code), { method: 'DELETE' });
  }

  /** Makes this device a screen that waits for a room. Needs no login. */
  async makeScreen(name: string): Promise<NewScreen> {
    return (await request(this.fetch, 'screens', { method: 'POST', body: { name } })).json() as Promise<NewScreen>;
  }

  /** The status of a screen's code. `token`: the screen's. */
  async screenStatus(token: string, code: string): Promise<ScreenStatus> {
    const response = await request(this.fetch, 'screens/status', { method: 'POST', body: { code }, token });
    return response.json() as Promise<ScreenStatus>;
  }

  /** Lets the screen that shows the code show a room. */
  async approveScreen(room: string, code: string): Promise<void> {
    await this.authorized(`rooms/${encodeURIComponent(room)}/screens`, { method: 'POST', body: { code } });
  }

  myRooms(): Promise<RoomList> {
    return this.json('me/rooms');
  }

  /** `room`: its host's link may be used by users who have none. */
  search(
    provider: ProviderId,
    query: string,
    cursor: string | null,
    signal: AbortSignal,
    room: string | null = null,
  ): Promise<SearchResponse> {
    const parameters = new URLSearchParams({ provider, q: query });
    if (cursor !== null) parameters.set('cursor', cursor);
    if (room !== null) parameters.set('room', room);
    return this.json(`search?${parameters}`, { signal });
  }

  /** The artists, albums, genres, folders or newest tracks of a provider, or what is in one group of them. */
  browse(provider: ProviderId, place: Place, cursor: string | null, signal: AbortSignal): Promise<BrowseResponse> {
    const parameters = new URLSearchParams({ provider });
    if ('list' in place) parameters.set('kind', place.list);
    else parameters.set('id', place.item.id);
    if (cursor !== null) parameters.set('cursor', cursor);
    return this.json(`browse?${parameters}`, { signal });
  }

  /** A segment of a track that this server serves. */
  segment(
    { provider, id }: TrackRef,
    quality: 'lossless' | 'small',
    number: number,
    signal: AbortSignal,
  ): Promise<Response> {
    return this.authorized(`${provider}/tracks/${encodeURIComponent(id)}/segments/${quality}/${number}`, { signal });
  }

  async #open<T>(path: string): Promise<T> {
    return (await request(this.fetch, path)).json() as Promise<T>;
  }

  /** The answer to a request of the user. */
  async json<T>(path: string, options: Request = {}): Promise<T> {
    return (await this.authorized(path, options)).json() as Promise<T>;
  }

  /** A request of the user, with their token. */
  async authorized(path: string, options: Request): Promise<Response> {
    const { value, user } = await this.session.token();
    try {
      return await request(this.fetch, path, { ...options, token: value });
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'unauthenticated')) throw error;
      const fresh = await this.session.refresh();
      // Another user is in this slot by now: the request was not theirs.
      if (fresh.user !== user) throw error;
      return request(this.fetch, path, { ...options, token: fresh.value });
    }
  }
}

function passcodePath(code: string): string {
  return `rooms/${encodeURIComponent(code)}/passcode`;
}
