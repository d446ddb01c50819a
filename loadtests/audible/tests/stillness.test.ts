import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { worstMs } from '../apparatus/stillness.ts';

describe('whether the machine stood still', () => {
  it('is what the worst of its processors says', () => {
    const summary = [
      'T: 0 (31281) P: 4 I:2000 C:   2493 Min:     15 Act:   54 Avg:   52 Max:    9828',
      'T: 1 (31282) P: 4 I:2500 C:   1988 Min:     15 Act:   43 Avg:   72 Max:   21356',
    ];
    assert.equal(worstMs(`${summary.join('\n')}\n`), 21.356);
  });

  it('is not known where nobody is allowed to watch', () => {
    assert.equal(worstMs(''), null);
  });
});
