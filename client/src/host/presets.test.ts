import { describe, expect, it } from 'vitest';
import { settings } from '../testing/fixtures';
import { changedLimits, problemsOf } from './limits';
import { draftOf, type PresetName, presetOf, presets } from './presets';

const names = Object.keys(presets) as PresetName[];

describe('presets', () => {
  it('are recognized in a room’s settings, of a new one as the party', () => {
    expect(presetOf(settings())).toBe('party');
    for (const name of names) expect(presetOf(settings(presets[name]))).toBe(name);
    expect(presetOf(settings({ ...presets.strict, entries_per_member_max: 4 }))).toBe('custom');
    expect(presetOf(settings({ ...presets.strict, policy: 'votes' }))).toBe('custom');
    expect(presetOf(settings({ ...presets.strict, explicit: 'refuse', suggestions: true }))).toBe('strict');
    expect(presetOf(settings({ track_ms_max: 1 })), 'as the field shows it').toBe('party');
  });

  it('lead from any to any other, and change nothing else', () => {
    for (const from of names) {
      for (const to of names) {
        const before = settings({ ...presets[from], explicit: 'refuse', host_claim_after_ms: 1 });
        const draft = draftOf(to, { typed: { players_max: 'many' }, picked: { suggestions: true } });
        expect(problemsOf(before, draft.typed)).toEqual({});
        const change = changedLimits(before, draft);
        expect(presetOf({ ...before, ...change } as typeof before)).toBe(to);
        const { suggestions, ...others } = change;
        expect(suggestions).toBe(true);
        expect(Object.keys(others).length === 0).toBe(from === to);
        expect(change).not.toHaveProperty('explicit');
      }
    }
  });
});
