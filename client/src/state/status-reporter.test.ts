import { beforeEach, describe, expect, it } from 'vitest';
import type { ClientFrame, DevicePlayback } from '$protocol';
import { StatusReporter } from './status-reporter';

const PLAYING: DevicePlayback = { entry: 'a', position_ms: 0, at_ms: 0, error_ms: 0, state: 'playing' };

let playback: DevicePlayback | null;
let hidden: boolean;
let online: boolean;
let sent: ClientFrame[];
let reporter: StatusReporter;

beforeEach(() => {
  playback = null;
  hidden = false;
  online = true;
  sent = [];
  reporter = new StatusReporter(
    () => playback,
    () => hidden,
    (frame) => {
      if (online) sent.push(frame);
      return online;
    },
  );
});

describe('status of a device', () => {
  it('is sent again and again while it plays, and once when it has stopped', () => {
    reporter.sendStatus();
    expect(sent).toEqual([]);
    playback = PLAYING;
    reporter.sendStatus();
    reporter.sendStatus();
    playback = null;
    reporter.sendStatus();
    reporter.sendStatus();
    expect(sent).toEqual([
      { type: 'status', playback: PLAYING, idle: false },
      { type: 'status', playback: PLAYING, idle: false },
      { type: 'status', playback: null, idle: false },
    ]);
  });

  it('says once that a silent device is hidden, and once that it is not', () => {
    hidden = true;
    reporter.sendStatus();
    reporter.sendStatus();
    hidden = false;
    reporter.sendStatus();
    reporter.sendStatus();
    expect(sent.map((frame) => frame.type === 'status' && frame.idle)).toEqual([true, false]);
  });

  it('is not idle while it plays, however hidden its page is', () => {
    hidden = true;
    playback = PLAYING;
    reporter.sendStatus();
    expect(sent).toEqual([{ type: 'status', playback: PLAYING, idle: false }]);
  });

  it('is repeated to a new connection, and what could not be sent is sent later', () => {
    hidden = true;
    reporter.sendStatus();
    reporter.connected();
    expect(sent).toHaveLength(2);
    hidden = false;
    online = false;
    reporter.sendStatus();
    online = true;
    reporter.sendStatus();
    expect(sent.at(-1)).toEqual({ type: 'status', playback: null, idle: false });
  });
});
