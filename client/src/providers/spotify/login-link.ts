import type { SpotifyOutcome } from '$protocol';
import { tab } from '../../browser/storage';
import type { Slot } from '../../session/http';
import { at } from '../../util/base';

const SLOT_KEY = 'tutti.spotify-slot';

/** Login at Spotify by navigation: the link that starts it, and the outcome that comes back in the page's address. */

/** The outcome in the address. */
export interface SpotifyReturn {
  outcome: SpotifyOutcome;
  /** The slot of the user; `null` when no user is logged in. */
  slot: number | null;
  /** The address without the outcome's parameters. */
  path: string;
}

const OUTCOMES: Record<SpotifyOutcome, true> = {
  done: true,
  denied: true,
  expired: true,
  taken: true,
  full: true,
  busy: true,
  not_listed: true,
  refused: true,
  failed: true,
};

/** `null` for an address without an outcome. */
export function spotifyReturn(address: string): SpotifyReturn | null {
  const url = new URL(address);
  const outcome = url.searchParams.get('spotify');
  if (outcome === null) return null;
  const slot = url.searchParams.get('slot') ?? '';
  url.searchParams.delete('spotify');
  url.searchParams.delete('slot');
  return {
    // An outcome that only a newer server knows is not a success.
    outcome: isOutcome(outcome) ? outcome : 'failed',
    slot: /^[0-7]$/.test(slot) ? Number(slot) : null,
    path: url.pathname + url.search + url.hash,
  };
}

export interface SpotifyLoginLink {
  href: string;
  /** The page has to be opened on another origin first: Spotify redirects to that origin, and cookies do not follow. */
  elsewhere: string | null;
}

/** The link that starts a login for a slot and returns to the current page. */
export function spotifyLoginLink(origin: string, address: string, slot: Slot): SpotifyLoginLink {
  const url = new URL(address);
  const path = url.pathname + url.search;
  if (url.origin !== origin) return { href: origin + path, elsewhere: new URL(origin).host };
  const query = new URLSearchParams({ return_to: path, slot: String(slot) });
  return { href: at(`/api/v1/auth/spotify/start?${query}`), elsewhere: null };
}

/**
 * Whether the slot in an address may become this tab's: once, and only in the tab that left for the login. A link on
 * another site could otherwise choose as whom a page acts.
 */
export function endSpotifyLogin(): boolean {
  const left = recallSpotifySlot() !== null;
  tab.remember(SLOT_KEY, null);
  return left;
}

/** Remembers the slot of a login. The return address contains a slot only when a user is logged in. */
export function rememberSpotifySlot(slot: Slot): void {
  tab.remember(SLOT_KEY, String(slot));
}

export function recallSpotifySlot(): string | null {
  return tab.recall(SLOT_KEY);
}

function isOutcome(word: string): word is SpotifyOutcome {
  return Object.hasOwn(OUTCOMES, word);
}
