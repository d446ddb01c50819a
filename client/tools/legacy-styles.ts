import type { Plugin } from 'vite';

/**
 * Rewrites what no compiler can express for browsers since Chromium 68:
 *
 * - Of compared lengths, it takes the one that depends on the viewport, as the screen of a television would.
 * - Units of the dynamic viewport become plain ones.
 * - Logical sides become physical ones: all languages of the pages are written from left to right.
 * - Svelte's scoping classes count in selectors, because `:where` is not known before Chromium 88.
 * - There is no web font: Chromium 69 sets its letters on top of each other.
 */
export function legacyStyles(): Plugin[] {
  return [
    {
      name: 'physical-sides',
      // Before the compiler, which would put two rules and a list of languages in place of each side.
      enforce: 'pre',
      transform: (code, id) => (/\.css$/.test(id) ? { code: withPhysicalSides(code), map: null } : null),
    },
    {
      name: 'legacy-styles',
      apply: 'build',
      enforce: 'post',
      generateBundle(_options, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type !== 'asset') continue;
          if (file.fileName.endsWith('.css')) file.source = forOldBrowsers(String(file.source));
          if (file.fileName.endsWith('.woff2')) delete bundle[file.fileName];
        }
      },
    },
  ];
}

export function forOldBrowsers(css: string): string {
  const bounded = css.replace(/(?<![\w-])width:min\(([^(),]+),\s*100%\)/g, 'width:100%;max-width:$1');
  return withoutComparisons(bounded)
    .replace(/(\d)[dsl](v[hw]|vmin|vmax)\b/g, '$1$2')
    .replace(/(?<![\w-])inset:([^;}]+)/g, (_, value: string) => insetSides(value))
    .replace(/:where\((\.svelte-\w+)\)/g, '$1')
    .replace(/@font-face\s*{[^}]*}/g, '');
}

const SIDES: Record<string, [start: string, end: string]> = { inline: ['left', 'right'], block: ['top', 'bottom'] };

export function withPhysicalSides(css: string): string {
  return css
    .replace(/(?<![\w-])(inset|margin|padding|border)-(inline|block)-(start|end)\b/g, (_, name, axis, side) => {
      const physical = SIDES[axis as string]![side === 'start' ? 0 : 1];
      return name === 'inset' ? physical : `${name}-${physical}`;
    })
    .replace(/(?<![\w-])(inset|margin|padding)-(inline|block):([^;}]+)/g, (_, name, axis, value) => {
      const [start, end = start] = split(value as string, ' ');
      const prefix = name === 'inset' ? '' : `${name}-`;
      const [first, last] = SIDES[axis as string]!;
      return `${prefix}${first}: ${start}; ${prefix}${last}: ${end}`;
    });
}

const COMPARISON = /(?<![\w-])(?:min|max|clamp)\(/;
const VIEWPORT = /\d[dsl]?v(?:h|w|min|max)\b/;

function withoutComparisons(css: string): string {
  const found = COMPARISON.exec(css);
  if (found === null) return css;
  const from = found.index + found[0].length;
  const inside = css.slice(from, from + closingAt(css.slice(from)));
  const compared = split(inside, ',');
  const chosen = compared.find((length) => VIEWPORT.test(length)) ?? compared[0]!;
  // A sum needs to be calculated.
  const value = /\s[-+*/]\s/.test(chosen) ? `calc(${chosen})` : chosen;
  return css.slice(0, found.index) + withoutComparisons(value + css.slice(from + inside.length + 1));
}

function insetSides(value: string): string {
  const [top, right = top, bottom = top, left = right] = split(value, ' ');
  return `top:${top};right:${right};bottom:${bottom};left:${left}`;
}

/** Splits at separators that are in no parentheses. */
function split(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const letter of text) {
    depth += depthOf(letter);
    if (letter === separator && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** The place of the parenthesis that closes one before the text. */
function closingAt(text: string): number {
  let depth = 1;
  for (const [at, letter] of [...text].entries()) {
    depth += depthOf(letter);
    if (depth === 0) return at;
  }
  throw new Error(`unbalanced parentheses: ${text.slice(0, 80)}`);
}

function depthOf(letter: string): number {
  return letter === '(' ? 1 : letter === ')' ? -1 : 0;
}
