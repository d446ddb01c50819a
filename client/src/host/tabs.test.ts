import { describe, expect, it } from 'vitest';
import type { Action } from '$protocol';
import { entry, member } from '../testing/fixtures';
import { tabs, tabsFor, waitingFor } from './tabs';

const who =
  (...actions: Action[]) =>
  (action: Action) =>
    actions.includes(action);

describe('tabs of the host console', () => {
  it('are shown to members who can use them', () => {
    expect(tabsFor(() => true)).toEqual([...tabs]);
    expect(tabsFor(who('queue', 'vote', 'chat', 'skip', 'control_playback'))).toEqual([]);
    expect(tabsFor(who('admit'))).toEqual(['door']);
    expect(tabsFor(who('mute', 'see_audit'))).toEqual(['people', 'log']);
  });

  it('count pending decisions for members who may make them', () => {
    const room = { lobby: [member('cai'), member('dan')], suggestions: [entry('a', 'ben')] };
    expect(waitingFor(room, () => true)).toEqual({ people: 2, suggestions: 1 });
    expect(waitingFor(room, who('approve'))).toEqual({ people: 0, suggestions: 1 });
    expect(waitingFor({}, () => true)).toEqual({ people: 0, suggestions: 0 });
  });
});
