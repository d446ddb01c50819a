export const HEADER_BYTES = 44;

/** A 16-bit WAV file; all `channels` have the same length. */
export function wav(sampleRate: number, ...channels: Float32Array[]): Buffer {
  const frames = channels[0]!.length;
  const frameBytes = channels.length * 2;
  const file = Buffer.alloc(HEADER_BYTES + frames * frameBytes);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(channels.length, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate * frameBytes, 28);
  file.writeUInt16LE(frameBytes, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(frames * frameBytes, 40);
  let at = HEADER_BYTES;
  for (let n = 0; n < frames; n += 1) {
    for (const channel of channels) at = file.writeInt16LE(Math.round(channel[n]! * 32_767), at);
  }
  return file;
}
