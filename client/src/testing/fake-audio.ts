/** A fake `AudioContext`: records what would be heard, when, and from which offset. */
export class FakeAudio {
  state: AudioContextState = 'suspended';
  onstatechange: (() => void) | null = null;
  readonly sampleRate = 48_000;
  sources: FakeSource[] = [];
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
  async decodeAudioData(encoded: ArrayBuffer) {
    return { duration: encoded.byteLength };
  }
  createGain() {
    const ignore = () => {};
    const gain = {
      value: 1,
      setTargetAtTime: ignore,
      setValueAtTime: ignore,
      linearRampToValueAtTime: ignore,
      cancelScheduledValues: ignore,
    };
    return { gain, connect: <Node>(next: Node) => next, disconnect: ignore };
  }
  createAnalyser() {
    const getFloatTimeDomainData = (samples: Float32Array) => samples.fill(0.5);
    return { fftSize: 0, connect: <Node>(next: Node) => next, getFloatTimeDomainData };
  }
  createBuffer(_channels: number, length: number, sampleRate: number) {
    return { duration: length / sampleRate, copyToChannel: () => {} };
  }
  createMediaElementSource() {
    return { connect: () => {}, disconnect: () => {} };
  }
  createBufferSource(): FakeSource {
    const source = new FakeSource();
    this.sources.push(source);
    return source;
  }
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
  start(at: number, offset = 0): void {
    this.startedAt = at;
    this.offset = offset;
  }
  stop(at: number): void {
    this.stoppedAt = at;
  }
  /** Position in its buffer at a context time, in seconds, as in browsers: rates change at render quanta. */
  positionAt(contextTime: number, sampleRate: number): number {
    let frame = this.startedAt! * sampleRate;
    let position = this.offset * sampleRate;
    let rate = 1;
    const until = contextTime * sampleRate;
    for (const change of this.rates) {
      const from = Math.ceil((change.at * sampleRate) / QUANTUM) * QUANTUM;
      if (from > until) break;
      position += (from - frame) * rate;
      frame = from;
      rate = change.rate;
    }
    return (position + (until - frame) * rate) / sampleRate;
  }
}
