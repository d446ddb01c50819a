import type { Recording } from '../apparatus/recording.ts';
import type { Scope } from './cell.ts';
import { apart, type Heard } from './measures.ts';

/** Evaluates a run, row by row. */
export function judge(recording: Recording, scopes: readonly Scope[]): Map<string, Heard> {
  const { channels } = recording;
  const rows = new Map<string, Heard>();
  for (const { row, fromMs, untilMs, measure = apart() } of scopes) {
    const [from, until] = [recording.placeOf(fromMs), recording.placeOf(untilMs)];
    const {
      windows = [],
      gaps = [],
      first = [],
      grown_mib = [],
      loudness = [],
    } = measure({
      recording,
      channels,
      from,
      until,
    });
    const heard = rows.get(row);
    rows.set(row, {
      windows: [...(heard?.windows ?? []), ...windows],
      gaps: [...(heard?.gaps ?? []), ...gaps],
      first: [...(heard?.first ?? []), ...first],
      grown_mib: [...(heard?.grown_mib ?? []), ...grown_mib],
      loudness: [...(heard?.loudness ?? []), ...loudness],
    });
  }
  return rows;
}
