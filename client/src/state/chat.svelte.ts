import type { ServerFrame } from '$protocol';
import { type ChatLine, type Reaction, withLine, withReaction } from '../room/chat';

const REACTION_MS = 3_500;

/** Chat messages and reactions. Shown while the page is open; nothing is stored. */
export class Chat {
  lines = $state.raw<ChatLine[]>([]);
  reactions = $state.raw<Reaction[]>([]);
  #ids = 0;

  receive(frame: Extract<ServerFrame, { type: 'said' | 'reacted' }>): void {
    const id = ++this.#ids;
    if (frame.type === 'said') {
      this.lines = withLine(this.lines, frame, id);
      return;
    }
    this.reactions = withReaction(this.reactions, frame, id);
    setTimeout(() => {
      this.reactions = this.reactions.filter((reaction) => reaction.id !== id);
    }, REACTION_MS);
  }
}
