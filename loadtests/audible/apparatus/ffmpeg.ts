import { spawnSync } from 'node:child_process';

/** Encodes test files, and measures loudness as EBU R 128 defines it. */

const OUTPUT_BYTES_MAX = 1 << 28;

/** Writes `file` in a codec, by the arguments of ffmpeg. */
export function encode(wav: Buffer, file: string, ...codec: string[]): void {
  ffmpeg(['-i', 'pipe:0', ...codec, file], wav);
}

/** Repeats the contents of a file without encoding them again. */
export function repeat(file: string, times: number, into: string): void {
  ffmpeg(['-stream_loop', String(times - 1), '-i', file, '-c', 'copy', into]);
}

/** Integrated loudness of a channel that both loudspeakers play. */
export function integratedLufs(samples: Float32Array, sampleRate: number): number {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const input = ['-f', 'f32le', '-ar', String(sampleRate), '-ac', '1', '-i', 'pipe:0'];
  const words = ffmpeg([...input, '-af', 'ebur128=dualmono=true:framelog=verbose', '-f', 'null', '-'], bytes);
  const [, lufs] = /\bI:\s+(-?[\d.]+) LUFS/.exec(words) ?? [];
  if (lufs === undefined) throw new Error('ffmpeg measured no loudness');
  return Number(lufs);
}

/** Returns what it reports. */
function ffmpeg(args: string[], input?: Buffer): string {
  const { error, status, stderr } = spawnSync('ffmpeg', ['-hide_banner', '-nostats', '-y', ...args], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    ...(input === undefined ? {} : { input }),
  });
  if (status !== 0) throw new Error(`ffmpeg ended with ${status}: ${stderr || error}`);
  return stderr;
}
