import type { Room } from '$protocol';
import { deviceId } from '../browser/device';
import { device } from '../browser/storage';
import { timeOfDayMs } from '../browser/wall-clock';
import { type Calibration, Calibrations } from '../calibration/calibration';
import type { SignalOutput } from '../calibration/signals';
import type { DevicePlayer } from '../providers/device-player';
import type { FilesPlayer } from '../providers/files/file-player-on-demand';
import type { ServerClock } from '../sync/clock';
import { type Quality, QualityTracker } from '../sync/quality';

/** How well this device is in sync with the room, and its calibration. */
export class DeviceSync {
  quality = $state.raw<Quality | null>(null);
  /** Uncertainty of the error. */
  deviationMs = $state<number | null>(null);
  /** The calibration of the current output. */
  calibrated = $state.raw<Calibration | null>(null);
  /** Only a calibration can tell how late this device is heard: its browser does not. */
  needsCalibration = $state(false);
  readonly calibrations = new Calibrations(device, deviceId());
  #qualities = new QualityTracker();

  constructor(
    /** Knows the audio outputs of this device. */
    private readonly files: FilesPlayer,
    /** Plays the current track, whatever its provider. */
    private readonly player: DevicePlayer,
    private readonly clock: ServerClock,
  ) {}

  /** Called a few times a second. */
  update(room: Room | null, nowMs: number): void {
    const { output } = this.files;
    const { deviationMs, state } = this.player;
    const status = this.player.status();
    this.deviationMs = deviationMs;
    this.calibrated = output === null ? null : this.calibrations.of(output);
    this.needsCalibration = this.calibrated === null && this.files.assumesLatency;
    const isJudged = room !== null && status !== null && state !== 'left_out';
    this.quality = isJudged ? this.#qualities.of(deviceId(), status, room.playback, nowMs) : null;
  }

  /** For calibration signals; `null` while this device does not play. */
  signalOutput(calibrated: boolean): SignalOutput | null {
    return this.files.signalOutput(calibrated);
  }

  /** Mutes the music while a signal plays. */
  hush(hushed: boolean): void {
    this.files.hush(hushed);
  }

  /** Stores the calibration of the current output; `null` removes it. */
  calibrate(calibrated: Omit<Calibration, 'at_ms'> | null): void {
    const { output } = this.files;
    if (output === null) return;
    this.calibrations.set(output, calibrated === null ? null : { ...calibrated, at_ms: timeOfDayMs() });
    this.calibrated = this.calibrations.of(output);
    this.needsCalibration = this.calibrated === null && this.files.assumesLatency;
  }

  /** Converts a time of the page's clock to the server's clock. */
  toServerMs(localMs: number): number {
    return this.clock.toServer(localMs);
  }
}
