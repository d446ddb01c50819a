import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { promisify } from 'node:util';
import { treeOf } from './process-tree.ts';

/**
 * Makes a busy machine an idle one for what is measured, as far as the system allows. While it plays, sound runs at
 * real-time priority, the browsers' own sound threads included, and all else that we started goes before other work.
 * Without that, sound servers and browsers that wait for a processor misjudge their own latency by many milliseconds, and
 * the other work of the machine is what is measured.
 */

/**
 * Round robin at real-time priority, where whoever is busy keeps those of the same rank waiting for up to 100 ms. So what
 * records waits for what sounds, and that for nobody but the sound cards, which need no processor where they are real.
 */
const RECORDING = 3;
const SOUND = 5;
const SOUND_CARDS = 7;
/** Not at real-time priority, before all else. Pages: a busy one would stop its own sound. */
const FIRST = -11;
const ORDINARY = 0;
const SOUND_THREAD = /audio|threaded-ml/i;

const run = promisify(execFile);
/** What is at real-time priority already: to ask again would only take time from those that are not. */
const hurried = new Set<number>();

/** Those that go before everything else, and keep that. */
const leading = new Set<number>();

/** Puts a process before all others, its sound too, as a sound card is; false: not allowed here. */
export async function goFirst(pid: number): Promise<boolean> {
  leading.add(pid);
  return schedule('--fifo', SOUND_CARDS, pid);
}

/** False: not allowed here. Called again whenever there is more: a new stream is a new thread. */
export async function hurry(): Promise<boolean> {
  let allowed = true;
  for (const pid of ours()) {
    const name = nameOf(`/proc/${pid}`);
    if (name === 'chromium') for (const thread of threadsOf(pid)) allowed = (await hurryThread(pid, thread)) && allowed;
    else allowed = (await hurryOnce(pid, name === 'pulseaudio' ? SOUND : RECORDING, '--all-tasks')) && allowed;
  }
  return allowed;
}

/** What comes now may wait: it is not measured. */
export async function ease(): Promise<void> {
  hurried.clear();
  for (const pid of ours()) {
    if (nameOf(`/proc/${pid}`) !== 'chromium') await schedule('--other', 0, pid, '--all-tasks');
    else for (const thread of threadsOf(pid)) prioritize(thread, ORDINARY);
  }
}

const ours = (): number[] => treeOf(process.pid).filter((pid) => !leading.has(pid));

async function hurryThread(pid: number, thread: number): Promise<boolean> {
  const isSound = SOUND_THREAD.test(nameOf(`/proc/${pid}/task/${thread}`));
  return isSound ? hurryOnce(thread, SOUND) : prioritize(thread, FIRST);
}

async function hurryOnce(id: number, priority: number, ...more: string[]): Promise<boolean> {
  if (hurried.has(id)) return true;
  hurried.add(id);
  return schedule('--rr', priority, id, ...more);
}

function prioritize(thread: number, priority: number): boolean {
  try {
    setPriority(thread, priority);
    return true;
  } catch {
    return hasEnded(thread);
  }
}

async function schedule(policy: string, priority: number, id: number, ...more: string[]): Promise<boolean> {
  try {
    await run('chrt', [...more, policy, '--pid', String(priority), String(id)]);
    return true;
  } catch {
    return hasEnded(id);
  }
}

/** Then it is no matter that it could not be changed. */
const hasEnded = (id: number): boolean => nameOf(`/proc/${id}`) === '';

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

function nameOf(folder: string): string {
  try {
    return readFileSync(`${folder}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
