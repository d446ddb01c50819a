import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientFrame } from '$protocol';
import { CommandQueue, type StoredCommand } from './command-queue';

let online: boolean;
let sent: ClientFrame[];
let waiting: number;
let kept: StoredCommand[];
let ids: number;
let outbox: CommandQueue;

beforeEach(() => {
  vi.useFakeTimers();
  online = true;
  sent = [];
  kept = [];
  ids = 0;
  outbox = newOutbox();
});
afterEach(() => vi.useRealTimers());

function newOutbox(): CommandQueue {
  return new CommandQueue(
    (frame) => {
      if (online) sent.push(frame);
      return online;
    },
    () => `id-${++ids}`,
    Date.now,
    (count, toKeep) => {
      waiting = count;
      kept = toKeep;
    },
  );
}

const sentIds = () => sent.map((frame) => (frame.type === 'command' ? frame.id : frame.type));

describe('command queue', () => {
  it('resolves with the entry that the command created', async () => {
    const accepted = outbox.submit({ name: 'enqueue', track: { provider: 'library', id: 't' } });
    outbox.settle({ type: 'reply', id: 'id-1', ok: true, offset: 7, entry: 'e' });
    await expect(accepted).resolves.toEqual({ entry: 'e', answer: null });
    expect(waiting).toBe(0);
  });

  it('resolves with the data that the command requested', async () => {
    const accepted = outbox.submit({ name: 'show_history' });
    outbox.settle({ type: 'reply', id: 'id-1', ok: true, offset: 7, answer: { history: [] } });
    await expect(accepted).resolves.toEqual({ entry: null, answer: { history: [] } });
  });

  it('does not resend commands that the server may have executed and forgotten', async () => {
    const sentBefore = outbox.submit({ name: 'clear' });
    online = false;
    const neverSent = outbox.submit({ name: 'pause_queue' });
    vi.advanceTimersByTime(11 * 60_000);
    online = true;
    sent = [];
    outbox.resend();
    await expect(sentBefore).rejects.toMatchObject({ code: 'outcome_unknown' });
    expect(sentIds()).toEqual(['id-2']);
    outbox.settle({ type: 'reply', id: 'id-2', ok: true, offset: 7 });
    await expect(neverSent).resolves.toEqual({ entry: null, answer: null });
    expect(waiting).toBe(0);
  });

  it('rejects with the reason of the refusal', async () => {
    const accepted = outbox.submit({ name: 'skip' });
    const values = { action: 'skip', lowest_role: 'cohost' };
    const error = {
      code: 'forbidden',
      message: 'Only hosts skip.',
      retry: false,
      reason: 'role_too_low',
      values,
    } as const;
    outbox.settle({ type: 'reply', id: 'id-1', ok: false, error });
    await expect(accepted).rejects.toMatchObject({ code: 'forbidden', reason: 'role_too_low', values });
  });

  it('keeps commands while offline and sends them once, in order, under their ids', async () => {
    online = false;
    void outbox.submit({ name: 'dequeue', entry: 'a' });
    void outbox.submit({ name: 'dequeue', entry: 'b' });
    expect(sent).toEqual([]);
    expect(waiting).toBe(2);
    online = true;
    outbox.resend();
    expect(sentIds()).toEqual(['id-1', 'id-2']);
    outbox.settle({ type: 'reply', id: 'id-1', ok: true });
    outbox.resend();
    expect(sentIds()).toEqual(['id-1', 'id-2', 'id-2']);
  });

  it('expires a skip instead of sending it late', async () => {
    online = false;
    const skip = outbox.submit({ name: 'skip' });
    const refused = expect(skip).rejects.toMatchObject({ code: 'expired' });
    const removal = outbox.submit({ name: 'dequeue', entry: 'a' });
    await vi.advanceTimersByTimeAsync(10_000);
    await refused;
    online = true;
    outbox.resend();
    expect(sentIds()).toEqual(['id-2']);
    outbox.settle({ type: 'reply', id: 'id-2', ok: true });
    await removal;
  });

  it('passes unanswered commands to the next page under the same ids', async () => {
    void outbox.submit({ name: 'pause_queue' });
    online = false;
    void outbox.submit({ name: 'dequeue', entry: 'a' });
    void outbox.submit({ name: 'skip' }).catch(() => {});
    expect(kept.map(({ id }) => id)).toEqual(['id-1', 'id-2']);
    expect(kept.map(({ sentAtMs }) => sentAtMs !== null)).toEqual([true, false]);

    const reloaded = newOutbox();
    const accepted = reloaded.restore(kept);
    expect(waiting).toBe(2);
    online = true;
    sent = [];
    reloaded.resend();
    expect(sentIds()).toEqual(['id-1', 'id-2']);
    reloaded.settle({ type: 'reply', id: 'id-1', ok: true });
    reloaded.settle({ type: 'reply', id: 'id-2', ok: true, entry: 'e' });
    await expect(accepted[1]).resolves.toEqual({ entry: 'e', answer: null });
    expect(waiting).toBe(0);
    expect(kept).toEqual([]);
  });

  it('bounds unanswered commands', async () => {
    online = false;
    for (let count = 0; count < 50; count += 1) void outbox.submit({ name: 'dequeue', entry: 'a' });
    await expect(outbox.submit({ name: 'dequeue', entry: 'a' })).rejects.toMatchObject({ code: 'command_queue_full' });
  });

  it('rejects all unanswered commands when there will be no further connection', async () => {
    const left = outbox.submit({ name: 'leave' });
    outbox.abandon();
    await expect(left).rejects.toMatchObject({ code: 'closed' });
  });
});
