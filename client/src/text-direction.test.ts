import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const src = dirname(fileURLToPath(import.meta.url));
/** An opening tag whose text is shortened, up to the end of its class. */
const SHORTENED = /<\w+[^>]*?class="(?:[^"]* )?(?:cut|clamp)(?: [^"]*)?"[^>]*/g;

it('shortens every text at its end, in both directions of writing', () => {
  const components = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.svelte'));
  const wrong = components.flatMap((path) =>
    (readFileSync(join(src, path), 'utf8').match(SHORTENED) ?? [])
      .filter((tag) => !tag.includes('dir="auto"'))
      .map((tag) => `${path}: ${tag}`),
  );

  expect(wrong).toEqual([]);
});
