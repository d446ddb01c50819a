import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parse } from 'acorn';
import { build, type Rolldown } from 'vite';
import { expect, it, vi } from 'vitest';
import { forOldBrowsers, withPhysicalSides } from '../../tools/legacy-styles.ts';
import { languages } from '../language/languages';

/** What a television loads in a language: script, styles and texts, compressed. */
const KIB_MAX = 120;

const configFile = fileURLToPath(new URL('../../vite.legacy.config.ts', import.meta.url));
// Otherwise development code of Svelte is built.
vi.stubEnv('NODE_ENV', 'production');
const { output } = (await build({
  configFile,
  root: fileURLToPath(new URL('../..', import.meta.url)),
  logLevel: 'warn',
  build: { write: false },
})) as Rolldown.RolldownOutput;
vi.unstubAllEnvs();
const files = new Map(output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : String(file.source)]));

it('is one script in the syntax of 2017, one style sheet, and the texts of every language', () => {
  expect([...files.keys()].sort()).toEqual(
    ['screen.css', 'screen.js', ...languages.map((tag) => `${tag}.json`)].sort(),
  );
  expect(() => parse(files.get('screen.js')!, { ecmaVersion: 2017, sourceType: 'script' })).not.toThrow();
});

it('has no styles that would drop a rule in Chromium 68', () => {
  const css = files.get('screen.css')!;
  const unknown = [
    /:where\(/,
    /light-dark\(/,
    /(?<![\w-])(min|max|clamp)\(/,
    /\d[dsl]v[hw]/,
    /(?<![\w-])(inset|translate|scale|rotate)(-(inline|block))?:/,
    /(padding|margin|border|inset)-(inline|block)/,
    /:lang/,
  ];
  expect(unknown.filter((pattern) => pattern.test(css))).toEqual([]);
});

it('stays small', () => {
  const kib = (name: string) => gzipSync(files.get(name)!).length / 1024;
  const largest = Math.max(...languages.map((tag) => kib(`${tag}.json`)));
  expect(kib('screen.js') + kib('screen.css') + largest).toBeLessThan(KIB_MAX);
});

it.each([
  ['width:min(56dvh,100%)', 'width:100%;max-width:56vh'],
  ['padding:max(1rem,2.6vmin) 0', 'padding:2.6vmin 0'],
  ['width:max(18rem,min(27vw,44rem))', 'width:27vw'],
  ['width:min(30rem,100%)', 'width:100%;max-width:30rem'],
  ['width:min(100vw - 2*var(--gap),30rem)', 'width:calc(100vw - 2*var(--gap))'],
  ['grid-template-columns:auto minmax(0,1fr)', 'grid-template-columns:auto minmax(0,1fr)'],
  ['inset:auto 0 calc(1rem + 2px)', 'top:auto;right:0;bottom:calc(1rem + 2px);left:0'],
  ['.a:where(.svelte-1x){color:red}', '.a.svelte-1x{color:red}'],
])('rewrites %s', (css, expected) => {
  expect(forOldBrowsers(css)).toBe(expected);
});

it.each([
  ['inset-inline-start: 1px', 'left: 1px'],
  ['border-block-end: 1px solid', 'border-bottom: 1px solid'],
  ['padding-inline: var(--gap);', 'padding-left: var(--gap); padding-right: var(--gap);'],
  ['inset-block: 0 1px;', 'top: 0; bottom: 1px;'],
])('puts physical sides into %s', (css, expected) => {
  expect(withPhysicalSides(css)).toBe(expected);
});
