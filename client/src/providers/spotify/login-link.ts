import type { SpotifyOutcome } from '$protocol';
import { tab } from '../../browser/storage';
import type { Slot } from '../../session/http';

const SLOT_KEY = 'tutti.spotify-slot';

/** The way to a login at Spotify and back, as far as the browser goes it: by navigation, not by requests. */

/** With what somebody came back. */
export interface SpotifyReturn {
  outcome: SpotifyOutcome;
  /** Where they are in; `null` when they are not. */
  slot: number | null;
  /** The page that they came back to, without what the way back added. */
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
  failed: true,
};

/** `null` for an address that nobody came back by. */
export function spotifyReturn(address: string): SpotifyReturn | null {
  const url = new URL(address);
  const outcome = url.searchParams.get('spotify');
  if (outcome === null) return null;
  const slot = url.searchParams.get('slot') ?? '';
  url.searchParams.delete('spotify');
  url.searchParams.delete('slot');
  return {
    // One that a newer server made up is no success, whatever it is.
    outcome: isOutcome(outcome) ? outcome : 'failed',
    slot: /^[0-7]$/.test(slot) ? Number(slot) : null,
    path: url.pathname + url.search + url.hash,
  };
}

export interface SpotifyLoginLink {
  href: string;
  /** The page has to be opened elsewhere first: Spotify leads back to there, and cookies do not follow. */
  elsewhere: string | null;
}

/** Where a login begins for whoever is in that slot, on the page that is shown. */
export function spotifyLoginLink(origin: string, address: string, slot: Slot): SpotifyLoginLink {
  const url = new URL(address);
  const path = url.pathname + url.search;
  if (url.origin !== origin) return { href: origin + path, elsewhere: new URL(origin).host };
  const query = new URLSearchParams({ return_to: path, slot: String(slot) });
  return { href: `/api/v1/auth/spotify/start?${query}`, elsewhere: null };
}

/** For whom a login begins. The way back names a slot only when somebody is in it. */
export function rememberSpotifySlot(slot: Slot): void {
  tab.remember(SLOT_KEY, String(slot));
}

export function recallSpotifySlot(): string | null {
  return tab.recall(SLOT_KEY);
}

function isOutcome(word: string): word is SpotifyOutcome {
  return Object.hasOwn(OUTCOMES, word);
}
