import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/**
 * Folders import each other in one direction: `text/` and the framework-free modules do not know `state/`, which does
 * not know `components/` and `pages/`. Tests and `testing/` may import anything.
 */

const src = dirname(fileURLToPath(import.meta.url));

it('has no import circle between folders', () => {
  const imports = folderImports(readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(isProduct));

  expect(circleIn(imports)).toBeNull();
});

it('names the folders of a circle', () => {
  const circle = new Map([
    ['pages', new Set(['room'])],
    ['room', new Set(['sync', 'text'])],
    ['text', new Set(['room'])],
  ]);

  expect(circleIn(circle)).toEqual(['room', 'text', 'room']);
});

function isProduct(path: string): boolean {
  return /\.(ts|svelte|js)$/.test(path) && !path.includes('.test.') && !path.startsWith('testing');
}

function folderImports(paths: string[]): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  for (const path of paths) {
    const folder = dirname(path);
    const targets = imports.get(folder) ?? new Set();
    imports.set(folder, targets);
    for (const [, specifier] of readFileSync(join(src, path), 'utf8').matchAll(
      /(?:from|import)\s*\(?\s*'(\.[^']+)'/g,
    )) {
      const target = relative(src, dirname(join(src, folder, specifier!))) || '.';
      if (target !== folder) targets.add(target);
    }
  }
  return imports;
}

/** The first cycle found by depth-first search, with its first folder repeated at the end; `null` if there is none. */
function circleIn(imports: ReadonlyMap<string, ReadonlySet<string>>): string[] | null {
  const done = new Set<string>();
  const visit = (folder: string, path: string[]): string[] | null => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (done.has(folder)) return null;
    for (const next of imports.get(folder) ?? []) {
      const circle = visit(next, [...path, folder]);
      if (circle !== null) return circle;
    }
    done.add(folder);
    return null;
  };
  for (const folder of imports.keys()) {
    const circle = visit(folder, []);
    if (circle !== null) return circle;
  }
  return null;
}
