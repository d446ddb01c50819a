import type { Room } from '$protocol';
import { deviceId } from '../browser/device';
import { device } from '../browser/storage';
import { timeOfDayMs } from '../browser/wall-clock';
import { type Calibration, Calibrations } from '../calibration/calibration';
import type { SignalOutput } from '../calibration/signals';
import type { DevicePlayer } from '../providers/device-player';
import type { FilePlayer } from '../providers/files/file-player';
import type { ServerClock } from '../sync/clock';
import { type Quality, QualityTracker } from '../sync/quality';

/** How well this device is in time with the room, and what somebody found out about it by ear. */
export class DeviceSync {
  quality = $state.raw<Quality | null>(null);
  /** What the error may be wrong by. */
  deviationMs = $state<number | null>(null);
  /** What is known of the output that this device plays to. */
  calibrated = $state.raw<Calibration | null>(null);
  readonly calibrations = new Calibrations(device, deviceId());
  #qualities = new QualityTracker();

  constructor(
    /** Knows the audio outputs of this device. */
    private readonly files: FilePlayer,
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
    const isJudged = room !== null && status !== null && state !== 'left_out';
    this.quality = isJudged ? this.#qualities.of(deviceId(), status, room.playback, nowMs) : null;
  }

  /** For sounds by which devices are got in time; `null` while this one does not play. */
  signalOutput(calibrated: boolean): SignalOutput | null {
    return this.files.signalOutput(calibrated);
  }

  /** Silent while something else is to be heard. */
  hush(hushed: boolean): void {
    this.files.hush(hushed);
  }

  /** Keeps what somebody found out about this output; `null` forgets it. */
  calibrate(calibrated: Omit<Calibration, 'at_ms'> | null): void {
    const { output } = this.files;
    if (output === null) return;
    this.calibrations.set(output, calibrated === null ? null : { ...calibrated, at_ms: timeOfDayMs() });
    this.calibrated = this.calibrations.of(output);
  }

  /** What the server's clock shows at a moment of this page's. */
  toServerMs(localMs: number): number {
    return this.clock.toServer(localMs);
  }
}
