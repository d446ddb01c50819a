import { writeFile } from 'node:fs/promises';

/** Writes a microphone recording of two devices in turns: one sweeps upwards, the other downwards and `lateMs` late. */
export async function writeRecording(path: string, lateMs: number): Promise<void> {
  const rate = 48_000;
  const sweepS = 0.2;
  const everyS = 3;
  // A whole number of turns, so that it can loop.
  const samples = new Float32Array(everyS * 10 * rate);
  const add = (atS: number, fromHz: number, toHz: number) => {
    const start = atS * rate;
    for (let index = Math.ceil(start); index < start + sweepS * rate; index += 1) {
      const s = (index - start) / rate;
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * s) / sweepS);
      const turns = fromHz * s + ((toHz - fromHz) * s * s) / (2 * sweepS);
      samples[index % samples.length]! += 0.3 * window * Math.cos(2 * Math.PI * turns);
    }
  };
  for (let turn = 0; turn < 10; turn += 1) {
    add(turn * everyS + 0.4, 1_200, 6_000);
    add(turn * everyS + 0.4 + everyS / 2 + lateMs / 1000, 6_000, 1_200);
  }
  await writeFile(path, wav(samples, rate));
}

function wav(samples: Float32Array, rate: number): Buffer {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + 2 * samples.length, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(2 * rate, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(2 * samples.length, 40);
  for (const [index, sample] of samples.entries()) file.writeInt16LE(Math.round(32_767 * sample), 44 + 2 * index);
  return file;
}

/** Chromium flags that replace the microphone by that recording and grant access to every page. */
export function fakeMicrophone(path: string): string[] {
  return [
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${path}`,
    '--disable-features=LocalNetworkAccessChecks',
  ];
}
