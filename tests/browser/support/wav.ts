/** A low tone as a WAV file at 8 kHz. */
export function hum(seconds: number): Buffer {
  const rate = 8_000;
  return wav(
    rate,
    Float64Array.from({ length: seconds * rate }, (_, index) => 8_000 * Math.sin((2 * Math.PI * 220 * index) / rate)),
  );
}

/** A WAV file: RIFF, 16 bits, mono. */
export function wav(rate: number, samples: Float64Array): Buffer {
  const data = Buffer.alloc(samples.length * 2);
  for (const [index, sample] of samples.entries()) data.writeInt16LE(Math.round(sample), index * 2);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    head.writeUInt16LE(value, at);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
