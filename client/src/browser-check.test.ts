import { type Property, parse } from 'acorn';
import { expect, it } from 'vitest';
import { browserCheckScript } from '../tools/browser-check.ts';
import { languages } from './language/languages';

const script = browserCheckScript();

it('is understood by any browser', () => {
  expect(() => parse(script, { ecmaVersion: 5 })).not.toThrow();
});

it('names the versions of the package', () => {
  expect(script).toContain('{"chrome":"111","edge":"111","firefox":"121","safari":"16.4","ios_saf":"16.4"}');
});

it('has its sentences in every language', () => {
  const texts = textsOf(script);
  expect(Object.keys(texts).sort()).toEqual([...languages].sort());
  for (const [title, lead, link] of Object.values(texts)) {
    expect(title).toContain('Tutti');
    expect(lead).toMatch(/{browsers}.*{ios}/);
    expect(link).not.toBe('');
  }
});

/** The table of sentences in the script. */
function textsOf(source: string): Record<string, string[]> {
  const [whole] = /(?<=var TEXTS = ){[\s\S]*?\n {2}}/.exec(source)!;
  const { body } = parse(`(${whole})`, { ecmaVersion: 5 });
  if (body[0]?.type !== 'ExpressionStatement' || body[0].expression.type !== 'ObjectExpression') return {};
  return Object.fromEntries(
    (body[0].expression.properties as Property[]).map(({ key, value }) => [nameOf(key), wordsOf(value)]),
  );
}

function nameOf(key: Property['key']): string {
  return key.type === 'Identifier' ? key.name : '';
}

function wordsOf(value: Property['value']): string[] {
  if (value.type !== 'ArrayExpression') return [];
  return value.elements.map((element) => (element?.type === 'Literal' ? String(element.value) : ''));
}
