import type { Page } from '@playwright/test';

/** What a page really plays, measured independently of the client's code. */
export interface Heard {
  /** Root mean square of the samples at the audio destination. */
  loudness: number;
  /** The position of the audible source in its track, and the time (Unix ms) of that reading; `null` in silence. */
  position: { positionMs: number; atMs: number } | null;
}

const HEARD_EVERY_MS = 50;

declare global {
  interface Window {
    tuttiEar: () => Heard;
  }
}

/**
 * Runs in the page before the client's code: connects an analyser to every audio destination and records when and at
 * which offset sources start. Serialised into the page, so it refers to nothing outside itself.
 */
export function installEar(): void {
  const analysers = new Map<BaseAudioContext, AnalyserNode>();
  const sources = new Map<AudioBufferSourceNode, { at: number; offset: number; stopAt: number }>();

  const connect = AudioNode.prototype.connect as (...args: unknown[]) => AudioNode;
  AudioNode.prototype.connect = function (this: AudioNode, ...args: unknown[]) {
    const target = args[0];
    if (target instanceof AudioDestinationNode) {
      const analyser = analysers.get(this.context) ?? this.context.createAnalyser();
      analyser.fftSize = 4096;
      analysers.set(this.context, analyser);
      connect.call(this, analyser);
    }
    return connect.apply(this, args);
  } as AudioNode['connect'];

  // A track is played in segments of five seconds: follows their numbers from the request to the source.
  const numbers = new WeakMap<object, number>();
  const follow = (from: object | null, to: object) => {
    const number = from === null ? undefined : numbers.get(from);
    if (number !== undefined) numbers.set(to, number);
  };
  const arrayBuffer = Response.prototype.arrayBuffer;
  Response.prototype.arrayBuffer = async function () {
    const bytes = await arrayBuffer.call(this);
    const [, number] = /\/segments\/\w+\/(\d+)$/.exec(this.url) ?? [];
    if (number !== undefined) numbers.set(bytes, Number(number));
    return bytes;
  };
  const decodeAudioData = BaseAudioContext.prototype.decodeAudioData;
  BaseAudioContext.prototype.decodeAudioData = async function (bytes) {
    const decoded = await decodeAudioData.call(this, bytes);
    follow(bytes, decoded);
    return decoded;
  };
  const getChannelData = AudioBuffer.prototype.getChannelData;
  AudioBuffer.prototype.getChannelData = function (channel) {
    const samples = getChannelData.call(this, channel);
    follow(this, samples.buffer);
    return samples;
  };
  const copyToChannel = AudioBuffer.prototype.copyToChannel;
  AudioBuffer.prototype.copyToChannel = function (samples, ...rest) {
    follow(samples.buffer, this);
    copyToChannel.call(this, samples, ...rest);
  };

  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (at = 0, offset = 0, ...rest) {
    const segmentAt = 5 * (numbers.get(this.buffer ?? this) ?? 0);
    sources.set(this, { at, offset: segmentAt + offset, stopAt: Number.POSITIVE_INFINITY });
    // What has been rendered is heard a little later.
    this.addEventListener('ended', () => {
      const known = sources.get(this);
      if (known !== undefined) known.stopAt = Math.min(known.stopAt, this.context.currentTime);
    });
    return start.call(this, at, offset, ...rest);
  };
  const stop = AudioScheduledSourceNode.prototype.stop;
  AudioScheduledSourceNode.prototype.stop = function (at = 0) {
    const known = sources.get(this as AudioBufferSourceNode);
    if (known !== undefined) known.stopAt = at;
    return stop.call(this, at);
  };

  window.tuttiEar = () => {
    let loudness = 0;
    for (const [context, analyser] of analysers) {
      if (context.state !== 'running') continue;
      const samples = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(samples);
      const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      loudness = Math.max(loudness, rms);
    }
    for (const [source, { at, offset, stopAt }] of sources) {
      const context = source.context as AudioContext;
      const stamp = context.getOutputTimestamp();
      if (context.state !== 'running' || stamp.contextTime === undefined || stamp.performanceTime === undefined)
        continue;
      if (stamp.contextTime >= stopAt) sources.delete(source);
      if (stamp.contextTime < at || stamp.contextTime >= stopAt) continue;
      const positionMs = (stamp.contextTime - at + offset) * 1000;
      return { loudness, position: { positionMs, atMs: performance.timeOrigin + stamp.performanceTime } };
    }
    return { loudness, position: null };
  };
}

/**
 * Runs in the page like `installEar`: enforces the autoplay policy, no sound before a user gesture. Chromium counts
 * scripts run by the test driver as user gestures, so its own policy does not apply.
 */
export function installAutoplayPolicy(): void {
  let clicked = false;
  addEventListener(
    'click',
    ({ isTrusted }) => {
      clicked ||= isTrusted;
    },
    { capture: true },
  );
  const resume = AudioContext.prototype.resume;
  AudioContext.prototype.resume = function () {
    return clicked ? resume.call(this) : new Promise<void>(() => {});
  };
  window.AudioContext = class extends AudioContext {
    constructor(options?: AudioContextOptions) {
      super(options);
      if (!clicked) void this.suspend();
    }
  };
}

/** Waits in the page for the next track; returns how long after the end of this one it was heard. */
export async function hearChange(page: Page, trackMs: number): Promise<() => Promise<number>> {
  const watch = await page.evaluateHandle(
    ({ everyMs, trackMs }) => {
      let last: { positionMs: number; atMs: number } | null = null;
      const gapMs = new Promise<number>((resolve) => {
        const timer = setInterval(() => {
          const { position } = window.tuttiEar();
          if (position !== null && last !== null && position.positionMs < last.positionMs) {
            clearInterval(timer);
            resolve(position.atMs - position.positionMs - (last.atMs + trackMs - last.positionMs));
          }
          last = position ?? last;
        }, everyMs);
      });
      return { gapMs };
    },
    { everyMs: HEARD_EVERY_MS, trackMs },
  );
  return () => watch.evaluate(({ gapMs }) => gapMs);
}
