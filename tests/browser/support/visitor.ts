import { expect } from '@playwright/test';
import type { Tab } from './tab.ts';

/** Louder than dither, quieter than music. */
const AUDIBLE = 0.001;

/** One user with one page in any browser. `Guest` can do more, in browsers that Playwright drives. */
export class Visitor {
  constructor(
    readonly name: string,
    private readonly tab: Tab,
    private readonly url: string,
  ) {}

  /** Returns the code of the new room. */
  async startRoom(): Promise<string> {
    await this.tab.goto(this.url);
    await this.tab.fill('guest-name', this.name);
    await this.tab.click('start-room');
    await this.isOnline();
    return this.#text('room-code');
  }

  async join(code: string): Promise<void> {
    await this.tab.goto(`${this.url}/r/${code}`);
    await this.tab.fill('guest-name', this.name);
    await this.tab.click('join');
    await this.isOnline();
  }

  async isOnline(): Promise<void> {
    await this.#eventually('connection-state', 'data-state', 'online');
  }

  async isReconnecting(): Promise<void> {
    await this.#eventually('connection-state', 'data-state', 'reconnecting');
  }

  /** Opens a room again in which the user is a member. */
  async returnsTo(code: string): Promise<void> {
    await this.tab.goto(`${this.url}/r/${code}`);
    await this.isOnline();
  }

  async add(title: string): Promise<void> {
    await this.finds(title);
    await this.tab.click('add-track');
    await this.tab.fill('search', '');
  }

  async finds(title: string): Promise<void> {
    await this.tab.fill('search', title.toLowerCase());
    // Rows of the query before are inert while this one is answered.
    await expect.poll(() => this.#text('track-title', 'search-result', ':not([inert])')).toBe(title);
  }

  /** Adds the track that was found. Without a connection it waits on the device, and the page says so. */
  async addsOffline(): Promise<void> {
    await this.tab.click('add-track');
    await expect.poll(() => this.#texts('add-pending')).toHaveLength(1);
  }

  async nowPlaying(title: string): Promise<void> {
    await expect.poll(() => this.#text('track-title', 'now-playing')).toBe(title);
  }

  async queued(...titles: string[]): Promise<void> {
    await expect.poll(() => this.#texts('entry-title', 'my-queue')).toEqual(titles);
  }

  /** Drags the last track of the queue to its top, and releases it beside the list. */
  async dragsLastToTop(): Promise<void> {
    await this.tab.click('view-own-queue');
    const [from, to] = await this.tab.evaluate((css) => {
      const handles = [...document.querySelectorAll(css)];
      handles.at(-1)?.scrollIntoView({ block: 'center' });
      return [handles.at(-1), handles[0]].map((handle) => {
        const { x, y, width, height } = handle!.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
      });
    }, '[data-testid="my-queue"] [data-testid="drag"]');
    await this.tab.drag(from!, { x: from!.x - 60, y: to!.y - 6 });
  }

  async sees(...names: string[]): Promise<void> {
    const patterns = names.map((name) => expect.stringMatching(`^${name}\\b`));
    await expect.poll(() => this.#texts('member-name')).toEqual(patterns);
  }

  /** Does nothing where this device plays already, such as the one that started the room. */
  async playHere(): Promise<void> {
    if ((await this.#attribute('play-here', 'aria-pressed')) !== 'true') await this.tab.click('play-here');
  }

  /** Pauses the room, so that its queue does not advance. */
  async pause(): Promise<void> {
    await this.tab.click('pause');
    await this.#eventually('now-playing', 'data-playback', 'paused');
  }

  async resume(): Promise<void> {
    await this.tab.click('resume');
    await this.#eventually('now-playing', 'data-playback', 'playing');
  }

  async skip(): Promise<void> {
    await this.tab.click('skip');
  }

  /** As if the slider was released there. */
  async seekTo(ms: number): Promise<void> {
    await this.#changes('progress', String(ms));
  }

  /** Opens a dialog, and closes it in a way. */
  async opensAndCloses(opener: string, dialog: string, close: 'escape' | 'beside' | 'button'): Promise<void> {
    await this.tab.click(opener);
    await this.#isOpen(dialog, true);
    if (close === 'escape') await this.tab.escape();
    else if (close === 'button') await this.tab.click(`${dialog}-close`);
    else await this.tab.clickAt({ x: 8, y: 8 });
    await this.#isOpen(dialog, false);
  }

  /** Changes the order of the room's queue in the console. */
  async setsPolicy(policy: string): Promise<void> {
    await this.tab.click('host-console-open');
    await this.#isOpen('host-console', true);
    await this.tab.click('console-tab-order');
    await this.tab.click(`policy-${policy}`);
    await this.tab.click('apply-policy');
    await expect.poll(() => this.#texts('apply-policy')).toEqual([]);
    await this.tab.escape();
    await this.#isOpen('host-console', false);
  }

  /** Chooses the language of the pages on the page "Me". */
  async speaks(language: string): Promise<void> {
    await this.tab.goto(`${this.url}/me`);
    await expect.poll(() => this.#texts('language')).toHaveLength(1);
    await this.#changes('language', language);
    await expect
      .poll(() => this.tab.evaluate(() => document.documentElement.lang, null).catch(() => 'loading'))
      .toBe(language);
  }

  async playButtonSays(words: string): Promise<void> {
    await expect.poll(() => this.#text('play-here')).toBe(words);
  }

  /** The gesture that a browser wants before a page plays. */
  async taps(): Promise<void> {
    await this.tab.click('play-here');
  }

  /** The page's level meter shows music. */
  async showsMusic(): Promise<void> {
    await expect
      .poll(async () => Number(await this.#attribute('level', 'data-level')), { message: `${this.name} shows music` })
      .toBeGreaterThan(AUDIBLE);
  }

  /** The page's own verdict, once it has measured. */
  async sync(): Promise<{ quality: string; words: string }> {
    await expect.poll(() => this.#attribute('sync', 'data-quality')).not.toBe('');
    return { quality: await this.#attribute('sync', 'data-quality'), words: await this.#text('sync') };
  }

  /** The page asks for a calibration. */
  async isAskedToCalibrate(): Promise<void> {
    await expect.poll(() => this.#texts('needs-calibration')).toHaveLength(1);
  }

  #isOpen(dialog: string, open: boolean): Promise<void> {
    const message = `${this.name}: ${dialog} is ${open ? 'open' : 'closed'}`;
    return expect.poll(async () => (await this.#texts(dialog, undefined, '[open]')).length > 0, { message }).toBe(open);
  }

  /** Sets the value of a form field as a user does. */
  #changes(testId: string, value: string): Promise<void> {
    return this.tab.evaluate(
      ([id, chosen]) => {
        const field = document.querySelector<HTMLInputElement>(`[data-testid="${id}"]`)!;
        field.value = chosen!;
        for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }));
      },
      [testId, value],
    );
  }

  #eventually(testId: string, attribute: string, value: string): Promise<void> {
    return expect.poll(() => this.#attribute(testId, attribute), { message: `${this.name}: ${testId}` }).toBe(value);
  }

  #attribute(testId: string, name: string): Promise<string> {
    return this.tab.evaluate(
      ([id, key]) => document.querySelector(`[data-testid="${id}"]`)?.getAttribute(key!) ?? '',
      [testId, name],
    );
  }

  async #text(testId: string, inside?: string, state?: string): Promise<string> {
    return (await this.#texts(testId, inside, state))[0] ?? '';
  }

  #texts(testId: string, inside?: string, state = ''): Promise<string[]> {
    const css =
      inside === undefined
        ? `[data-testid="${testId}"]${state}`
        : `[data-testid="${inside}"]${state} [data-testid="${testId}"]`;
    return this.tab.evaluate(
      (css) => [...document.querySelectorAll(css)].map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim()),
      css,
    );
  }
}
