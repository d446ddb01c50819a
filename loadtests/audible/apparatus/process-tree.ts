import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** A process and all that it started, and they. Linux only. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** All their threads run before others, as those of sound do anyway; browsers set the rest back to the ordinary. */
export function raise(pids: readonly number[], priority: number): void {
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      try {
        if (getPriority(thread) > priority) setPriority(thread, priority);
      } catch {
        // It has ended meanwhile, or we may not.
      }
    }
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

function parentOf(pid: number): number | null {
  try {
    // The name in parentheses may hold anything, so count from behind it.
    const [, rest] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return Number(rest?.split(' ')[1]);
  } catch {
    return null;
  }
}
