import { setTimeout as wait } from 'node:timers/promises';
import type { Point } from './finger.ts';
import { callOf, DRAG_STEPS, type Tab } from './tab.ts';

/** As much of W3C WebDriver as the tests need, over HTTP. */

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const ELEMENT_WAIT_MS = 30_000;
const LOOK_EVERY_MS = 50;
const FRAME_MS = 17;
const ESCAPE = '\uE00C';
const PRESS = { type: 'pointerDown', button: 0 };
const RELEASE = { type: 'pointerUp', button: 0 };

export class WebDriverTab implements Tab {
  private constructor(
    private readonly session: string,
    readonly browserVersion: string,
  ) {}

  /** `driver` is the address of the driver. */
  static async open(driver: string, capabilities: Record<string, unknown>): Promise<WebDriverTab> {
    const { sessionId, capabilities: found } = (await request('POST', `${driver}/session`, {
      capabilities: { alwaysMatch: capabilities },
    })) as { sessionId: string; capabilities: { browserVersion: string } };
    return new WebDriverTab(`${driver}/session/${sessionId}`, found.browserVersion);
  }

  async goto(url: string): Promise<void> {
    await this.#send('POST', 'url', { url });
  }

  async reload(): Promise<void> {
    await this.#send('POST', 'refresh', {});
  }

  /** With the mouse: the driver's own click says of some elements, which a user can click, that they are not interactable. */
  async click(testId: string): Promise<void> {
    const until = Date.now() + ELEMENT_WAIT_MS;
    for (;;) {
      const point = await this.evaluate(middleOf, testId);
      if (point !== null) return this.clickAt(point);
      if (Date.now() > until) throw new Error(`there is no ${testId} in the page that can be clicked`);
      await wait(LOOK_EVERY_MS);
    }
  }

  async fill(testId: string, text: string): Promise<void> {
    const element = await this.#find(testId);
    await this.#send('POST', `element/${element}/clear`, {});
    if (text !== '') await this.#send('POST', `element/${element}/value`, { text });
  }

  async escape(): Promise<void> {
    const value = ESCAPE;
    const actions = [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ];
    await this.#send('POST', 'actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  async clickAt(point: Point): Promise<void> {
    await this.#mouse([move(point, 0), PRESS, RELEASE]);
  }

  async drag(from: Point, to: Point): Promise<void> {
    const steps = Array.from({ length: DRAG_STEPS }, (_, step) => {
      const part = (step + 1) / DRAG_STEPS;
      return move({ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }, FRAME_MS);
    });
    await this.#mouse([move(from, 0), PRESS, ...steps, RELEASE]);
  }

  async evaluate<Result, Argument>(
    run: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result> {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve(${callOf(run, argument)}).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = (await this.#send('POST', 'execute/async', { script, args: [] })) as {
      value: Result;
      error?: string;
    };
    if (error !== undefined) throw new Error(error);
    return value;
  }

  async close(): Promise<void> {
    await request('DELETE', this.session);
  }

  async #find(testId: string): Promise<string> {
    const until = Date.now() + ELEMENT_WAIT_MS;
    for (;;) {
      const query = { using: 'css selector', value: `[data-testid="${testId}"]` };
      const [found] = (await this.#send('POST', 'elements', query)) as Record<string, string>[];
      if (found !== undefined) return found[ELEMENT]!;
      if (Date.now() > until) throw new Error(`there is no ${testId} in the page`);
      await wait(LOOK_EVERY_MS);
    }
  }

  async #mouse(actions: unknown[]): Promise<void> {
    const mouse = { type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions };
    await this.#send('POST', 'actions', { actions: [mouse] });
  }

  #send(method: string, path: string, body: unknown): Promise<unknown> {
    return request(method, `${this.session}/${path}`, body);
  }
}

/** The middle of an element in the viewport, or `null` while there is none or something covers it. Runs in the page. */
function middleOf(testId: string): Point | null {
  const element = document.querySelector(`[data-testid="${testId}"]`);
  element?.scrollIntoView({ block: 'center' });
  const { x = 0, y = 0, width = 0, height = 0 } = element?.getBoundingClientRect() ?? {};
  const middle = { x: x + width / 2, y: y + height / 2 };
  return element?.contains(document.elementFromPoint(middle.x, middle.y)) ? middle : null;
}

function move({ x, y }: Point, duration: number): unknown {
  return { type: 'pointerMove', duration, x: Math.round(x), y: Math.round(y) };
}

async function request(method: string, url: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const { value } = (await answer.json()) as { value: unknown };
  if (answer.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(`${error}: ${message}`);
}
