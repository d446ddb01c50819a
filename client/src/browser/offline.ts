/**
 * The service worker, which opens the app without the server (`worker/worker.ts`). Only secure addresses have it: https, and
 * this computer's own.
 */

import { at } from '../util/base';

/** Registers the worker once the page is idle. It keeps the texts of this language only. */
export function registerWorker(language: string): void {
  if (!isSupported()) return;
  whenIdle(() => {
    // Refused in some private windows. The app works without it.
    navigator.serviceWorker.register(at(`/sw.js?language=${language}`), { updateViaCache: 'none' }).catch(() => {});
  });
}

/**
 * Keeps all parts of this version: a room that stays open while the server is updated can still load them. Not for visitors
 * who count their bytes.
 */
export function keepEveryPart(): void {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (!isSupported() || connection?.saveData === true) return;
  // One that waits is of this page's version.
  void navigator.serviceWorker.ready.then(({ waiting, active }) =>
    whenIdle(() => (waiting ?? active)?.postMessage('keep every part')),
  );
}

function isSupported(): boolean {
  return import.meta.env.PROD && 'serviceWorker' in navigator;
}

/** Safari has no `requestIdleCallback`. */
function whenIdle(run: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(run, { timeout: IDLE_WAIT_MS });
  else setTimeout(run, IDLE_WAIT_MS);
}

const IDLE_WAIT_MS = 5_000;
