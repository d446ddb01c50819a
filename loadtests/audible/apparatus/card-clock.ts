import { constants, openSync, readSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SAMPLE_RATE } from '../sound/test-music.ts';
import { nowMs } from './clock.ts';

/**
 * Simulated sound card clocks, in a process of its own so that other work does not delay them. Each reads from its pipe
 * exactly what a card would have played by now and records the first channel. A card without input plays silence.
 */

/**
 * A pipe holds 64 KiB, all of which is latency: 43 ms with this many channels, as with an ordinary card.
 */
export const CARD_CHANNELS = 8;
const FRAME_BYTES = 4 * CARD_CHANNELS;
const TICK_MS = 1;

interface Card {
  pipe: number;
  heard: number;
  samplesPerMs: number;
  played: number;
  /** The beginning of an incomplete frame. */
  rest: Buffer;
  sounding: boolean;
}

function play(cards: Card[]): never {
  const startMs = nowMs();
  console.log(`playing since ${startMs}`);
  const tick = new Int32Array(new SharedArrayBuffer(4));
  for (let lookedMs = startMs; ; ) {
    // A dedicated busy thread keeps time better than timers.
    Atomics.wait(tick, 0, 0, TICK_MS);
    const atMs = nowMs();
    for (const card of cards) advance(card, atMs - startMs, atMs - lookedMs);
    lookedMs = atMs;
  }
}

/** `stoodMs`: time since the last advance. More than a pipe holds means that this process did not run. */
function advance(card: Card, passedMs: number, stoodMs: number): void {
  const due = Math.floor(passedMs * card.samplesPerMs) - card.played;
  if (due <= 0) return;
  const buffer = Buffer.alloc(due * FRAME_BYTES);
  card.rest.copy(buffer);
  const filled = card.rest.length + read(card.pipe, buffer, card.rest.length);
  const frames = Math.floor(filled / FRAME_BYTES);
  card.rest = Buffer.from(buffer.subarray(frames * FRAME_BYTES, filled));
  const heard = Buffer.alloc(4 * due);
  for (let n = 0; n < frames; n += 1) buffer.copy(heard, 4 * n, n * FRAME_BYTES, n * FRAME_BYTES + 4);
  writeSync(card.heard, heard);
  if (frames < due && card.sounding) {
    console.log(`starved at ${(passedMs / 1000).toFixed(3)} s, having stood still for ${stoodMs.toFixed(0)} ms`);
  }
  card.sounding = frames === due;
  card.played += due;
}

/** Reads what is available, up to the end of the buffer. */
function read(pipe: number, buffer: Buffer, from: number): number {
  let at = from;
  while (at < buffer.length) {
    try {
      const bytes = readSync(pipe, buffer, at, buffer.length - at, null);
      if (bytes === 0) break;
      at += bytes;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') break;
      throw error;
    }
  }
  return at - from;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = JSON.parse(process.argv[2] ?? '[]') as [string, string, number][];
  play(
    named.map(([pipe, heard, ppm]) => ({
      pipe: openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK),
      heard: openSync(heard, 'a'),
      samplesPerMs: (SAMPLE_RATE / 1000) * (1 + ppm / 1e6),
      played: 0,
      rest: Buffer.alloc(0),
      sounding: false,
    })),
  );
}
