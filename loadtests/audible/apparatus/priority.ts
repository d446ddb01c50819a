import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { promisify } from 'node:util';
import { treeOf } from '../../../tests/browser/support/process-tree.ts';

/**
 * Shields the measurement from other load, as far as the system allows. During playback, sound runs at real-time
 * priority, including the browsers' sound threads, and everything else that we started has priority over other work.
 * Without this, sound servers and browsers waiting for a processor misjudge their latency by many milliseconds, and the
 * measurement reflects the machine's other load.
 */

/**
 * Round robin at real-time priority, where a busy thread delays others of its rank for up to 100 ms. So recording yields to
 * playback, and playback yields only to the sound cards, which would need no processor if they were real.
 */
const RECORDING = 3;
const SOUND = 5;
const SOUND_CARDS = 7;
/** High priority, but not real-time. For pages: a busy page would stop its own sound. */
const FIRST = -11;
const ORDINARY = 0;
/** Threads of sound in Chromium, Firefox and WebKitGTK, which uses GStreamer. */
const SOUND_THREAD = /audio|threaded-ml|cubeb|MediaTrackGrph|GraphRunner|pulse|aqueue|multiqueue/i;
/** What records. All other programs that were started are browsers. */
const RECORDERS: ReadonlySet<string> = new Set(['node', 'parec']);

const run = promisify(execFile);
/** Threads that already have real-time priority, so that they are not set again. */
const hurried = new Set<number>();

/** Processes that keep the highest priority. */
const leading = new Set<number>();

/** Gives a process the priority of a sound card, above all others; false without permission. */
export async function setSoundCardPriority(pid: number): Promise<boolean> {
  leading.add(pid);
  return schedule('--fifo', SOUND_CARDS, pid);
}

/** Raises priorities; false without permission. Called again for every new stream, which is a new thread. */
export async function raisePriorities(): Promise<boolean> {
  let allowed = true;
  for (const pid of ours()) {
    const priority = wholePriorityOf(pid);
    if (priority !== null) allowed = (await raiseOnce(pid, priority, '--all-tasks')) && allowed;
    else for (const thread of threadsOf(pid)) allowed = (await makeRealTime(pid, thread)) && allowed;
  }
  return allowed;
}

/** Restores normal priorities: what follows is not measured. */
export async function restorePriorities(): Promise<void> {
  hurried.clear();
  for (const pid of ours()) {
    if (wholePriorityOf(pid) !== null) await schedule('--other', 0, pid, '--all-tasks');
    else for (const thread of threadsOf(pid)) prioritize(thread, ORDINARY);
  }
}

/** `null` for browsers, whose threads differ. */
function wholePriorityOf(pid: number): number | null {
  const name = nameOf(`/proc/${pid}`);
  if (name === 'pulseaudio') return SOUND;
  return RECORDERS.has(name) ? RECORDING : null;
}

const ours = (): number[] => treeOf(process.pid).filter((pid) => !leading.has(pid));

async function makeRealTime(pid: number, thread: number): Promise<boolean> {
  const isSound = SOUND_THREAD.test(nameOf(`/proc/${pid}/task/${thread}`));
  return isSound ? raiseOnce(thread, SOUND) : prioritize(thread, FIRST);
}

async function raiseOnce(id: number, priority: number, ...more: string[]): Promise<boolean> {
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

/** A process that has ended needs no priority. */
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
