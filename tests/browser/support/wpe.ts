import { WebKitDriver } from './webkit-driver.ts';

/** Debian's WPE WebKit in its launcher Cog, as on televisions and set-top boxes. It shows its pages nowhere. */
export function launchWpe(): Promise<WebKitDriver> {
  return WebKitDriver.launch(
    'WPEWebDriver',
    {},
    { 'wpe:browserOptions': { binary: '/usr/bin/cog', args: ['--automation', '--platform=headless'] } },
  );
}
