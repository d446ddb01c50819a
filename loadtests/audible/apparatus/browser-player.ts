import { setTimeout as wait } from 'node:timers/promises';
import type { Calibration } from '../../../client/src/calibration/calibration.ts';
import type { AudioQuality } from '../../../client/src/providers/files/segments.ts';
import { signal, treeOf } from '../../../tests/browser/support/process-tree.ts';
import type { Tab } from '../../../tests/browser/support/tab.ts';
import { type EngineName, type Launched, launch } from './engines.ts';
import { type Outputs, sinkOf } from './outputs.ts';
import { type Growth, watchMemory } from './page-memory.ts';
import type { Skew } from './skewed-clock.ts';

const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 50;
const VOLUME_KEY = 'tutti.volume';
const DEVICE_KEY = 'tutti.device';
const QUALITY_KEY = 'tutti.quality';

export interface BrowserSetup {
  /** Chromium, if absent. */
  engine?: EngineName;
  skew?: Skew;
  /** What its user set; chosen by the page, if absent. */
  quality?: AudioQuality;
}

/** A browser of its own whose sound goes to an output of its own. */
export class BrowserPlayer {
  private constructor(
    readonly name: string,
    private readonly url: string,
    private readonly launched: Launched,
    private readonly quality: AudioQuality | undefined,
  ) {}

  static async launch(
    name: string,
    outputs: Outputs,
    player: number,
    url: string,
    { engine = 'chromium', skew, quality }: BrowserSetup,
  ): Promise<BrowserPlayer> {
    const launched = await launch(engine, outputs.pulse.environment(sinkOf(player)), skew);
    return new BrowserPlayer(name, url, launched, quality);
  }

  /** Errors of the page, which invalidate the figures. */
  get complaints(): readonly string[] {
    return this.launched.complaints.map((complaint) => `${this.name}: ${complaint}`);
  }

  async join(code: string): Promise<void> {
    await this.#tab.goto(this.url);
    await this.#store(VOLUME_KEY, '1');
    if (this.quality !== undefined) await this.#store(QUALITY_KEY, this.quality);
    await this.#tab.goto(`${this.url}/r/${code}`);
    await this.#tab.fill('guest-name', this.name);
    await this.#tab.click('join');
    await this.#isOnline();
  }

  /** A trusted click; from then on the page is hidden, so that painting does not load the machine. */
  async playHere(): Promise<void> {
    await this.#tab.click('play-here');
    await this.hide();
  }

  /** Nothing is painted from then on; a trusted click is no longer possible. */
  async hide(): Promise<void> {
    await this.#tab.evaluate((display) => {
      document.documentElement.style.display = display;
    }, 'none');
  }

  /** By how much the page's process grows from now on, until the returned function is called. */
  watchMemory(): () => Promise<Growth> {
    return watchMemory(this.launched.pid, async () => this.launched.collectGarbage?.());
  }

  /** The same button while the page is hidden: stops playback and starts it again. */
  async toggle(): Promise<void> {
    await this.#tab.evaluate((css) => document.querySelector<HTMLElement>(css)!.click(), '[data-testid="play-here"]');
  }

  /** Stores a calibration as the page does; it takes effect at the next load. */
  async calibrate(offsetMs: number): Promise<void> {
    const calibrated: Calibration = { offset_ms: offsetMs, error_ms: 0.1, how: 'heard', at_ms: Date.now() };
    await this.#tab.evaluate(
      ([deviceKey, entry]) => {
        const device = localStorage.getItem(deviceKey!);
        localStorage.setItem(`tutti.calibration.${device}`, entry!);
      },
      [DEVICE_KEY, JSON.stringify([['default', calibrated]])],
    );
    await this.#tab.reload();
    await this.#isOnline();
    await this.hide();
  }

  /** How far off it may be at most, by its own page: the error and its uncertainty; `null` before the first report. */
  async statedMs(): Promise<number | null> {
    const words = await this.#tab.evaluate(
      (css) => document.querySelector(css)?.textContent ?? '',
      '[data-testid="sync"]',
    );
    const [, error, uncertainty] = /(\d+) ms off, ±(\d+) ms/.exec(words.replaceAll(/\s+/g, ' ')) ?? [];
    return error === undefined ? null : Number(error) + Number(uncertainty);
  }

  /** Stops the whole process tree, sound included, until it is released. */
  stall(): () => void {
    const tree = treeOf(this.launched.pid);
    signal(tree, 'SIGSTOP');
    return () => signal(tree, 'SIGCONT');
  }

  close(): Promise<void> {
    return this.launched.close();
  }

  get #tab(): Tab {
    return this.launched.tab;
  }

  async #isOnline(): Promise<void> {
    const until = Date.now() + WAIT_MS;
    const online = '[data-testid="connection-state"][data-state="online"]';
    while (!(await this.#tab.evaluate((css) => document.querySelector(css) !== null, online))) {
      if (Date.now() > until) throw new Error(`${this.name} is not online`);
      await wait(LOOK_EVERY_MS);
    }
  }

  async #store(key: string, value: string): Promise<void> {
    await this.#tab.evaluate(([key, value]) => localStorage.setItem(key!, value!), [key, value]);
  }
}
