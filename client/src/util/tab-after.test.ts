import { describe, expect, it } from 'vitest';
import { tabAfter } from './tab-after';

describe('tabs', () => {
  it('cycle with the keys', () => {
    expect(tabAfter(['people', 'door', 'log'], 'log', 'ArrowRight')).toBe('people');
    expect(tabAfter(['people', 'door', 'log'], 'people', 'ArrowUp')).toBe('log');
    expect(tabAfter(['people', 'door', 'log'], 'door', 'End')).toBe('log');
    expect(tabAfter(['people', 'door', 'log'], 'door', 'x')).toBeNull();
  });
});
