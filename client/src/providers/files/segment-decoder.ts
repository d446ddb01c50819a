import { SEGMENTS } from '$protocol';
import { SAMPLE_CLICKS } from './sample-clicks';
import type { FetchedSegment } from './segment-store';
import { type AudioQuality, SEGMENT_RATE_HZ } from './segments';

/** The part of `BaseAudioContext` used here. */
export type DecodingContext = Pick<BaseAudioContext, 'decodeAudioData' | 'createBuffer'>;

/** Reads a segment from the server's answer. */
export async function receiveSegment(response: Response, nowMs: () => number): Promise<FetchedSegment> {
  const firstByteMs = nowMs();
  const encoded = await response.arrayBuffer();
  const samples = Number(response.headers.get(SEGMENTS.samplesHeader));
  return { encoded, samples, transferMs: nowMs() - firstByteMs };
}

/** Decodes a segment to exactly its samples. */
export async function decodeSegment(
  context: DecodingContext,
  { encoded, samples }: FetchedSegment,
  quality: AudioQuality,
): Promise<AudioBuffer> {
  const decoded = await context.decodeAudioData(encoded);
  const lead = quality === 'small' ? SEGMENTS.smallLead : 0;
  if (decoded.length < lead + samples) throw new Error(`${decoded.length} samples instead of ${lead + samples}`);
  if (decoded.length === samples) return decoded;
  const segment = context.createBuffer(decoded.numberOfChannels, samples, SEGMENT_RATE_HZ);
  for (let channel = 0; channel < decoded.numberOfChannels; channel += 1) {
    segment.copyToChannel(decoded.getChannelData(channel).subarray(lead, lead + samples), channel);
  }
  return segment;
}

/**
 * The qualities that this browser decodes to the right samples: a click has to come out where it went in. Asked once;
 * the answer for an old browser may be none.
 */
export async function decodableQualities(context: DecodingContext): Promise<AudioQuality[]> {
  const qualities = ['lossless', 'small'] as const;
  const decodes = await Promise.all(qualities.map((quality) => decodesClick(context, quality)));
  return qualities.filter((_, index) => decodes[index]);
}

async function decodesClick(context: DecodingContext, quality: AudioQuality): Promise<boolean> {
  const { base64, clickAt } = SAMPLE_CLICKS[quality];
  const encoded = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
  const decoded = await context.decodeAudioData(encoded).catch(() => null);
  if (decoded === null) return false;
  const sizes = decoded.getChannelData(0).map(Math.abs);
  return sizes.indexOf(Math.max(...sizes)) === clickAt;
}
