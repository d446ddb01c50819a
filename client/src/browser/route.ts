export type Route =
  | { page: 'landing' }
  | { page: 'room'; code: string }
  | { page: 'screen'; code: string }
  /** A screen that is paired with a room, or waits for one. */
  | { page: 'wall' }
  /** Where a member approves a screen. */
  | { page: 'pair' }
  | { page: 'me' }
  | { page: 'device' }
  /** The administration of the server. */
  | { page: 'operator' }
  /** Where the link of an operator leads to choose a password. */
  | { page: 'password' }
  /** Where an invitation to create an account leads. */
  | { page: 'invited' }
  | { page: 'unknown' };

const CODE_LENGTH = 6;

export function routeOf(path: string): Route {
  const room = /^\/r\/([^/]+)(\/screen)?\/?$/.exec(path);
  if (room !== null) {
    const code = normalizeCode(decodeURIComponent(room[1]!));
    if (code === null) return { page: 'unknown' };
    return { page: room[2] === undefined ? 'room' : 'screen', code };
  }
  if (path === '/') return { page: 'landing' };
  const plain = {
    '/me': 'me',
    '/device': 'device',
    '/screen': 'wall',
    '/pair': 'pair',
    '/operator': 'operator',
    '/password': 'password',
    '/invited': 'invited',
  } as const;
  return Object.hasOwn(plain, path) ? { page: plain[path as keyof typeof plain] } : { page: 'unknown' };
}

/**
 * Normalizes a room code as users type it: any case, spaces and dashes anywhere, `O` for `0`, `I` and `L` for `1`, or a
 * pasted link. `null` when it cannot be a code.
 */
export function normalizeCode(typed: string): string | null {
  const fromLink = /^[^?#]*\/r\/([^/?#]+)/.exec(typed)?.[1] ?? typed;
  const code = fromLink.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return code.length === CODE_LENGTH && /^[0-9A-HJKMNP-TV-Z]+$/.test(code) ? code : null;
}
