import assert from 'node:assert/strict';
import { it } from 'node:test';
import { clockOf } from '../crowd/device.ts';

it("a device's clock can be read for past moments", () => {
  const local = clockOf({ clockAheadMs: 5_000, clockPpm: 100 }, 1_000);
  assert.equal(local(1_000), 6_000);
  assert.equal(local(11_000), 16_001);
  assert.equal(local(990).toFixed(3), '5989.999');
});
