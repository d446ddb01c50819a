/** Checks of user names and passwords before they are sent. The server decides; this saves a request. */

/** bcrypt's limit in bytes of UTF-8: ASCII letters take one, é two, emoji four. */
export const PASSWORD_BYTES_MIN = 8;
export const PASSWORD_BYTES_MAX = 72;

export function passwordBytes(password: string): number {
  return new TextEncoder().encode(password).length;
}

export function passwordFits(password: string): boolean {
  const bytes = passwordBytes(password);
  return bytes >= PASSWORD_BYTES_MIN && bytes <= PASSWORD_BYTES_MAX;
}

/** Ignoring case; compatibility characters such as `Ａ` count as the plain letter. */
export function usernameFits(username: string): boolean {
  return /^[a-z0-9._-]{3,32}$/i.test(username.trim().normalize('NFKC'));
}
