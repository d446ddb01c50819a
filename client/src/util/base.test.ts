import { expect, it } from 'vitest';
import { at, baseOf, withoutBase } from './base';

it('is what the server wrote into the page', () => {
  const page = (dataset: DOMStringMap) => ({ documentElement: { dataset } as HTMLElement });
  expect(baseOf(page({ base: '/tutti' }))).toBe('/tutti');
  expect(baseOf(page({}))).toBe('');
  expect(at('/me')).toBe('/me');
});

it('is removed from paths below it only', () => {
  expect(withoutBase('/tutti/r/7KM2QX', '/tutti')).toBe('/r/7KM2QX');
  expect(withoutBase('/tutti/', '/tutti')).toBe('/');
  expect(withoutBase('/tutti', '/tutti')).toBe('/');
  // The server itself, without the proxy that gives it a part of a site.
  expect(withoutBase('/r/7KM2QX', '/tutti')).toBe('/r/7KM2QX');
  expect(withoutBase('/tuttifrutti', '/tutti')).toBe('/tuttifrutti');
  expect(withoutBase('/r/7KM2QX', '')).toBe('/r/7KM2QX');
  expect(withoutBase('/', '')).toBe('/');
});
