/** What can be said about a user name or a password before it is sent. The server decides; this spares the way. */

/** What bcrypt reads, in bytes of UTF-8: plain letters count one, é two, emoji four. */
export const PASSWORD_BYTES_MIN = 8;
export const PASSWORD_BYTES_MAX = 72;

export function passwordBytes(password: string): number {
  return new TextEncoder().encode(password).length;
}

export function passwordFits(password: string): boolean {
  const bytes = passwordBytes(password);
  return bytes >= PASSWORD_BYTES_MIN && bytes <= PASSWORD_BYTES_MAX;
}

/** In any case; what looks like a plain letter (`Ａ`) counts as one. */
export function usernameFits(username: string): boolean {
  return /^[a-z0-9._-]{3,32}$/i.test(username.trim().normalize('NFKC'));
}
