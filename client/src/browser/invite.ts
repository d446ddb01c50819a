import type { ServerDescription } from '$protocol';

/** The base of addresses that are given to others: the public one, or one that other devices of the network can open. */
export function inviteOrigin(
  server: Pick<ServerDescription, 'public_url' | 'addresses'> | null,
  page: Pick<Location, 'origin' | 'hostname'>,
): string {
  if (server?.public_url) return server.public_url;
  return (isLoopback(page.hostname) ? server?.addresses?.[0] : undefined) ?? page.origin;
}

/** Whether a host name leads to the device itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname);
}
