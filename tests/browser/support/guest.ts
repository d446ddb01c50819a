import { type BrowserContext, expect, type Locator, type Page, type Route } from '@playwright/test';
import type { Heard } from './ear.ts';
import { reveal, revealing } from './revealing.ts';

export const PHONE = { width: 360, height: 740 };
export const LAPTOP = { width: 1440, height: 900 };

export type ConsoleTab =
  | 'people'
  | 'door'
  | 'sound'
  | 'order'
  | 'suggestions'
  | 'limits'
  | 'rights'
  | 'fallback'
  | 'log';

/** Louder than dither, quieter than music. */
const AUDIBLE = 0.001;

/** One user with one browser page. Acts and observes through the page only. */
export class Guest {
  /** Console errors, uncaught exceptions and content security policy violations. */
  readonly consoleErrors: string[];
  readonly #expected: RegExp[] = [];

  constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly page: Page,
    sameBrowser?: Guest,
  ) {
    this.consoleErrors = sameBrowser?.consoleErrors ?? [];
    page.on('console', (message) => {
      if (message.type() === 'error') this.#recordError(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.#recordError(error.stack ?? error.message));
  }

  /** A test that provokes errors declares them. */
  expectConsoleErrors(...patterns: RegExp[]): void {
    this.#expected.push(...patterns);
  }

  /** The test breaks the network: the browser logs every failed attempt. */
  expectNoNetwork(): void {
    this.expectConsoleErrors(/WebSocket connection to .* failed/, /Failed to load resource: net::ERR_/);
  }

  #recordError(text: string): void {
    if (!this.#expected.some((pattern) => pattern.test(text))) this.consoleErrors.push(`${this.name}: ${text}`);
  }

  get(testId: string): Locator {
    return revealing(this.page.getByTestId(testId));
  }

  /** Opens the view that something is in, and sees it there. */
  async looksAt(part: Locator): Promise<void> {
    await reveal(part);
    await expect(part).toBeVisible();
  }

  // Joining

  /** A room with paused playback, so that the queue does not advance. */
  async pausedRoom(): Promise<string> {
    const code = await this.startRoom();
    await this.add('First Light');
    await this.get('pause').click();
    await this.playbackIs('paused');
    return code;
  }

  /**
   * Returns the code of the new room. The device that starts it stays silent, unless it `plays`. Such a room plays to
   * nobody all the same, so that stories about queues need no sound, unless it `waits` for a listener as usual.
   */
  async startRoom(
    options: { title?: string; passcode?: string; plays?: boolean; waits?: boolean } = {},
  ): Promise<string> {
    await this.page.goto('./');
    await this.get('guest-name').fill(this.name);
    if (options.title !== undefined || options.passcode !== undefined) {
      await this.get('more-options').click();
      await this.get('room-name').fill(options.title ?? '');
      await this.get('new-passcode').fill(options.passcode ?? '');
    }
    if (options.plays !== true) await this.get('remote-only').check();
    if (options.plays !== true && options.waits !== true) await this.#playsToNobody();
    await this.get('start-room').click();
    await this.isJoined();
    return new URL(this.page.url()).pathname.split('/').at(-1)!;
  }

  /** The room that is opened next does not wait for a listener. */
  async #playsToNobody(): Promise<void> {
    const open = (route: Route) =>
      route.continue({ postData: { ...route.request().postDataJSON(), wait_for_listener: false } });
    await this.page.route('**/api/v1/rooms', open, { times: 1 });
  }

  /** Opens a shared link, as a phone does after scanning the QR code. */
  async join(code: string, options: { passcode?: string } = {}): Promise<void> {
    await this.page.goto(`./r/${code}`);
    await this.get('guest-name').fill(this.name);
    if (options.passcode !== undefined) await this.get('passcode').fill(options.passcode);
    await this.get('join').click();
  }

  /** Approves the screen that shows a code. */
  async approveScreen(code: string): Promise<void> {
    await this.get('screen-open').click();
    await this.get('screen-code').fill(code);
    await this.get('screen-approve').click();
  }

  /** Lets another browser show the room of this member, as a screen. */
  async showOn(screen: Guest, room: string): Promise<void> {
    await screen.page.goto(`/r/${room}/screen`);
    await this.approveScreen(await screen.get('pairing-code').innerText());
    await expect(screen.get('room-code')).toHaveText(room);
  }

  async isJoined(): Promise<void> {
    await this.connectionIs('online');
    await expect(this.member(this.name)).toBeAttached();
  }

  async isIn(code: string): Promise<void> {
    await expect(this.page).toHaveURL(new RegExp(`/r/${code}$`));
    await this.connectionIs('online');
  }

  async connectionIs(state: 'online' | 'reconnecting'): Promise<void> {
    await expect(this.get('connection-state')).toHaveAttribute('data-state', state, { timeout: 30_000 });
  }

  // Members

  member(name: string): Locator {
    return this.get('member').filter({ has: this.page.getByTestId('member-name').getByText(name) });
  }

  async sees(...names: string[]): Promise<void> {
    await expect(this.get('member')).toHaveCount(names.length);
    for (const name of names) await expect(this.member(name)).toBeAttached();
  }

  /** Records every distinct state of the member list from now on; the returned function yields them. */
  async watchMembers(): Promise<() => Promise<string[]>> {
    const watch = await this.get('members').evaluateHandle((list) => {
      const seen = new Set<string>();
      const look = () => {
        const members = [...list.querySelectorAll<HTMLElement>('[data-testid="member"]')];
        const shown = members.map((member) => {
          const name = member.querySelector('[data-testid="member-name"]')?.textContent?.trim();
          return `${member.dataset.member} ${member.dataset.role} ${name}`;
        });
        seen.add(shown.join('\n'));
      };
      look();
      new MutationObserver(look).observe(list, { subtree: true, childList: true, characterData: true });
      return seen;
    });
    return () => watch.evaluate((seen) => [...seen]);
  }

  // Running the room

  /** Opens a tab of the host console, and the console first if needed. */
  async openConsole(tab: ConsoleTab): Promise<Locator> {
    if (!(await this.get('host-console').isVisible())) await this.get('host-console-open').click();
    await this.get(`console-tab-${tab}`).click();
    const part = this.get(`console-${tab}`);
    await expect(part).toBeVisible();
    return part;
  }

  /** The controls for a member in the host console. */
  async manage(name: string): Promise<Locator> {
    const people = await this.openConsole('people');
    const person = people
      .getByTestId('console-person')
      .filter({ has: this.page.getByTestId('console-person-name').getByText(name, { exact: true }) });
    const opener = person.getByTestId('console-person-open');
    if ((await opener.getAttribute('aria-expanded')) === 'false') await opener.click();
    return person;
  }

  /** Kicks a member and closes the console. A confirmation appears only when the member would lose something. */
  async kick(name: string): Promise<void> {
    const kick = (await this.manage(name)).getByTestId('kick');
    await kick.click();
    await expect(kick.filter({ hasNotText: /\?$/ })).toHaveCount(0);
    if ((await kick.count()) > 0) await kick.press('Enter');
    await expect(kick).toHaveCount(0);
    await this.closeConsole();
  }

  async closeConsole(): Promise<void> {
    await this.get('host-console-close').click();
    await expect(this.get('host-console')).toHaveCount(0);
  }

  // Several users on one device

  async openSwitcher(): Promise<void> {
    await this.get('switcher').click();
    await expect(this.get('to-me')).toBeVisible();
  }

  async switchTo(slot: number): Promise<void> {
    await this.openSwitcher();
    await this.get(`switch-to-${slot}`).click();
    await expect(this.get('to-me')).toBeHidden();
  }

  /** A new tab of the same browser. Its console errors count as this guest's. */
  async anotherTab(): Promise<Guest> {
    return new Guest(this.name, this.context, await this.context.newPage(), this);
  }

  /** Presses a button that needs a confirming second press. */
  async confirm(button: Locator): Promise<void> {
    await button.click();
    await expect(button).toHaveText(/\?$/);
    // A second click would count as a double click, which does not confirm.
    await button.press('Enter');
  }

  // Music

  result(title: string): Locator {
    return this.get('search-result').filter({
      has: this.page.getByTestId('track-title').getByText(title, { exact: true }),
    });
  }

  async add(title: string): Promise<void> {
    await this.get('search').fill(title.toLowerCase());
    await this.result(title).getByTestId('add-track').click();
    await this.get('search').fill('');
  }

  /** The displayed queue: title and owner of each entry. */
  async upcoming(): Promise<string[]> {
    return this.get('upcoming-entry').evaluateAll((entries) =>
      entries.map((entry) => {
        const part = (id: string) => entry.querySelector(`[data-testid="${id}"]`)?.textContent?.trim() ?? '';
        return `${part('entry-title')} · ${part('entry-member')}`;
      }),
    );
  }

  /** The entry ids of the queue, in order. */
  async entries(): Promise<(string | null)[]> {
    return this.get('upcoming-entry').evaluateAll((entries) =>
      entries.map((entry) => entry.getAttribute('data-entry')),
    );
  }

  async comingUp(...expected: string[]): Promise<void> {
    await expect.poll(() => this.upcoming()).toEqual(expected);
  }

  async nowPlaying(title: string): Promise<void> {
    await expect(this.get('now-playing').getByTestId('track-title')).toHaveText(title);
  }

  async playbackIs(state: 'playing' | 'paused' | 'waiting' | 'idle'): Promise<void> {
    await expect(this.get('now-playing')).toHaveAttribute('data-playback', state);
  }

  async seekTo(ms: number): Promise<void> {
    // As if the slider was released there.
    await this.get('progress').evaluate((knob, position) => {
      (knob as HTMLInputElement).value = String(position);
      knob.dispatchEvent(new Event('input', { bubbles: true }));
      knob.dispatchEvent(new Event('change', { bubbles: true }));
    }, ms);
  }

  async playingEntry(): Promise<string | null> {
    return this.get('now-playing').getAttribute('data-entry');
  }

  async durationMs(): Promise<number> {
    return Number(await this.get('progress').getAttribute('max'));
  }

  // Sound

  async playHere(): Promise<void> {
    await this.get('play-here').click();
    await this.hearsMusic();
  }

  /** Samples reach the audio destination, and the page's level meter agrees. */
  async hearsMusic(): Promise<void> {
    await expect
      .poll(async () => (await this.heard()).loudness, { message: `${this.name} hears music` })
      .toBeGreaterThan(AUDIBLE);
    await expect.poll(() => this.shownLevel()).toBeGreaterThan(AUDIBLE);
  }

  async hearsNothing(): Promise<void> {
    await expect
      .poll(async () => (await this.heard()).loudness, { message: `${this.name} hears nothing` })
      .toBeLessThan(AUDIBLE);
    await expect.poll(() => this.shownLevel()).toBeLessThan(AUDIBLE);
  }

  async shownLevel(): Promise<number> {
    return Number(await this.get('level').getAttribute('data-level'));
  }

  heard(): Promise<Heard> {
    return this.page.evaluate(() => window.tuttiEar());
  }

  /** The start time (Unix ms) implied by the displayed position, read when it is drawn: equal on synchronised pages. */
  async shownStartMs(): Promise<number> {
    return this.get('progress').evaluate(
      (progress) =>
        new Promise<number>((resolve) => {
          const watcher = new MutationObserver(() => {
            watcher.disconnect();
            resolve(performance.timeOrigin + performance.now() - Number(progress.getAttribute('data-position-ms')));
          });
          watcher.observe(progress, { attributeFilter: ['data-position-ms'] });
        }),
    );
  }

  /** The start time (Unix ms) implied by the audible position: equal on synchronised devices. */
  async heardStartMs(): Promise<number | null> {
    const { position } = await this.heard();
    return position === null ? null : position.atMs - position.positionMs;
  }

  async shownPositionMs(): Promise<number> {
    return Number(await this.get('progress').getAttribute('data-position-ms'));
  }
}

/** All guests are at the same position of the same track, displayed and audible. */
export async function hearTogether(...guests: Guest[]): Promise<void> {
  const apart = (values: number[]) => Math.max(...values) - Math.min(...values);
  await expect
    .poll(async () => apart(await Promise.all(guests.map((guest) => guest.shownStartMs()))), {
      message: 'displayed positions agree',
    })
    .toBeLessThan(300);
  await expect
    .poll(
      async () => {
        const starts = await Promise.all(guests.map((guest) => guest.heardStartMs()));
        return starts.some((start) => start === null) ? 'silence' : apart(starts as number[]) < 100;
      },
      { message: 'audible positions agree within 100 ms' },
    )
    .toBe(true);
}

/** Time passes and the displayed position does not change. */
export async function standsStill(...guests: Guest[]): Promise<void> {
  for (const guest of guests) {
    await guest.playbackIs('paused');
    const before = await guest.shownPositionMs();
    const start = await guest.page.evaluate(() => performance.now());
    // Positions are drawn four times a second.
    await guest.page.waitForFunction((from) => performance.now() > from + 600, start);
    expect(await guest.shownPositionMs()).toBe(before);
  }
}
