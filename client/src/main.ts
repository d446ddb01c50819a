import { opensRoom, preloadRoom } from './browser/ahead';
import { keepInstallOffer } from './browser/install';
import { registerWorker } from './browser/offline';
import { start } from './start';

// A browser that is too old gets another page, by `browser-check.js`.
if (document.documentElement.dataset.browser !== 'old') {
  keepInstallOffer();
  const room = opensRoom();
  const started = start(room);
  // After the request for the texts, which everything else waits for.
  if (room) setTimeout(preloadRoom);
  void started.then(() => registerWorker(document.documentElement.lang));
}
