/**
 * Tells the system that this page plays music. Lock screens, headset buttons and the permission to play in the
 * background follow media elements only; an audio graph is invisible to them. So an element plays silence alongside,
 * and pauses with the music.
 */

export interface AnchorHost {
  createElement: () => Pick<HTMLAudioElement, 'src' | 'loop' | 'paused' | 'play' | 'pause'>;
  addressOf: (file: Blob) => string;
  /** Where the system can be told directly. */
  audioSession: { type: string } | undefined;
}

export function thisAnchorHost(): AnchorHost {
  const { audioSession } = navigator as { audioSession?: { type: string } };
  return { createElement: () => new Audio(), addressOf: (file) => URL.createObjectURL(file), audioSession };
}

/** Shorter media counts as a notification sound, not as music. */
const SILENCE_S = 10;
const SAMPLE_RATE = 8_000;

export class MediaAnchor {
  #element: ReturnType<AnchorHost['createElement']> | null = null;

  constructor(private readonly host: AnchorHost) {}

  /**
   * Whether music plays on this device. The first call has to come from a user gesture, or the browser may refuse it.
   */
  hold(playing: boolean): void {
    if (!playing) {
      this.#element?.pause();
      return;
    }
    if (this.#element === null) {
      if (this.host.audioSession !== undefined) this.host.audioSession.type = 'playback';
      this.#element = this.host.createElement();
      this.#element.src = this.host.addressOf(silence());
      this.#element.loop = true;
    }
    // Refused before a gesture: nothing to hold, and the next call tries again.
    if (this.#element.paused) void this.#element.play().catch(() => {});
  }
}

/** A silent WAV file. */
export function silence(): Blob {
  const samples = SILENCE_S * SAMPLE_RATE;
  const file = new DataView(new ArrayBuffer(44 + samples));
  const text = (at: number, letters: string) => {
    for (const [index, letter] of [...letters].entries()) file.setUint8(at + index, letter.charCodeAt(0));
  };
  text(0, 'RIFF');
  file.setUint32(4, 36 + samples, true);
  text(8, 'WAVEfmt ');
  file.setUint32(16, 16, true);
  // PCM, mono, 8 bits.
  file.setUint16(20, 1, true);
  file.setUint16(22, 1, true);
  file.setUint32(24, SAMPLE_RATE, true);
  file.setUint32(28, SAMPLE_RATE, true);
  file.setUint16(32, 1, true);
  file.setUint16(34, 8, true);
  text(36, 'data');
  file.setUint32(40, samples, true);
  // The middle of an unsigned byte is silence.
  for (let index = 0; index < samples; index += 1) file.setUint8(44 + index, 128);
  return new Blob([file.buffer], { type: 'audio/wav' });
}
