import { integratedLufs } from '../apparatus/ffmpeg.ts';
import type { Growth } from '../apparatus/page-memory.ts';
import type { Recording } from '../apparatus/recording.ts';
import { CONFIDENCE_MIN, Correlator, type Match, type Unheard, type Window } from '../sound/correlator.ts';
import { type Gap, gaps, onsetMs } from '../sound/silence.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';

/** What is evaluated in an interval of a recording. */

/** A second, and how far off the second player's page said that it may be at most. */
interface StatedWindow extends Window {
  stated_ms?: number;
}

/** The result of a row in one run. */
export interface Heard {
  /** Second by second for each pair of players, or for what else is compared. */
  windows: ((StatedWindow | Unheard) & {
    /** The earlier second that it is compared with, if that is another. */
    beside_s?: number;
  })[];
  /** Gaps in the sound of any player. */
  gaps: Gap[];
  /** From each `play` to the first sound of each player; `null` if there was none. */
  first: { at_s: number; ms: number | null }[];
  /** By how many MiB the page of each player grew. */
  grown_mib: Growth[];
  loudness: { what: string; lufs: number }[];
}

export interface Interval {
  recording: Recording;
  channels: readonly Float32Array[];
  /** In ms of the recording. */
  from: number;
  until: number;
}

export type Measure = (interval: Interval) => Partial<Heard>;

export interface Stated {
  atMs: number;
  /** How far off it may be at most. */
  withinMs: number;
}

const FIRST_WAIT_MS = 5_000;
/** A page reports once a second: the first statement may follow the start of the first second. */
const STATED_AFTER_MS = 1_000;
/** Around a seam, where gaps are counted. */
const SEAM_REACH_MS = 1_000;
/** Short, so that few nudges begin or end within. */
const SEAM_WINDOW_MS = 100;
/** Where the windows begin, from the seam: 10 ms next to it are left out, because encoders disturb the ends of a file. */
const SEAM_WINDOWS_MS = [-210, -110, 10, 110];
/** From the middle of a window to the seam, in windows. */
const SEAM_EXTENSION = 0.6;
/** Around the place where the sound is known to be. */
const SEAM_SEARCH_MS = 20;

/** How far apart each pair of players is, and the gaps of each. `stated` is what the second player's page stated. */
export const apart =
  (stated: readonly Stated[] = []): Measure =>
  ({ recording, channels, from, until }) => {
    const correlator = new Correlator(SAMPLE_RATE);
    const windows = channels.flatMap((channel, player) =>
      channels.slice(player + 1).flatMap((other) => correlator.windows(channel, other, from, until)),
    );
    return {
      windows: windows.map((window) => withStated(window, recording, stated)),
      gaps: channels.flatMap((channel) => gaps(channel, SAMPLE_RATE, from, until)),
    };
  };

/** From each `play` to the first sound, of the given players or of all. */
export const firstSounds =
  (playedMs: readonly number[], ...players: number[]): Measure =>
  ({ recording, channels }) => {
    const asked = players.length === 0 ? channels : players.map((player) => channels[player]!);
    return { first: playedMs.flatMap((ms) => asked.map((channel) => firstAfter(recording, channel, ms))) };
  };

/** How far the recording of each player is off its own, `laterMs` before. */
export const repeated =
  (laterMs: number): Measure =>
  ({ channels, from, until }) => {
    const correlator = new Correlator(SAMPLE_RATE);
    const windows = channels.flatMap((channel) =>
      correlator.windows(channel, channel.subarray(samplesIn(laterMs)), from, until),
    );
    return {
      windows: windows.map((window) => ({ ...window, at_s: window.at_s + laterMs / 1000, beside_s: window.at_s })),
    };
  };

/**
 * How much later than in `original` a recording goes on after a seam: `seamMs` in the original, and at about `from` in the
 * recording. One figure for each player, and the gaps around the seam.
 */
export const seam =
  (original: Float32Array, seamMs: number): Measure =>
  ({ channels, from }) => ({
    windows: channels.map((channel) => seamIn(channel, from, original, seamMs)),
    gaps: channels.flatMap((channel) => gaps(channel, SAMPLE_RATE, from - SEAM_REACH_MS, from + SEAM_REACH_MS)),
  });

/** How loud the first player is. */
export const loudness =
  (what: string): Measure =>
  ({ channels, from, until }) => {
    const part = channels[0]!.subarray(samplesIn(from), samplesIn(until));
    return { loudness: [{ what, lufs: integratedLufs(part, SAMPLE_RATE) }] };
  };

/** What the page stated last when the second began. */
function withStated(window: Window | Unheard, recording: Recording, stated: readonly Stated[]): StatedWindow | Unheard {
  const latest = stated.findLast(({ atMs }) => recording.placeOf(atMs) <= window.at_s * 1000 + STATED_AFTER_MS);
  return 'why' in window || latest === undefined ? window : { ...window, stated_ms: latest.withinMs };
}

function firstAfter(recording: Recording, channel: Float32Array, playedMs: number): Heard['first'][number] {
  const from = recording.placeOf(playedMs);
  const onset = onsetMs(channel, SAMPLE_RATE, from, from + FIRST_WAIT_MS);
  return { at_s: from / 1000, ms: onset === null ? null : onset - from };
}

function seamIn(channel: Float32Array, placeMs: number, original: Float32Array, seamMs: number): Window | Unheard {
  const at_s = placeMs / 1000;
  const around = original.subarray(samplesIn(seamMs - SEAM_REACH_MS), samplesIn(seamMs + SEAM_REACH_MS));
  const startMs = Math.max(0, placeMs - SEAM_REACH_MS);
  const half = SEAM_REACH_MS / 2;
  const rough = new Correlator(SAMPLE_RATE, half, half).match(
    around,
    channel.subarray(samplesIn(startMs)),
    samplesIn(half),
  );
  if (rough === null) return { at_s, why: 'silent' };
  if (rough.confidence < CONFIDENCE_MIN) return { at_s, why: 'unclear' };
  const heard = channel.subarray(Math.max(0, samplesIn(startMs + rough.offset_ms)));
  const fine = new Correlator(SAMPLE_RATE, SEAM_WINDOW_MS, SEAM_SEARCH_MS);
  const [early, before, after, late] = SEAM_WINDOWS_MS.map((ms) =>
    fine.match(around, heard, samplesIn(SEAM_REACH_MS + ms)),
  ) as [Match | null, Match | null, Match | null, Match | null];
  if (early === null || before === null || after === null || late === null) return { at_s, why: 'silent' };
  const confidence = Math.min(early.confidence, before.confidence, after.confidence, late.confidence);
  if (confidence < CONFIDENCE_MIN) return { at_s, why: 'unclear' };
  // Both sides extended to the seam: a nudge changes the offset steadily.
  const end = before.offset_ms + SEAM_EXTENSION * (before.offset_ms - early.offset_ms);
  const start = after.offset_ms - SEAM_EXTENSION * (late.offset_ms - after.offset_ms);
  return { at_s, offset_ms: start - end, confidence };
}

const samplesIn = (ms: number) => Math.round((ms * SAMPLE_RATE) / 1000);
