import { readFileSync } from 'node:fs';

type Purpose = 'production' | 'screen';

const { browserslist } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  browserslist: Record<Purpose, string[]>;
};

/** The oldest versions in `package.json`, by their names in browserslist. */
export function oldestVersions(purpose: Purpose): Record<string, string> {
  return Object.fromEntries(browserslist[purpose].map((query) => query.split(' >= ') as [string, string]));
}

/** The same as targets of Vite, such as `chrome111`. */
export function supportedBrowsers(purpose: Purpose): string[] {
  return Object.entries(oldestVersions(purpose)).map(
    ([name, version]) => `${name.replace('ios_saf', 'ios')}${version}`,
  );
}
