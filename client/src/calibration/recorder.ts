/** A microphone for a moment: what it hears comes as samples, without what browsers do to make voices clearer. */

export type MicrophoneProblem =
  /** Not a page that a browser trusts with it. */
  | 'insecure'
  | 'missing'
  /** By the server's own rules for its pages. */
  | 'forbidden'
  | 'denied'
  | 'busy';

export class NoMicrophone extends Error {
  constructor(readonly problem: MicrophoneProblem) {
    super(problem);
    this.name = 'NoMicrophone';
  }
}

/** What of the browser is used; tests bring their own. */
export interface MicrophoneHost {
  isSecureContext: boolean;
  mediaDevices: Pick<MediaDevices, 'getUserMedia'> | undefined;
  /** Whether the page may use a microphone at all, where the browser says so. */
  allowed: boolean | undefined;
}

export function thisMicrophoneHost(): MicrophoneHost {
  const { featurePolicy } = document as { featurePolicy?: { allowsFeature(name: string): boolean } };
  return {
    isSecureContext,
    mediaDevices: navigator.mediaDevices,
    allowed: featurePolicy?.allowsFeature('microphone'),
  };
}

/** Why there is none to be had, as far as that is known before anybody is asked; `null`: ask. */
export function microphoneProblem({
  isSecureContext,
  mediaDevices,
  allowed,
}: MicrophoneHost): MicrophoneProblem | null {
  if (!isSecureContext) return 'insecure';
  if (allowed === false) return 'forbidden';
  return mediaDevices === undefined ? 'missing' : null;
}

/** Throws a {@link NoMicrophone} that says why. */
export async function openMicrophone(host: MicrophoneHost): Promise<MediaStream> {
  const known = microphoneProblem(host);
  if (known !== null) throw new NoMicrophone(known);
  try {
    // What takes echoes, noise and loudness out of voices would take the sweeps out as well.
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
    return await host.mediaDevices!.getUserMedia({ audio });
  } catch (error) {
    throw new NoMicrophone(problemOf(error));
  }
}

export interface Recording {
  samples: Float32Array;
  sampleRate: number;
}

/** So many seconds of what it hears; less when it is stopped before. */
export async function record(
  stream: MediaStream,
  seconds: number,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Recording> {
  const context = new AudioContext();
  try {
    // Built as a file of its own: the worklet's thread cannot reach what a page is made of.
    await context.audioWorklet.addModule(new URL('./recorder-worklet.js', import.meta.url));
    const { sampleRate } = context;
    const samples = new Float32Array(Math.ceil(seconds * sampleRate));
    const node = new AudioWorkletNode(context, 'tutti-recorder', { numberOfOutputs: 0, channelCount: 1 });
    const length = await new Promise<number>((resolve) => {
      let filled = 0;
      signal.addEventListener('abort', () => resolve(filled));
      node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
        samples.set(data.subarray(0, samples.length - filled), filled);
        filled = Math.min(filled + data.length, samples.length);
        onProgress(filled / samples.length);
        if (filled === samples.length) resolve(filled);
      };
      context.createMediaStreamSource(stream).connect(node);
      void context.resume();
    });
    return { samples: samples.subarray(0, length), sampleRate };
  } finally {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  }
}

function problemOf(error: unknown): MicrophoneProblem {
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'denied';
}
