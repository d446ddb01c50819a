import { compareRecordings } from '../calibration/chirp';
import { microphoneProblem, NoMicrophone, openMicrophone, record, thisMicrophoneHost } from '../calibration/recorder';
import { CLICK_EVERY_MS, type Signal, SignalTrack } from '../calibration/signals';
import { calibrationFrom, measureTaps, type TapCalibration, type TapMeasurement } from '../calibration/tapping';
import type { calibrateText } from '../text/calibrate';
import type { DeviceSync } from './device-sync.svelte';

/** Enough for statistics, few enough for patience. */
export const TAPS_WANTED = 16;
/** Four turns of each sweep. */
const LISTEN_S = 13;

type MicrophoneTrouble = keyof typeof calibrateText.microphone.problems;

export type MicrophoneState =
  | { name: 'idle' }
  | { name: 'asking' }
  | { name: 'listening'; share: number }
  | { name: 'working' }
  | { name: 'failed'; problem: MicrophoneTrouble }
  | { name: 'done'; result: TapCalibration };

/** The calibration dialog's state: which signal plays, what was tapped, and what the microphone recorded. */
export class Calibrator {
  /** The signal that this device plays; the music is silent meanwhile. */
  signal = $state.raw<Signal | null>(null);
  /** Whose clicks the user taps along with; `null`: none. */
  tapping = $state.raw<'own' | 'other' | null>(null);
  taps = $state(0);
  /** The last taps were inconsistent. */
  unclear = $state(false);
  own = $state.raw<TapMeasurement | null>(null);
  other = $state.raw<TapMeasurement | null>(null);
  tapped = $derived(this.own === null ? null : calibrationFrom(this.own, this.other));
  /** There is no audio output to play on yet. */
  unable = $state(false);
  listening = $state.raw<MicrophoneState>({ name: 'idle' });
  readonly microphoneProblem = microphoneProblem(thisMicrophoneHost());
  #track: SignalTrack | null = null;
  #tapsMs: number[] = [];
  #recording: AbortController | null = null;

  constructor(private readonly sync: DeviceSync) {}

  /** Stops everything except the music. */
  stop(): void {
    this.#track?.stop();
    this.#track = null;
    this.signal = null;
    this.tapping = null;
    this.#recording?.abort();
    this.#recording = null;
    if (this.listening.name !== 'done' && this.listening.name !== 'failed') this.listening = { name: 'idle' };
    this.sync.hush(false);
  }

  /** Plays the reference signal for another device. */
  help(signal: Signal): void {
    const again = this.signal === signal;
    this.stop();
    if (!again) this.#play(signal, true);
  }

  startTapping(whose: 'own' | 'other'): void {
    this.stop();
    this.unclear = false;
    this.#tapsMs = [];
    this.taps = 0;
    if (whose === 'own') {
      this.own = null;
      this.other = null;
      // Uncalibrated: the measured offset is the whole offset.
      if (!this.#play('click', false)) return;
    } else {
      this.sync.hush(true);
    }
    this.tapping = whose;
  }

  /** In the page's clock. */
  tap(atMs: number): void {
    if (this.tapping === null) return;
    this.#tapsMs.push(this.sync.toServerMs(atMs));
    this.taps = this.#tapsMs.length;
    if (this.taps < TAPS_WANTED) return;
    const found = measureTaps({ firstMs: 0, periodMs: CLICK_EVERY_MS }, this.#tapsMs);
    this.unclear = found === null;
    if (this.tapping === 'own') this.own = found;
    else this.other = found;
    this.stop();
  }

  useTapped(): void {
    if (this.tapped === null) return;
    this.sync.calibrate({ ...this.tapped, how: 'tapped' });
    this.own = null;
    this.other = null;
  }

  async listen(): Promise<void> {
    this.stop();
    this.listening = { name: 'asking' };
    const recording = new AbortController();
    this.#recording = recording;
    try {
      const stream = await openMicrophone(thisMicrophoneHost());
      this.listening = { name: 'listening', share: 0 };
      if (recording.signal.aborted || !this.#play('down', false)) {
        for (const track of stream.getTracks()) track.stop();
        this.listening = { name: 'idle' };
        return;
      }
      const { samples, sampleRate } = await record(stream, LISTEN_S, recording.signal, (share) => {
        if (!recording.signal.aborted) this.listening = { name: 'listening', share };
      });
      if (recording.signal.aborted) return;
      this.listening = { name: 'working' };
      this.#track?.stop();
      // The progress text has to be drawn before the computation blocks.
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      const found = compareRecordings(samples, sampleRate);
      this.listening =
        'problem' in found ? { name: 'failed', problem: found.problem } : { name: 'done', result: found };
    } catch (error) {
      if (recording.signal.aborted) return;
      const problem = error instanceof NoMicrophone ? error.problem : 'busy';
      this.listening = { name: 'failed', problem };
    }
    this.stop();
  }

  useHeard(): void {
    if (this.listening.name !== 'done') return;
    const { offset_ms, error_ms } = this.listening.result;
    this.sync.calibrate({ offset_ms, error_ms, how: 'heard' });
    this.listening = { name: 'idle' };
  }

  #play(signal: Signal, calibrated: boolean): boolean {
    const signalOutput = this.sync.signalOutput(calibrated);
    this.unable = signalOutput === null;
    if (signalOutput === null) return false;
    this.sync.hush(true);
    this.#track = new SignalTrack(signal, signalOutput);
    this.signal = signal;
    return true;
  }
}
