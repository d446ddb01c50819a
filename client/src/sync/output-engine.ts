/**
 * Firefox asks the sound server for the latency of an output on the page's own thread, under a lock that the sound's thread
 * may hold while it waits for the page. On Linux that froze one start in three or four for ever. Both
 * `AudioContext.outputLatency` and `getOutputTimestamp`, which subtracts it, ask. So the page asks neither there.
 */

/** The parts of `window` that tell engines apart. */
export interface EngineHost {
  mozInnerScreenX?: unknown;
  navigator?: { platform?: string };
}

/** `AudioContext.outputLatency` and `getOutputTimestamp` may be read. */
export function mayAskForLatency(host: EngineHost): boolean {
  // A property of all versions of Firefox and of no other engine. It does not depend on the user agent string.
  const isFirefox = 'mozInnerScreenX' in host;
  return !isFirefox || /^(Win|Mac)/.test(host.navigator?.platform ?? '');
}
