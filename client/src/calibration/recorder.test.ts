import { describe, expect, it } from 'vitest';
import { type MicrophoneHost, microphoneProblem, openMicrophone } from './recorder';

const lends = { getUserMedia: async () => ({}) as MediaStream };
const host = (change: Partial<MicrophoneHost> = {}): MicrophoneHost => ({
  isSecureContext: true,
  mediaDevices: lends,
  allowed: undefined,
  ...change,
});
const refuses = (name: string) =>
  host({
    mediaDevices: {
      getUserMedia: async () => {
        throw Object.assign(new Error('no'), { name });
      },
    },
  });

describe('microphone', () => {
  it('says why it is not available, without a prompt', () => {
    expect(microphoneProblem(host())).toBeNull();
    expect(microphoneProblem(host({ allowed: true }))).toBeNull();
    expect(microphoneProblem(host({ allowed: false }))).toBe('forbidden');
    expect(microphoneProblem(host({ mediaDevices: undefined }))).toBe('missing');
    expect(microphoneProblem(host({ isSecureContext: false, mediaDevices: undefined }))).toBe('insecure');
  });

  it('is requested without voice processing', async () => {
    let asked: MediaStreamConstraints | undefined;
    const mediaDevices = {
      getUserMedia: async (constraints?: MediaStreamConstraints) => {
        asked = constraints;
        return {} as MediaStream;
      },
    };
    await openMicrophone(host({ mediaDevices }));
    expect(asked?.audio).toMatchObject({ echoCancellation: false, noiseSuppression: false, autoGainControl: false });
  });

  it.each([
    ['NotAllowedError', 'denied'],
    ['NotFoundError', 'missing'],
    ['NotReadableError', 'busy'],
  ])('reports why the request failed: %s', async (name, problem) => {
    await expect(openMicrophone(refuses(name))).rejects.toMatchObject({ problem });
  });
});
