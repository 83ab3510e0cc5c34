// docs/operations.md#idle: the processor time and memory of each process of a devnet while nothing happens, from
// Linux's /proc.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startDevnet } from '../devnet/devnet.ts';

/** Seconds until caches are warm and L1's blocks have become rare. */
const SETTLE_SECONDS = 120;
const MEASURED_SECONDS = 60;
const TICKS_PER_SECOND = 100;

/**
 * One row for the whole, one for each process: percent of a core, and MiB of memory (PSS: shared pages are counted
 * once).
 */
export async function benchIdle(): Promise<object[]> {
  if (process.platform !== 'linux') throw new Error('This is measured from /proc: it needs Linux.');
  const folder = mkdtempSync(join(tmpdir(), 'mizu-idle-'));
  const devnet = await startDevnet({ folder });
  try {
    await delay(SETTLE_SECONDS * 1000);
    const names = new Map(devnet.processes().map(({ name, pid }) => [pid, name]));
    const before = ticksOf(descendants(process.pid));
    const began = performance.now();
    await delay(MEASURED_SECONDS * 1000);
    const seconds = (performance.now() - began) / 1000;
    const rows = [...ticksOf([...before.keys()])].map(([pid, ticks]) => ({
      part: names.get(pid) ?? (pid === process.pid ? 'supervisor (and this measurement)' : commandOf(pid)),
      cpuPercent: (100 * (ticks - (before.get(pid) ?? 0))) / TICKS_PER_SECOND / seconds,
      ...memoryOf(pid),
    }));
    const sum = (key: 'cpuPercent' | 'pssMiB' | 'rssMiB') => rows.reduce((total, row) => total + row[key], 0);
    const whole = {
      part: 'whole network',
      cpuPercent: sum('cpuPercent'),
      pssMiB: sum('pssMiB'),
      rssMiB: sum('rssMiB'),
    };
    return [whole, ...rows];
  } finally {
    await devnet.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** This process, all that it has started, and all that those have started. */
function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(Number(name)));
  const found = [root];
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found;
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? 0);
}

/** Clock ticks of user and system time of the processes that still run. */
function ticksOf(pids: readonly number[]): Map<number, number> {
  const fields = pids.map((pid) => [pid, statOf(pid)] as const).filter(([, stat]) => stat.length > 0);
  return new Map(fields.map(([pid, stat]) => [pid, Number(stat[11]) + Number(stat[12])]));
}

// The fields from the state on: the name before it may have spaces and brackets.
function statOf(pid: number): string[] {
  return read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ').filter(Boolean) ?? [];
}

function memoryOf(pid: number): { pssMiB: number; rssMiB: number } {
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
  return { pssMiB: of('Pss'), rssMiB: of('Rss') };
}

function commandOf(pid: number): string {
  const words = read(`/proc/${pid}/cmdline`).split('\0');
  return words
    .slice(0, 2)
    .map((word) => word.split('/').at(-1))
    .join(' ');
}

// Empty if the process has ended.
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
