import { CELLS } from '../cells/cells.ts';
import type { Heard } from '../cells/measures.ts';
import { type Results, rowResults, splitByStalls } from './results.ts';

/** Every second of every run as a dot: one row of dots for each row of the table, the offset on the x axis. */

const WIDTH = 960;
const LEFT = 350;
const RIGHT = 30;
const ROW = 34;
const TOP = 46;
const BOTTOM = 40;
/** Linear up to here, then logarithmic: resolves the middle without cutting off outliers. */
const EVEN_MS = 1;
const MOST_MS = 500;
const TICKS = [-100, -10, -3, -1, 0, 1, 3, 10, 100];

export function plot(results: Results): string {
  const rows = CELLS.flatMap((cell) => cell.rows).flatMap((row) => {
    const parts = rowResults(results, row.name).map(({ heard, stalls }) => splitByStalls(heard, stalls));
    const dots = [
      ...parts.flatMap(({ counts }) => dotsOf(counts)),
      ...parts.flatMap(({ excluded }) => dotsOf(excluded, 'excluded')),
    ];
    return dots.length === 0 ? [] : [{ ...row, dots }];
  });
  const height = TOP + rows.length * ROW + BOTTOM;
  const bottom = TOP + rows.length * ROW;
  const lines = TICKS.map((tick) => {
    const x = across(tick);
    const strong = Math.abs(tick) <= EVEN_MS ? ' class="near"' : '';
    return `<line${strong} x1="${x}" y1="${TOP - 6}" x2="${x}" y2="${bottom}"/><text class="tick" x="${x}" y="${bottom + 16}">${tick}</text>`;
  });
  const drawn = rows.map(({ title, target, dots }, number) => {
    const y = TOP + (number + 0.5) * ROW;
    const limit = target.p95 ?? target.max;
    const limits = limit === undefined ? '' : [-limit, limit].map((at) => bar(across(at), y)).join('');
    const circles = dots
      .map(({ offset, kind }, dot) => `<circle${kind} cx="${across(offset)}" cy="${y + jitter(dot)}" r="2"/>`)
      .join('');
    return `<text class="title" x="${LEFT - 12}" y="${y + 4}">${escaped(title)}</text>${limits}${circles}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Each measured offset, in milliseconds">
<style>
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { text-anchor: end } .tick { text-anchor: middle; fill: #666 } .head { fill: #666 }
  line { stroke: #ddd } line.near { stroke: #bbb } line.limit { stroke: #c2410c; stroke-width: 2 }
  circle { fill: #1d4ed8; fill-opacity: 0.35 } circle.excluded { fill: #999 }
</style>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text class="head" x="20" y="20">Offset in ms between two players, two tracks or two halves: a dot for each, grey where the machine stood still, bars at what is promised</text>
${[...lines, ...drawn].join('\n')}
</svg>
`;
}

const dotsOf = ({ windows }: Heard, kind = '') =>
  windows.flatMap((window) =>
    'offset_ms' in window ? [{ offset: window.offset_ms, kind: kind && ` class="${kind}"` }] : [],
  );

function across(offsetMs: number): number {
  const size = Math.min(Math.abs(offsetMs), MOST_MS);
  const scaled = size <= EVEN_MS ? size / EVEN_MS : 1 + Math.log10(size / EVEN_MS);
  const share = scaled / (1 + Math.log10(MOST_MS / EVEN_MS));
  const half = (WIDTH - LEFT - RIGHT) / 2;
  return round(LEFT + half + Math.sign(offsetMs) * share * half);
}

const bar = (x: number, y: number) => `<line class="limit" x1="${x}" y1="${y - 11}" x2="${x}" y2="${y + 11}"/>`;

/** Deterministic jitter over the height of a row. */
const jitter = (dot: number) => round((((dot * 0.618) % 1) - 0.5) * 16);

const round = (value: number) => Math.round(value * 10) / 10;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
