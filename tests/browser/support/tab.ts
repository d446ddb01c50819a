import type { Point } from './finger.ts';

export const DRAG_STEPS = 10;

/** What a test does with a page, whatever drives its browser. Elements are named by their `data-testid`. */
export interface Tab {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** A trusted click. */
  click(testId: string): Promise<void>;
  fill(testId: string, text: string): Promise<void>;
  /** A trusted press of Escape. */
  escape(): Promise<void>;
  /** A trusted click on a point of the viewport. */
  clickAt(point: Point): Promise<void>;
  /** Drags with the mouse, in small steps: the pointer is pressed at one point of the viewport and released at another. */
  drag(from: Point, to: Point): Promise<void>;
  /** Runs a function in the page. It refers to nothing outside itself. */
  evaluate<Result, Argument>(
    run: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
}

/** The part of Playwright's `Page` that a tab needs. */
interface PlaywrightPage {
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  getByTestId(testId: string): { click(): Promise<void>; fill(text: string): Promise<void> };
  evaluate(script: string): Promise<unknown>;
  keyboard: { press(key: string): Promise<void> };
  mouse: {
    click(x: number, y: number): Promise<void>;
    move(x: number, y: number, options?: { steps: number }): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
  };
}

export class PlaywrightTab implements Tab {
  constructor(private readonly page: PlaywrightPage) {}

  async goto(url: string): Promise<void> {
    await this.page.goto(url);
  }

  async reload(): Promise<void> {
    await this.page.reload();
  }

  click(testId: string): Promise<void> {
    return this.page.getByTestId(testId).click();
  }

  fill(testId: string, text: string): Promise<void> {
    return this.page.getByTestId(testId).fill(text);
  }

  escape(): Promise<void> {
    return this.page.keyboard.press('Escape');
  }

  clickAt({ x, y }: Point): Promise<void> {
    return this.page.mouse.click(x, y);
  }

  async drag(from: Point, to: Point): Promise<void> {
    const { mouse } = this.page;
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(to.x, to.y, { steps: DRAG_STEPS });
    await mouse.up();
  }

  evaluate<Result, Argument>(
    run: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result> {
    return this.page.evaluate(callOf(run, argument)) as Promise<Result>;
  }
}

/** Source text of a call. Defines the `__name` helper that some compilers insert into functions. */
export function callOf<Argument>(run: (argument: Argument) => unknown, argument: Argument): string {
  return `(() => { const __name = (named) => named; return (${run})(${JSON.stringify(argument) ?? ''}); })()`;
}
