import type { ServerFrame } from '$protocol';
import { floated, heard, type Reaction, type Said } from '../room/talk';

const FLOATING_MS = 3_500;

/** What people say to each other and how they react: heard by whoever is here, and kept nowhere. */
export class Talk {
  lines = $state.raw<Said[]>([]);
  reactions = $state.raw<Reaction[]>([]);
  #ids = 0;

  take(frame: Extract<ServerFrame, { type: 'said' | 'reacted' }>): void {
    const id = ++this.#ids;
    if (frame.type === 'said') {
      this.lines = heard(this.lines, frame, id);
      return;
    }
    this.reactions = floated(this.reactions, frame, id);
    setTimeout(() => {
      this.reactions = this.reactions.filter((reaction) => reaction.id !== id);
    }, FLOATING_MS);
  }
}
