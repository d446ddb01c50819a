import { opensRoom, preloadRoom, returnsTo } from './browser/ahead';
import { firstView } from './browser/first-view';
import { keepInstallOffer } from './browser/install';
import { registerWorker } from './browser/offline';
import { requestEarly, tokenRequested } from './session/page-session';
import { start } from './start';

// A browser that is too old gets another page, by `browser-check.js`.
if (document.documentElement.dataset.browser !== 'old') {
  keepInstallOffer();
  const room = opensRoom();
  // The outcome of a login at Spotify, in the address, decides which user to ask about.
  if (location.search === '') askAhead(returnsTo());
  const started = start(room);
  // After the requests that others wait for: a browser has six at a time.
  if (room) void Promise.race([tokenRequested, started]).then(preloadRoom);
  void Promise.all([started, firstView]).then(() => registerWorker(document.documentElement.lang));
}

/** Asks what every page asks first, and connects to the room that a returning member opens. */
function askAhead(room: string | null): void {
  const requests = requestEarly();
  if (room === null) return;
  // Without it the room's page connects, and says what is wrong.
  import('./connection/head-start').then(({ connectEarly }) => connectEarly(room, requests)).catch(() => {});
}
