import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { treeOf } from '../../../tests/browser/support/process-tree.ts';

/**
 * Watches by how much the process of a page grows: its own memory, which decoded audio is a part of. Program code that is
 * read from files does not count. Chromium only.
 */

const LOOK_EVERY_MS = 250;
const FREEING_MS = 3_000;

/** By how many MiB a page grew. */
export interface Growth {
  /** At most. */
  most: number;
  /** What it still holds when its garbage is collected. */
  held: number;
}

/** `browser` is the process whose descendants are the browser. Growth counts from now to the call of the returned function. */
export function watchMemory(browser: number, collectGarbage: () => Promise<void>): () => Promise<Growth> {
  const [page] = treeOf(browser)
    .filter(rendersPages)
    .sort((a, b) => ownMib(b) - ownMib(a));
  if (page === undefined) throw new Error('no process of this browser runs a page');
  const before = ownMib(page);
  let most = before;
  const look = () => {
    const now = ownMib(page);
    most = Math.max(most, now);
    // The process has ended.
    if (now === 0) clearInterval(looking);
  };
  const looking = setInterval(look, LOOK_EVERY_MS);
  return async () => {
    clearInterval(looking);
    look();
    await collectGarbage();
    // What is free is given back to the system a little later.
    await wait(FREEING_MS);
    return { most: most - before, held: ownMib(page) - before };
  };
}

/** A browser keeps an empty one ready, which is smaller than one with a page. */
const rendersPages = (pid: number): boolean => read(pid, 'cmdline').includes('--type=renderer');

/** Heap, decoded audio and what is shared with other processes. */
export function ownMib(pid: number): number {
  const status = read(pid, 'status');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return (kib('RssAnon') + kib('RssShmem')) / 1024;
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
