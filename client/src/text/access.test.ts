import { describe, expect, it } from 'vitest';
import { CloseCode } from '$protocol';
import { actionNames, endingText } from './access';
import { connectionText, waitingText } from './connection';

describe('access texts', () => {
  it('have an ending for every close code', () => {
    const final = Object.values(CloseCode).filter((code) => code >= 4500);
    const misunderstood = endingText(4999).title;
    const known = final.filter((code) => endingText(code).title !== misunderstood);
    // Codes that only a faulty client or a screen receives need no text of their own.
    expect(final.filter((code) => !known.includes(code))).toEqual([
      CloseCode.BadHello,
      CloseCode.ProtocolViolation,
      CloseCode.ScreenNotPaired,
    ]);
    expect(new Set(known.map((code) => endingText(code).title)).size).toBe(known.length);
  });

  it('offer an account where one is needed', () => {
    expect(actionNames[endingText(CloseCode.AccountNeeded).action]).toBe('Log in or create an account');
  });

  it('say what is on the way, and whether the server is there', () => {
    const blocked = connectionText({ name: 'connecting', obstacle: 'proxy' }, 0).long;
    expect(blocked).toContain('blocks the live connection');
    expect(blocked, 'and how to mend it').toContain('“Upgrade”');
    expect(connectionText({ name: 'connecting', obstacle: 'upstream' }, 0).long).toContain('A proxy answers');
    expect(connectionText({ name: 'connecting', obstacle: 'server' }, 0).long).toContain('doesn’t answer');
    expect(connectionText({ name: 'connecting', obstacle: 'server' }, 0).title).toBe('The room can’t be reached');
    expect(connectionText({ name: 'reconnecting', obstacle: 'server' }, 0).short).toBe('Reconnecting…');
    expect(connectionText({ name: 'offline' }, 0).title).toBe('Offline');
    expect(connectionText({ name: 'connecting' }, 0).title).toBeNull();
  });

  it('describe waiting in the lobby', () => {
    expect(waitingText.lead('Kitchen')).toContain('in Kitchen');
    expect(connectionText({ name: 'connecting', busy: 4010 }, 0).long).toContain('The room is full.');
    expect(connectionText({ name: 'connecting', busy: 4010 }, 0).title).toBe('It’s too busy right now');
    expect(connectionText({ name: 'connecting', busy: 4999 }, 0).short).toBe('Connecting…');
    expect(connectionText({ name: 'waiting' }, 0).short).toBe('Waiting…');
  });
});
