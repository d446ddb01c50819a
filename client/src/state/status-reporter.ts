import type { ClientFrame, DevicePlayback } from '$protocol';

/**
 * Tells the room what this device plays, and whether the user looks at it. While nothing plays, a frame goes out only when
 * something changed: the last one says that playback has stopped.
 */
export class StatusReporter {
  #sentPlayback = false;
  #sentIdle = false;

  constructor(
    private readonly playback: () => DevicePlayback | null,
    private readonly isHidden: () => boolean,
    private readonly send: (frame: ClientFrame) => boolean,
  ) {}

  /** A new connection starts as not idle. */
  connected(): void {
    this.#sentIdle = false;
    this.sendStatus();
  }

  sendStatus(): void {
    const playback = this.playback();
    const idle = playback === null && this.isHidden();
    if (playback === null && !this.#sentPlayback && idle === this.#sentIdle) return;
    const sent = this.send({ type: 'status', playback, idle });
    this.#sentPlayback = playback !== null && sent;
    if (sent) this.#sentIdle = idle;
  }
}
