import { describe, expect, it } from 'vitest';
import { fakeMemory } from '../testing/fake-device';
import { StartBias } from './start-bias';

describe('start bias', () => {
  it('is a guess first, then the median of the last starts', () => {
    const bias = new StartBias(fakeMemory(), 'bias', 400);
    expect(bias.ms).toBe(400);
    for (const ms of [600, 620, 2_900]) bias.learn(ms);
    expect(bias.ms).toBe(620);
    for (const ms of [200, 210, 190, 205, 195, 200, 210]) bias.learn(ms);
    expect(bias.ms).toBe(200);
  });

  it('is remembered by the device', () => {
    const memory = fakeMemory();
    new StartBias(memory, 'bias', 400).learn(250);
    expect(new StartBias(memory, 'bias', 400).ms).toBe(250);
  });

  it('rejects impossible values', () => {
    const memory = fakeMemory();
    memory.remember('bias', '[300, "x", -5, 99999]');
    const bias = new StartBias(memory, 'bias', 400);
    expect(bias.ms).toBe(300);
    bias.learn(Number.NaN);
    bias.learn(-200);
    expect(bias.ms).toBe(150);
    memory.remember('bias', 'nonsense');
    expect(new StartBias(memory, 'bias', 400).ms).toBe(400);
  });
});
