import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from './program.ts';
import type { WebDriverTab } from './webdriver.ts';
import { WebKitDriver } from './webkit-driver.ts';

export interface WebKitSettings {
  /** Says where its sound goes. */
  environment: Record<string, string>;
  /** Sound without a gesture. WebKit is delivered without it. */
  autoplay?: boolean;
}

/** Debian's WebKitGTK: its MiniBrowser on a screen of its own, driven by WebKitWebDriver. */
export class WebKitGtk {
  private constructor(
    private readonly driver: WebKitDriver,
    private readonly screen: Program,
  ) {}

  static async launch({ environment, autoplay = false }: WebKitSettings): Promise<WebKitGtk> {
    const screen = new Program('Xvfb', /^(\d+)$/);
    try {
      const options = ['-displayfd', '1', '-screen', '0', '1440x900x24', '-nolisten', 'tcp'];
      const display = `:${await screen.start(options)}`;
      const driver = await WebKitDriver.launch(
        'WebKitWebDriver',
        { DISPLAY: display, WEBKIT_DISABLE_DMABUF_RENDERER: '1', ...environment },
        {
          'webkitgtk:browserOptions': {
            binary: miniBrowser(),
            args: ['--automation', `--autoplay-policy=${autoplay ? 'allow' : 'deny'}`],
          },
        },
      );
      return new WebKitGtk(driver, screen);
    } catch (error) {
      await screen.end('SIGTERM');
      throw error;
    }
  }

  get tab(): WebDriverTab {
    return this.driver.tab;
  }

  /** The process whose descendants are the browser. */
  get pid(): number {
    return this.driver.pid;
  }

  async close(): Promise<void> {
    await this.driver.close();
    await this.screen.end('SIGTERM');
  }
}

/** Debian keeps it in the library's folder, whose name contains the architecture. */
function miniBrowser(): string {
  const libraries = '/usr/lib';
  const program = 'webkit2gtk-4.1/MiniBrowser';
  const [found] = readdirSync(libraries).filter((folder) => existsSync(join(libraries, folder, program)));
  if (found === undefined) throw new Error(`there is no ${libraries}/*/${program}`);
  return join(libraries, found, program);
}
