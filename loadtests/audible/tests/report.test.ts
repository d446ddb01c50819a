import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CELLS } from '../cells/cells.ts';
import type { Heard } from '../cells/judge.ts';
import { page } from '../report/page.ts';
import { plot } from '../report/plot.ts';
import { type Crowd, figures, keeps, type Results } from '../report/results.ts';
import { crowdWords, table } from '../report/words.ts';

const [direct] = CELLS[0]!.rows;

function heard(...offsets: (number | 'silent')[]): Heard {
  const windows = offsets.map((offset, at_s) =>
    offset === 'silent' ? { at_s, why: offset } : { at_s, offset_ms: offset, confidence: 1 },
  );
  return { windows, gaps: [], first_ms: [] };
}

function results(change: Partial<Results> = {}): Results {
  return {
    machine: {
      commit: 'abc',
      changed: false,
      processor: 'Z80',
      cores: 1,
      memory_gib: 1,
      system: 'Linux',
      node: '20',
      chromium: 'Chromium 1',
      pulseaudio: 'pulseaudio 16',
    },
    command: 'make audible',
    began: '2026-01-01T00:00:00.000Z',
    seconds: 60,
    load: 0.2,
    floor_ms: 0.001,
    runs: [
      { cell: 'direct', run: 1, load: 0.2, stood_still_ms: 0, rows: { direct: heard(0.5, -0.7, 0.9) }, troubles: [] },
    ],
    crowd: null,
    ...change,
  };
}

describe('what is made of the recordings', () => {
  it('goes by how far, not which way', () => {
    const { median, max, windows } = figures([heard(-2, 1), heard(-3)]);
    assert.deepEqual([median, max, windows], [2, 3, 3]);
  });

  it('keeps what was promised, or says that it does not', () => {
    assert.equal(keeps(direct!, figures([heard(0.5, -0.7, 0.9)])), true);
    assert.equal(keeps(direct!, figures([heard(1.5, -1.7, 1.9)])), false);
  });

  it('keeps nothing by a second in which nobody was heard, or by a gap', () => {
    assert.equal(keeps(direct!, figures([heard(0, 'silent')])), false);
    assert.equal(keeps(direct!, figures([{ ...heard(0, 0), gaps: [{ at_s: 1, length_ms: 4 }] }])), false);
    assert.equal(keeps(direct!, figures([])), false);
  });

  it('sets aside what was heard while the machine stood still, and says so', () => {
    const [run] = results().runs;
    const still = { ...run!, stood_still_ms: 48, rows: { direct: heard(40, 50) } };
    const both = results({ runs: [still, run!] });
    assert.equal(table(both), table(results()));
    assert.match(page(both), /1 of 2 runs are set aside.*up to 48/);
    assert.match(page(both), /set aside: the machine stood still for 48 ms/);
    assert.doesNotMatch(page(results()), /set aside|not watched/);
    const unwatched = results({ runs: [{ ...run!, stood_still_ms: null }] });
    assert.match(page(unwatched), /was not watched/);
    assert.equal(table(unwatched), table(results()));
  });

  it('counts a play after which nothing came against it', () => {
    const first = CELLS.find(({ name }) => name === 'first')!.rows[0]!;
    assert.equal(keeps(first, figures([{ ...heard(), first_ms: [200, 210] }])), true);
    assert.equal(keeps(first, figures([{ ...heard(), first_ms: [200, null] }])), false);
  });
});

describe('the page', () => {
  it('shows every run, those that came to nothing as well', () => {
    const failed = { cell: 'stall', run: 1, load: 0.4, stood_still_ms: 0, rows: {}, troubles: [], failed: 'no sound' };
    const text = page(results({ runs: [...results().runs, failed] }));
    assert.match(text, /\| no delay \| 1 \| 0\.70 \| 0\.88 \| 0\.90 \| 0 \|/);
    assert.match(text, /came to nothing: no sound/);
    assert.match(text, /Commit abc, /);
  });

  it('says that the machine was not idle, and only then', () => {
    assert.match(page(results({ load: 3 })), /NOT idle/);
    assert.doesNotMatch(page(results()), /NOT idle/);
  });

  it('leaves out what was not measured', () => {
    assert.equal(table(results()).split('\n').length, 3);
  });

  it('draws every second', () => {
    assert.equal(plot(results()).match(/<circle/g)?.length, 3);
  });
});

describe('a crowd', () => {
  it('is told by its worst moments, too', () => {
    const moments = [0.9, 1, 1, 1].map((within_5, at) => ({ at_s: at / 10, within_5, within_30: 1 }));
    const crowd: Crowd = {
      devices: 200,
      seconds: 60,
      load: 0,
      stood_still_ms: 20,
      truth_ms: 0.1,
      moments,
      acts: [{ at_s: 6, what: 'skip', together_s: null }],
    };
    assert.match(crowdWords(crowd), /within 5 ms 100\.0 % in the median moment, .* 90\.0 % in the worst;/);
    assert.match(crowdWords(crowd), /\| skip \| 6\.0 s \| not before the next \|/);
  });
});
