import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { seeded } from '../../../client/src/testing/random.ts';
import { treeOf } from '../../../tests/browser/support/process-tree.ts';
import { nowMs } from '../apparatus/clock.ts';
import { always, between, Path } from '../apparatus/path.ts';
import { Recording } from '../apparatus/recording.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';

describe('a network path', () => {
  it('keeps the order of chunks, whatever their delay', async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const random = seeded(1);
    const path = new Path((echo.address() as { port: number }).port, between(0, 20, random), between(0, 20, random));
    await path.open();
    const socket = await dial(path.url);
    const sent = Array.from({ length: 200 }, (_, n) => `${n};`);
    let got = '';
    socket.on('data', (piece) => {
      got += piece;
    });
    for (const piece of sent) {
      socket.write(piece);
      await new Promise(setImmediate);
    }
    socket.end();
    await once(socket, 'close');
    assert.equal(got, sent.join(''));
    path.close();
    echo.close();
  });

  it('delays each direction by the given time', async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const path = new Path((echo.address() as { port: number }).port, always(40), always(5));
    await path.open();
    const socket = await dial(path.url);
    const sentMs = nowMs();
    socket.write('x');
    await once(socket, 'data');
    assert.ok(nowMs() - sentMs >= 45, `${nowMs() - sentMs}`);
    socket.destroy();
    path.close();
    echo.close();
  });
});

async function dial(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

describe('a process tree', () => {
  it('contains the descendants of a process', async () => {
    const parent = spawn('sh', ['-c', 'tail -f /dev/null & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(parent.stdout, 'data');
    const tree = treeOf(parent.pid!);
    assert.deepEqual(tree, [parent.pid, Number(String(line))]);
    for (const pid of tree) process.kill(pid);
    await once(parent, 'exit');
  });
});

describe('a recording', () => {
  it('is as long as the channel of its slowest player', async () => {
    const recording = new Recording(2);
    recording.startMs = 1_000;
    recording.take(0, new Float32Array(SAMPLE_RATE).fill(0.5));
    recording.take(1, new Float32Array(SAMPLE_RATE / 2));
    assert.equal(recording.lastMs, 1_500);
    assert.deepEqual([recording.sounds(0), recording.sounds(1)], [true, false]);
    const reached = recording.reaches(2_000);
    recording.take(1, new Float32Array(SAMPLE_RATE / 2));
    recording.look();
    await reached;
  });
});
