/** The browser APIs used here, replaceable in tests. */
export interface WakeLockHost {
  page: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
  wakeLock: Pick<WakeLock, 'request'> | undefined;
}

/**
 * Keeps the display on while the page is visible. The system releases the lock when the page is hidden or the battery
 * is low; it is requested again when the page is visible again. Returns a function that releases it.
 */
export function stayAwake(host: WakeLockHost = { page: document, wakeLock: navigator.wakeLock }): () => void {
  const { page, wakeLock } = host;
  let sentinel: WakeLockSentinel | null = null;
  let asking = false;
  let over = false;
  const acquire = async () => {
    const held = sentinel !== null && !sentinel.released;
    if (over || held || asking || page.visibilityState !== 'visible' || wakeLock === undefined) return;
    asking = true;
    // Refused on low battery and outside secure contexts; the display then follows the system's setting.
    sentinel = await wakeLock.request('screen').catch(() => null);
    asking = false;
    if (over) void sentinel?.release();
  };
  const onVisibility = () => void acquire();
  page.addEventListener('visibilitychange', onVisibility);
  void acquire();
  return () => {
    over = true;
    page.removeEventListener('visibilitychange', onVisibility);
    void sentinel?.release();
  };
}
