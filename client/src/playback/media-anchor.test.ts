import { beforeEach, describe, expect, it } from 'vitest';
import { type AnchorHost, MediaAnchor, silence } from './media-anchor';

class Element {
  src = '';
  loop = false;
  paused = true;
  plays = 0;
  refuses = false;
  async play(): Promise<void> {
    if (this.refuses) throw new Error('no gesture');
    this.plays += 1;
    this.paused = false;
  }
  pause(): void {
    this.paused = true;
  }
}

let element: Element;
let made: number;
let host: AnchorHost;
beforeEach(() => {
  element = new Element();
  made = 0;
  host = {
    createElement: () => {
      made += 1;
      return element;
    },
    addressOf: () => 'blob:silence',
    audioSession: { type: 'auto' },
  };
});

describe('media anchor', () => {
  it('plays silence, and pauses with the music', () => {
    const anchor = new MediaAnchor(host);
    anchor.hold(false);
    expect(made).toBe(0);
    anchor.hold(true);
    anchor.hold(true);
    expect(element).toMatchObject({ src: 'blob:silence', loop: true, paused: false, plays: 1 });
    expect(host.audioSession?.type).toBe('playback');
    anchor.hold(false);
    expect(element.paused).toBe(true);
    anchor.hold(true);
    expect([element.plays, made]).toEqual([2, 1]);
  });

  it('retries when the browser required a gesture first', async () => {
    element.refuses = true;
    const anchor = new MediaAnchor({ ...host, audioSession: undefined });
    anchor.hold(true);
    expect(element.paused).toBe(true);
    element.refuses = false;
    anchor.hold(true);
    expect(element.paused).toBe(false);
  });

  it('is ten seconds of silence', async () => {
    const file = new Uint8Array(await silence().arrayBuffer());
    expect(file.length).toBe(44 + 80_000);
    expect(new TextDecoder().decode(file.subarray(0, 4))).toBe('RIFF');
    expect(file.subarray(44).every((sample) => sample === 128)).toBe(true);
  });
});
