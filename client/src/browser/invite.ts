import type { ServerDescription } from '$protocol';

/** The base of addresses that are given to others: the public one, or one that other devices of the network can open. */
export function inviteOrigin(
  server: Pick<ServerDescription, 'public_url' | 'addresses'> | null,
  page: { base: string; hostname: string },
): string {
  if (server?.public_url) return server.public_url;
  return (isLoopback(page.hostname) ? server?.addresses?.[0] : undefined) ?? page.base;
}

const PASSCODE = '#passcode=';

/**
 * The address of a room for others. A passcode is in the fragment, which browsers send to no server: who has the link need
 * not type it.
 */
export function inviteUrl(origin: string, code: string, passcode: string | null): string {
  return `${origin}/r/${code}${passcode === null ? '' : PASSCODE + encodeURIComponent(passcode)}`;
}

/** The passcode in an invitation, or in its fragment; `null` when there is none. */
export function passcodeIn(invitation: string): string | null {
  const [, encoded = ''] = invitation.trim().split(PASSCODE);
  try {
    return decodeURIComponent(encoded) || null;
  } catch {
    return null;
  }
}

/** Whether a host name leads to the device itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname);
}
