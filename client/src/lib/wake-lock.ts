/** Keeps the display on while the page is in sight. Returns the way to let it sleep again. */
export function stayAwake(): () => void {
  let sentinel: WakeLockSentinel | null = null;
  const acquire = async () => {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    // Refused on low battery, or outside secure contexts; the display then follows the system's setting.
    sentinel = await navigator.wakeLock.request('screen').catch(() => null);
  };
  const onVisibility = () => void acquire();
  document.addEventListener('visibilitychange', onVisibility);
  void acquire();
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    void sentinel?.release();
  };
}
