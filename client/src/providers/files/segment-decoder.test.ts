import { describe, expect, it } from 'vitest';
import { type DecodingContext, decodableQualities, decodeSegment, receiveSegment } from './segment-decoder';

/** Two channels that count samples, the second one negative. */
class CountingBuffer {
  readonly numberOfChannels = 2;
  readonly #channels: Float32Array[];
  constructor(
    readonly length: number,
    fill: (index: number) => number = () => 0,
  ) {
    this.#channels = [1, -1].map((sign) => Float32Array.from({ length }, (_, index) => sign * fill(index)));
  }
  getChannelData = (channel: number) => this.#channels[channel]!;
  copyToChannel = (samples: Float32Array, channel: number) => this.#channels[channel]!.set(samples);
}

function context(decode: (encoded: ArrayBuffer) => CountingBuffer): DecodingContext {
  return {
    decodeAudioData: async (encoded: ArrayBuffer) => decode(encoded),
    createBuffer: (_: number, length: number) => new CountingBuffer(length),
  } as unknown as DecodingContext;
}

const fetched = (samples: number) => ({ encoded: new ArrayBuffer(0), samples, transferMs: 1 });

describe('segment decoder', () => {
  it('takes a lossless segment as it is', async () => {
    const decoded = new CountingBuffer(1_000, (index) => index);
    expect(
      await decodeSegment(
        context(() => decoded),
        fetched(1_000),
        'lossless',
      ),
    ).toBe(decoded);
  });

  it('cuts the margins of a small segment', async () => {
    const decoded = new CountingBuffer(3_840 + 1_000 + 960, (index) => index);
    const segment = await decodeSegment(
      context(() => decoded),
      fetched(1_000),
      'small',
    );
    expect(segment.length).toBe(1_000);
    expect([0, 1].map((channel) => segment.getChannelData(channel).at(0))).toEqual([3_840, -3_840]);
    expect([0, 1].map((channel) => segment.getChannelData(channel).at(-1))).toEqual([4_839, -4_839]);
  });

  it('refuses a segment that is too short', async () => {
    const decoded = new CountingBuffer(3_840 + 999);
    await expect(
      decodeSegment(
        context(() => decoded),
        fetched(1_000),
        'small',
      ),
    ).rejects.toThrow('4839 samples');
  });

  it('believes a format when a click comes out where it went in', async () => {
    const clickAt = (...at: [flac: number, opus: number]) =>
      context((encoded) => {
        const isOgg = new TextDecoder().decode(encoded.slice(0, 4)) === 'OggS';
        const expected = isOgg ? at[1] : at[0];
        return new CountingBuffer(4_000, (index) => (index === expected ? 0.5 : 0.01));
      });
    expect(await decodableQualities(clickAt(480, 1_440))).toEqual(['lossless', 'small']);
    expect(await decodableQualities(clickAt(480, 1_440 + 312))).toEqual(['lossless']);
    expect(await decodableQualities(clickAt(481, 1_440))).toEqual(['small']);
    const old = context(() => {
      throw new Error('unknown format');
    });
    expect(await decodableQualities(old)).toEqual([]);
  });

  it('reads what the server says about a segment', async () => {
    const headers = { 'tutti-segment-samples': '240000' };
    let nowMs = 0;
    const clock = () => (nowMs += 30);
    const received = await receiveSegment(new Response(new Uint8Array(7), { headers }), clock);
    expect(received).toMatchObject({ samples: 240_000, transferMs: 30 });
    expect(received.encoded.byteLength).toBe(7);
  });
});
