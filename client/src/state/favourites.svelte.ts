import type { Track } from '$protocol';
import { recallFavourites, rememberFavourites, toggled } from '../browser/favourites';
import { trackKey } from '../providers/track';

/** The favourite tracks of this device, in all its tabs. */
class Favourites {
  tracks = $state.raw<readonly Track[]>(recallFavourites());
  readonly #keys = $derived(new Set(this.tracks.map(trackKey)));

  constructor() {
    addEventListener('storage', () => {
      this.tracks = recallFavourites();
    });
  }

  has(track: Track): boolean {
    return this.#keys.has(trackKey(track));
  }

  toggle(track: Track): void {
    // Another tab may have changed them since.
    this.tracks = toggled(recallFavourites(), track);
    rememberFavourites(this.tracks);
  }
}

export const favourites = new Favourites();
