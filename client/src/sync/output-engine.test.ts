import { describe, expect, it } from 'vitest';
import { mayAskForLatency } from './output-engine';

describe('asking an engine for its latency', () => {
  it.each([
    ['Linux x86_64', false],
    ['Linux armv8l', false],
    ['FreeBSD amd64', false],
    ['', false],
    ['Win32', true],
    ['MacIntel', true],
  ])('may freeze Firefox except on Windows and macOS: %s', (platform, may) => {
    expect(mayAskForLatency({ mozInnerScreenX: 0, navigator: { platform } })).toBe(may);
  });

  it('is safe in other engines', () => {
    expect(mayAskForLatency({ navigator: { platform: 'Linux x86_64' } })).toBe(true);
    expect(mayAskForLatency({})).toBe(true);
  });
});
