import type { FetchedSegment } from '../providers/files/segment-store';
import { SEGMENT_RATE_HZ, SEGMENT_SAMPLES, type SegmentRef } from '../providers/files/segments';

/** A decoded segment that knows which samples of its track it holds. */
export interface FakeSegment {
  track: string;
  first: number;
  length: number;
}

/** Answers a request for a segment of a track with this many samples. */
export function fakeFetched({ track, number }: SegmentRef, trackSamples: number): FetchedSegment {
  const samples = Math.min(SEGMENT_SAMPLES, trackSamples - number * SEGMENT_SAMPLES);
  const segment: FakeSegment = { track: track.id, first: number * SEGMENT_SAMPLES, length: samples };
  const encoded = new TextEncoder().encode(JSON.stringify(segment)).buffer;
  return { encoded, samples, transferMs: 1 };
}

export async function fakeDecoded({ encoded }: FetchedSegment): Promise<AudioBuffer> {
  return JSON.parse(new TextDecoder().decode(encoded));
}

/** A part of a track that sounds without interruption, in seconds. */
export interface Run {
  track: string;
  startedAt: number;
  /** In the track. */
  offset: number;
  stopsAt: number;
}

/** A fake `AudioContext`: records what would be heard, when, and from which offset. */
export class FakeAudio {
  state: AudioContextState = 'suspended';
  onstatechange: (() => void) | null = null;
  readonly sampleRate = SEGMENT_RATE_HZ;
  sources: FakeSource[] = [];
  gains: FakeGain[] = [];
  destination = {};
  /** Everything is heard as soon as it is rendered. */
  readonly getOutputTimestamp: () => AudioTimestamp = () => ({
    contextTime: this.currentTime,
    performanceTime: this.nowMs(),
  });
  constructor(
    protected readonly nowMs: () => number,
    private readonly allowed = true,
  ) {}

  get currentTime(): number {
    return this.nowMs() / 1000;
  }
  async resume(): Promise<void> {
    if (!this.allowed) return new Promise(() => {});
    this.becomes('running');
  }
  becomes(state: AudioContextState): void {
    this.state = state;
    this.onstatechange?.();
  }
  async close(): Promise<void> {
    this.state = 'closed';
  }
  createGain(): FakeGain {
    const gain = new FakeGain();
    this.gains.push(gain);
    return gain;
  }
  createAnalyser() {
    const getFloatTimeDomainData = (samples: Float32Array) => samples.fill(0.5);
    return { fftSize: 0, connect: <Node>(next: Node) => next, getFloatTimeDomainData };
  }
  createBuffer(_channels: number, length: number, sampleRate: number) {
    return { length, duration: length / sampleRate, copyToChannel: () => {} };
  }
  createBufferSource(): FakeSource {
    const source = new FakeSource();
    this.sources.push(source);
    return source;
  }

  /** What sounds, or will, with sources joined that follow each other to the sample. */
  get runs(): Run[] {
    const runs: Run[] = [];
    const sounding = this.sources.filter((source) => source.endFrame > source.startFrame);
    for (const source of sounding) {
      const { track } = source.segment;
      const startedAt = source.startFrame / SEGMENT_RATE_HZ;
      const offset = source.trackPositionAt(source.startFrame) / SEGMENT_RATE_HZ;
      const stopsAt = source.endFrame / SEGMENT_RATE_HZ;
      const before = runs.find((run) => run.track === track && run.stopsAt === startedAt);
      if (before === undefined) runs.push({ track, startedAt, offset, stopsAt });
      else before.stopsAt = stopsAt;
    }
    return runs;
  }

  /** The positions that sound at a frame, in samples of their tracks. */
  positionsAt(frame: number): number[] {
    return this.sources
      .filter(({ startFrame, endFrame }) => startFrame <= frame && frame < endFrame)
      .map((source) => source.trackPositionAt(frame));
  }
}

export class FakeGain {
  ramps: { to: number; at: number }[] = [];
  readonly gain = {
    value: 1,
    setTargetAtTime: () => {},
    setValueAtTime: () => {},
    linearRampToValueAtTime: (to: number, at: number) => void this.ramps.push({ to, at }),
    cancelScheduledValues: () => {},
  };
  connect<Node>(next: Node): Node {
    return next;
  }
  disconnect(): void {}
}

const QUANTUM = 128;

export class FakeSource {
  buffer: unknown = null;
  onended: (() => void) | null = null;
  startedAt: number | null = null;
  offset = 0;
  stoppedAt: number | null = null;
  /** In order, each from a context time on. */
  rates: { rate: number; at: number }[] = [];
  readonly playbackRate = {
    setValueAtTime: (rate: number, at: number) => void this.rates.push({ rate: Math.fround(rate), at }),
  };
  connect(): void {}
  disconnect(): void {}
  start(at: number, offset = 0): void {
    this.startedAt = at;
    this.offset = offset;
  }
  stop(at = 0): void {
    this.stoppedAt = at;
  }

  get segment(): FakeSegment {
    return this.buffer as FakeSegment;
  }

  /** As in browsers, which round to the nearest frame. */
  get startFrame(): number {
    return Math.round(this.startedAt! * SEGMENT_RATE_HZ);
  }

  /** The first frame after it: where it is stopped, or the end of its buffer. */
  get endFrame(): number {
    const stopped = this.stoppedAt === null ? Number.POSITIVE_INFINITY : Math.round(this.stoppedAt * SEGMENT_RATE_HZ);
    const length = this.segment.length - Math.round(this.offset * SEGMENT_RATE_HZ);
    // A nudged source is always stopped.
    const ended = this.rates.length > 0 ? Number.POSITIVE_INFINITY : this.startFrame + length;
    return Math.min(stopped, ended);
  }

  /** Position in its buffer at a context time, in seconds, as in browsers: rates change at render quanta. */
  positionAt(contextTime: number, sampleRate: number): number {
    let frame = this.startedAt! * sampleRate;
    let position = this.offset * sampleRate;
    let rate = 1;
    const until = contextTime * sampleRate;
    for (const change of this.rates) {
      const from = Math.max(frame, Math.ceil((change.at * sampleRate) / QUANTUM) * QUANTUM);
      if (from > until) break;
      position += (from - frame) * rate;
      frame = from;
      rate = change.rate;
    }
    return (position + (until - frame) * rate) / sampleRate;
  }

  /** The track's sample that it plays at a frame. */
  trackPositionAt(frame: number): number {
    const played = this.positionAt(frame / SEGMENT_RATE_HZ, SEGMENT_RATE_HZ) * SEGMENT_RATE_HZ;
    return this.segment.first + played;
  }
}
