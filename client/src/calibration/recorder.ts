/** Records the microphone for a few seconds, without the browser's voice processing. */

export type MicrophoneProblem =
  /** The page is not a secure context. */
  | 'insecure'
  | 'missing'
  /** Forbidden by the server's permissions policy. */
  | 'forbidden'
  | 'denied'
  | 'busy';

export class NoMicrophone extends Error {
  constructor(readonly problem: MicrophoneProblem) {
    super(problem);
    this.name = 'NoMicrophone';
  }
}

/** The browser APIs used here, replaceable in tests. */
export interface MicrophoneHost {
  isSecureContext: boolean;
  mediaDevices: Pick<MediaDevices, 'getUserMedia'> | undefined;
  /** Whether the permissions policy allows the microphone, where the browser says so. */
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

/** Why no microphone is available, as far as that is known before asking the user; `null`: ask. */
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
    // Echo cancellation, noise suppression and gain control would remove the sweeps.
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

/** Records this many seconds; less when it is aborted. */
export async function record(
  stream: MediaStream,
  seconds: number,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Recording> {
  const context = new AudioContext();
  try {
    // Built as a separate file: an audio worklet cannot use the page's bundle.
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
