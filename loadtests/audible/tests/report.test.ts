import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CELLS } from '../cells/cells.ts';
import type { Heard } from '../cells/measures.ts';
import { page } from '../report/page.ts';
import { plot } from '../report/plot.ts';
import { type Crowd, figures, meetsTarget, type Results } from '../report/results.ts';
import { crowdText, table } from '../report/tables.ts';

const [direct] = CELLS[0]!.rows;

function heard(...offsets: (number | 'silent')[]): Heard {
  const windows = offsets.map((offset, at_s) =>
    offset === 'silent' ? { at_s, why: offset } : { at_s, offset_ms: offset, confidence: 1 },
  );
  return { windows, gaps: [], first: [], grown_mib: [], loudness: [] };
}

const rowOf = (name: string) => CELLS.flatMap(({ rows }) => rows).find((row) => row.name === name)!;

/** Figures of runs without stalls. */
const figuresOf = (...heard: Heard[]) => figures(heard.map((one) => ({ heard: one, stalls: [] })));

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
      firefox: 'Firefox 1',
      webkitgtk: 'WebKitGTK 2',
      pulseaudio: 'pulseaudio 16',
    },
    command: 'make audible',
    began: '2026-01-01T00:00:00.000Z',
    seconds: 60,
    load: 0.2,
    floor_ms: 0.001,
    runs: [{ cell: 'direct', run: 1, load: 0.2, stalls: [], rows: { direct: heard(0.5, -0.7, 0.9) }, troubles: [] }],
    crowd: null,
    ...change,
  };
}

describe('the figures', () => {
  it('use the absolute offset', () => {
    const { median, max, windows } = figuresOf(heard(-2, 1), heard(-3));
    assert.deepEqual([median, max, windows], [2, 3, 3]);
  });

  it('meet the target or miss it', () => {
    assert.equal(meetsTarget(direct!, figuresOf(heard(0.5, -0.7, 0.9))), true);
    assert.equal(meetsTarget(direct!, figuresOf(heard(1.5, -1.7, 1.9))), false);
  });

  it('miss the target with a second without a measurement, or with a gap', () => {
    assert.equal(meetsTarget(direct!, figuresOf(heard(0, 'silent'))), false);
    assert.equal(meetsTarget(direct!, figuresOf({ ...heard(0, 0), gaps: [{ at_s: 1, length_ms: 4 }] })), false);
    assert.equal(meetsTarget(direct!, figuresOf()), false);
  });

  it('exclude exactly the seconds with a stall and those just after', () => {
    // The fourth second: it, and the three behind it.
    const listened = { heard: heard(1, 1, 1, 40, 50, 30, 20, 1, 1, 1), stalls: [{ at_s: 3.4, length_ms: 100 }] };
    const { max, windows, excluded } = figures([listened]);
    assert.deepEqual([max, windows, excluded], [1, 6, 4]);
    const gaps = [2, 3.5, 6.4, 6.6].map((at_s) => ({ at_s, length_ms: 10 }));
    const first = [2, 6, 7].map((at_s) => ({ at_s, ms: 100 * at_s }));
    const found = figures([{ ...listened, heard: { ...heard(), gaps, first } }]);
    assert.deepEqual([found.gaps, found.first?.max, found.excluded], [2, 700, 1]);
    const beside = { ...heard(), windows: [{ at_s: 20, beside_s: 3, offset_ms: 40, confidence: 1 }] };
    assert.deepEqual([figures([{ ...listened, heard: beside }]).excluded, figuresOf(beside).excluded], [1, 0]);
  });

  it('miss the target when half of them are excluded', () => {
    const short = { heard: heard(0, 0, 0, 0), stalls: [{ at_s: 2.5, length_ms: 30 }] };
    assert.deepEqual([figures([short]).windows, meetsTarget(direct!, figures([short]))], [2, false]);
    assert.equal(meetsTarget(direct!, figures([{ ...short, heard: heard(0, 0, 0) }])), true);
  });

  it('report the stalls, or that a run was not watched', () => {
    const [run] = results().runs;
    const still = {
      ...run!,
      stalls: [{ at_s: 0.5, length_ms: 48 }],
      rows: { direct: heard(40, 50, 0.5, 0.5, 0.5) },
    };
    const both = results({ runs: [still, run!] });
    assert.match(
      page(both),
      /stood still 1 times for more than 20 ms, up to 48 ms\. .* are set aside: 4 of 8 seconds and plays/,
    );
    assert.match(page(both), /4 of 5 set aside; the machine stood still 1 times, up to 48 ms/);
    assert.match(plot(both), /<circle class="excluded"/);
    assert.doesNotMatch(page(results()), /set aside|was watched/);
    assert.match(page(results({ runs: [{ ...run!, stalls: null }] })), /Not every run was watched/);
  });

  it('compare each second with what the page stated, and count one without a measurement as a miss', () => {
    const row = rowOf('firefox');
    const stating = (...stated: number[]) =>
      stated.map((stated_ms, at_s) => ({ at_s, offset_ms: -12, confidence: 1, stated_ms }));
    const right = figuresOf({ ...heard(), windows: stating(40, 40, 41) });
    assert.deepEqual([right.stated, meetsTarget(row, right)], [1, true]);
    const wrong = figuresOf({ ...heard(), windows: stating(40, 2, 2) });
    assert.deepEqual([wrong.stated! < 0.5, meetsTarget(row, wrong)], [true, false]);
    const deaf = figuresOf({ ...heard(), windows: [...stating(40), { at_s: 1, why: 'silent' }] });
    assert.deepEqual([deaf.stated, meetsTarget(row, deaf)], [0.5, false]);
    assert.equal(figuresOf(heard(1, 2)).stated, null);
  });

  it('meet a target of memory with the page that holds most', () => {
    const row = { name: 'set', title: 'a set', target: { held: 40 } };
    const pages = (...held: number[]): Heard[] =>
      held.map((mib) => ({ ...heard(), grown_mib: [{ most: 90, held: mib }] }));
    assert.deepEqual(figuresOf(...pages(30, 39.9, 20)).grown_mib, { most: 90, held: 39.9 });
    assert.equal(meetsTarget(row, figuresOf(...pages(30, 39.9))), true);
    assert.equal(meetsTarget(row, figuresOf(...pages(41, 10))), false);
    assert.equal(meetsTarget(row, figuresOf(heard(1))), false);
    const run = { ...results().runs[0]!, cell: 'set', rows: { 'set-join': pages(41)[0]! } };
    assert.match(
      table(results({ runs: [run] })),
      /\| 41 MiB more memory, with garbage at most 90 \| .*≤ 40 MiB \| no \|/,
    );
  });

  it('meet a target of loudness by the range over all runs', () => {
    const row = rowOf('loudness');
    const levels = (quiet: number, loud: number): Heard => ({
      ...heard(),
      loudness: [
        { what: 'quiet', lufs: quiet },
        { what: 'loud', lufs: loud },
      ],
    });
    const near = figuresOf(levels(-14.2, -14), levels(-14.4, -13.9));
    assert.equal(near.loudness_range_lu?.toFixed(1), '0.5');
    assert.equal(meetsTarget(row, near), true);
    assert.equal(meetsTarget(row, figuresOf(levels(-15.2, -14))), false);
    assert.equal(meetsTarget(row, figuresOf(heard())), false);
    const run = { ...results().runs[0]!, cell: 'loudness', rows: { loudness: levels(-14.25, -14) } };
    assert.match(page(results({ runs: [run] })), /\| quiet −14\.3 LUFS, loud −14\.0 LUFS \| within 1 LU \| yes \|/);
  });

  it('count a play without sound as a miss', () => {
    const play = (ms: number | null) => ({ at_s: 1, ms });
    const first = rowOf('first');
    assert.equal(meetsTarget(first, figuresOf({ ...heard(), first: [play(200), play(210)] })), true);
    assert.equal(meetsTarget(first, figuresOf({ ...heard(), first: [play(200), play(null)] })), false);
  });
});

describe('the page', () => {
  it('shows every run, failed ones included', () => {
    const failed = { cell: 'stall', run: 1, load: 0.4, stalls: [], rows: {}, troubles: [], failed: 'no sound' };
    const text = page(results({ runs: [...results().runs, failed] }));
    assert.match(text, /\| no delay \| 1 \| 0\.70 \| 0\.88 \| 0\.90 \| 0 \|/);
    assert.match(text, /failed: no sound/);
    assert.match(text, /Commit abc, /);
  });

  it('warns only when the machine was not idle', () => {
    assert.match(page(results({ load: 3 })), /NOT idle/);
    assert.doesNotMatch(page(results()), /NOT idle/);
  });

  it('has a row for each format', () => {
    const rows = Object.fromEntries(['mp3', 'm4a', 'flac', 'opus'].map((format) => [`halves-${format}`, heard(0.02)]));
    const text = page(results({ runs: [{ ...results().runs[0]!, cell: 'halves', rows }] }));
    assert.match(text, /\| gap between two halves of a recording, opus \| 1 \| 0\.02 \| .* \| all ≤ 0\.1 \| yes \|/);
    assert.equal(plot(results({ runs: [{ ...results().runs[0]!, rows }] })).match(/<circle/g)?.length, 4);
  });

  it('omits rows without measurements', () => {
    assert.equal(table(results()).split('\n').length, 3);
  });

  it('plots every second', () => {
    assert.equal(plot(results()).match(/<circle/g)?.length, 3);
  });
});

describe('a crowd', () => {
  it('also reports the worst moments', () => {
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
    assert.match(crowdText(crowd), /within 5 ms 100\.0 %, .*, 90\.0 %;/);
    assert.match(crowdText(crowd), /\| skip \| 6\.0 s \| not before the next \|/);
  });
});
