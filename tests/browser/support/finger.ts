import type { CDPSession, Locator, Page } from '@playwright/test';
import { reveal } from './revealing.ts';

export interface Point {
  x: number;
  y: number;
}

/** Points between the ends of a movement: a browser decides from the first ones whether it scrolls. */
const STEPS = 8;

/** As long as an element is at rest. */
const STILL_FRAMES = 3;

/** One finger on a touch screen. Its events pass through the whole of Chromium's input handling, scrolling included. */
export class Finger {
  #at: Point = { x: 0, y: 0 };

  private constructor(private readonly session: CDPSession) {}

  static async on(page: Page): Promise<Finger> {
    return new Finger(await page.context().newCDPSession(page));
  }

  async down(at: Point): Promise<void> {
    this.#at = at;
    await this.#send('touchStart', [at]);
  }

  async move(to: Point): Promise<void> {
    const from = this.#at;
    for (let step = 1; step <= STEPS; step += 1) {
      const part = step / STEPS;
      await this.#send('touchMove', [{ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }]);
    }
    this.#at = to;
  }

  async by(x: number, y: number): Promise<void> {
    await this.move({ x: this.#at.x + x, y: this.#at.y + y });
  }

  async up(): Promise<void> {
    await this.#send('touchEnd', []);
  }

  /** The system takes the touch away, as for a call or a gesture of its own. */
  async cancel(): Promise<void> {
    await this.#send('touchCancel', []);
  }

  async #send(type: 'touchStart' | 'touchMove' | 'touchEnd' | 'touchCancel', touchPoints: Point[]): Promise<void> {
    await this.session.send('Input.dispatchTouchEvent', { type, touchPoints });
  }
}

/** The middle of an element, scrolled into view and at rest. */
export async function middleOf(element: Locator): Promise<Point> {
  await reveal(element);
  await element.scrollIntoViewIfNeeded();
  await element.evaluate(async (box, frames) => {
    let [y, still] = [Number.NaN, 0];
    while (still < frames) {
      await new Promise(requestAnimationFrame);
      const { top } = box.getBoundingClientRect();
      [y, still] = [top, top === y ? still + 1 : 0];
    }
  }, STILL_FRAMES);
  const { x, y, width, height } = (await element.boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}
