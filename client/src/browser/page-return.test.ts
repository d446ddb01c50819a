import { expect, it } from 'vitest';
import { onPageReturn } from './page-return';

it('calls back on every kind of return until it is stopped', () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' as DocumentVisibilityState });
  const view = new EventTarget();
  let calls = 0;
  const stop = onPageReturn(() => (calls += 1), { page: page as unknown as Document, view: view as unknown as Window });
  page.dispatchEvent(new Event('visibilitychange'));
  view.dispatchEvent(new Event('pageshow'));
  expect(calls).toBe(0);
  page.dispatchEvent(new Event('resume'));
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  view.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  expect(calls).toBe(3);
  stop();
  page.dispatchEvent(new Event('resume'));
  page.dispatchEvent(new Event('visibilitychange'));
  view.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  expect(calls).toBe(3);
});
