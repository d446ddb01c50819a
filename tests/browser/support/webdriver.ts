import { setTimeout as wait } from 'node:timers/promises';
import type { Point } from './finger.ts';
import { callOf, DRAG_STEPS, type Tab } from './tab.ts';

/** As much of W3C WebDriver as the tests need, over HTTP. */

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const ELEMENT_WAIT_MS = 30_000;
const LOOK_EVERY_MS = 50;
const FRAME_MS = 17;

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

  async click(testId: string): Promise<void> {
    await this.#send('POST', `element/${await this.#find(testId)}/click`, {});
  }

  async fill(testId: string, text: string): Promise<void> {
    const element = await this.#find(testId);
    await this.#send('POST', `element/${element}/clear`, {});
    if (text !== '') await this.#send('POST', `element/${element}/value`, { text });
  }

  async drag(from: Point, to: Point): Promise<void> {
    const move = ({ x, y }: Point, duration: number) => ({
      type: 'pointerMove',
      duration,
      x: Math.round(x),
      y: Math.round(y),
    });
    const steps = Array.from({ length: DRAG_STEPS }, (_, step) => {
      const part = (step + 1) / DRAG_STEPS;
      return move({ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }, FRAME_MS);
    });
    const press = [move(from, 0), { type: 'pointerDown', button: 0 }];
    const actions = [...press, ...steps, { type: 'pointerUp', button: 0 }];
    const mouse = { type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions };
    await this.#send('POST', 'actions', { actions: [mouse] });
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

  #send(method: string, path: string, body: unknown): Promise<unknown> {
    return request(method, `${this.session}/${path}`, body);
  }
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
