import type { Device, ServerDescription, User } from '$protocol';
import { playsHere, thisDevice } from '../browser/device';
import { nowMs } from '../browser/wall-clock';
import { api, type FirstRequests, session } from '../session/page-session';
import type { Token } from '../session/session';
import { at } from '../util/base';
import { preloadStage } from '../util/cover';
import { Connection, findHindrance } from './connection';
import { EarlyConnection, type Receiver } from './early-connection';

/**
 * Connects a returning member to their room while the app and the room's page are still loading, and loads the cover of what
 * plays. It knows no texts.
 */

/** A page that does not take the connection in this time shows something else. */
const TAKEN_WITHIN_MS = 30_000;

let early: { code: string; connection: EarlyConnection; expiry: ReturnType<typeof setTimeout> } | null = null;
/** A room's page came first, or went to another room. */
let isOver = false;

/** Connects when it is known who the user is. */
export async function connectEarly(code: string, { server, restored }: FirstRequests): Promise<void> {
  const [description] = await Promise.all([server, restored]);
  const { user } = session;
  if (user === null || isOver) return;
  const connection = new EarlyConnection(
    connectionFor,
    () => ({ room: code, passcode: null, device: deviceOf(code, description, user) }),
    (frame) => {
      if (frame.type === 'snapshot') preloadStage(frame.room.now_playing?.track.art_url ?? null);
    },
  );
  early = { code, connection, expiry: setTimeout(drop, TAKEN_WITHIN_MS) };
}

/**
 * The connection that waits for the page of a room; `null` if there is none. The first page of any room ends the head start,
 * also one that needs another connection (`null`).
 */
export function takeEarly(code: string | null): EarlyConnection | null {
  isOver = true;
  clearTimeout(early?.expiry);
  if (early?.code !== code) drop();
  const taken = early?.connection ?? null;
  early = null;
  return taken;
}

function drop(): void {
  early?.connection.connection.stop();
  early = null;
}

/** A connection of this page's user, or with other tokens. */
export function connectionFor(
  { hello, onFrame, onState, onOtherUser }: Receiver,
  tokens: () => Promise<Token> | null = () => null,
): Connection {
  return new Connection({
    openSocket: (subprotocol) => new WebSocket(socketUrl(hello().room), subprotocol),
    hello,
    token: () => tokens() ?? session.token(),
    refreshToken: () => tokens() ?? session.refresh(),
    hindrance: () => findHindrance(() => api.server()),
    nowMs,
    random: Math.random,
    onFrame: (frame) => onFrame(frame, nowMs()),
    onState,
    onOtherUser,
  });
}

/** As `LocalPlayback` describes it once the page is there. */
function deviceOf(code: string, server: ServerDescription, user: User): Device {
  const hearsSpotify = server.spotify != null && user.spotify === true;
  const providers = [...(server.files ?? []), ...(hearsSpotify ? ['spotify'] : [])];
  return thisDevice(playsHere(code) ? 'player' : 'remote', providers);
}

/** It names the room for proxies, which send the members of a room to one server; the server reads `hello`. */
function socketUrl(room: string): string {
  const query = new URLSearchParams({ room });
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${at('/ws')}?${query}`;
}
