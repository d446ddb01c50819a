import { expect, test, vi } from 'vitest';
import { handleShortcut } from './shortcuts';

/** An element within others, by their tags; the first is the innermost. */
class FakeElement {
  constructor(private readonly tags: readonly string[]) {}
  closest(selector: string): this | null {
    return selector.split(', ').some((one) => this.tags.includes(one)) ? this : null;
  }
}

function press(key: string, ...tags: string[]): string | null {
  vi.stubGlobal('Element', FakeElement);
  vi.stubGlobal('localStorage', { getItem: () => null });
  let did: string | null = null;
  const does = (name: string) => () => {
    did = name;
    return true;
  };
  const event = { key, target: new FakeElement(tags), ctrlKey: false, metaKey: false, altKey: false };
  handleShortcut(event as unknown as KeyboardEvent, {
    togglePlayback: does('toggle'),
    seekBy: does('seek'),
    volumeBy: does('volume'),
    search: does('search'),
    help: does('help'),
  });
  return did;
}

test('keys are shortcuts where no control uses them', () => {
  expect([' ', 'ArrowLeft', 'ArrowUp', '/', '?', 'x'].map((key) => press(key, 'main'))).toEqual([
    'toggle',
    'seek',
    'volume',
    'search',
    'help',
    null,
  ]);
  expect(press(' ', 'button')).toBeNull();
});

test('? helps on buttons and links, and is a letter in fields and dialogs', () => {
  expect(['button', 'a', 'summary'].map((tag) => press('?', tag))).toEqual(['help', 'help', 'help']);
  expect(['input', 'textarea', 'select', 'dialog'].map((tag) => press('?', tag))).toEqual([null, null, null, null]);
});
