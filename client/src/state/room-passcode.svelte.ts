import type { RoomPasscode } from '$protocol';

/** The room's passcode, as far as the server shows it to this user. Asked for while something shows it. */
export class RoomPasscodeStatus {
  /** `null` until it is known. */
  shown = $state.raw<RoomPasscode | null>(null);
  #changes = $state(0);
  #asked = '';

  constructor(private readonly load: () => Promise<RoomPasscode>) {}

  /** Loads it again when it changed, or when another `reader` may see more or less of it. For an effect. */
  follow(reader: string): void {
    const asked = `${this.#changes} ${reader}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.load().then(
      (shown) => {
        if (asked === this.#asked) this.shown = shown;
      },
      () => {
        // What shows it works without; the next one that does asks again.
        if (asked === this.#asked) this.#asked = '';
      },
    );
  }

  changed(): void {
    this.#changes += 1;
  }
}
