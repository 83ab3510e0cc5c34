// docs/operations.md#attacks: the most memory that each process of a network has held, from Linux's /proc; nothing
// elsewhere.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export type MemoryWatch = {
  /** MiB by name of the process; for a process that was started again, the most of any. */
  peaks(): Map<string, number>;
  stop(): Promise<void>;
};

const LOOK_MS = 500;
const KIB_PER_MIB = 1024;

/** `onTooMuch` is called once, when all processes together hold more than `limitMiB`. */
export function watchMemory(
  processes: () => readonly { readonly name: string; readonly pid: number | undefined }[],
  limitMiB: number,
  onTooMuch: (totalMiB: number) => void,
): MemoryWatch {
  const peaks = new Map<string, number>();
  const stop = new AbortController();
  const look = (): number => {
    let total = 0;
    for (const { name, pid } of processes()) {
      const status = statusOf(pid);
      peaks.set(name, Math.max(peaks.get(name) ?? 0, mebibytes(status, 'VmHWM')));
      total += mebibytes(status, 'VmRSS');
    }
    return total;
  };
  const watching = (async () => {
    let told = false;
    while (!stop.signal.aborted) {
      const total = look();
      if (total > limitMiB && !told) {
        told = true;
        onTooMuch(total);
      }
      await delay(LOOK_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    peaks: () => peaks,
    async stop() {
      look();
      stop.abort();
      await watching;
    },
  };
}

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // The process is being started again, or this is not Linux.
    return '';
  }
}

function mebibytes(status: string, field: string): number {
  return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / KIB_PER_MIB);
}
