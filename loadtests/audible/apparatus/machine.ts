import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Machine } from '../report/results.ts';

export const load = (): number => loadavg()[0]!;

export function thisMachine(): Machine {
  return {
    commit: said('git', 'rev-parse', '--short=12', 'HEAD'),
    changed: said('git', 'status', '--porcelain', '--untracked-files=no') !== '',
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    chromium: said(process.env.CHROMIUM ?? '/usr/bin/chromium', '--version').split(' built on')[0]!,
    firefox: said(process.env.FIREFOX ?? '/usr/bin/firefox-esr', '--version'),
    // Its browser tells its version only on a screen.
    webkitgtk: said('dpkg-query', '--show', 'webkit2gtk-driver').replace('\t', ' '),
    pulseaudio: said('pulseaudio', '--version'),
  };
}

function said(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
