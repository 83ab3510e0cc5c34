// docs/edge.md#memory: what tasks hold of the gateway's memory is reserved before anything is fetched.
import type { TaskInfo } from './task.ts';

/** Whose the task is: an owner may have any number of runs. */
export type Holder = Pick<TaskInfo, 'owner' | 'run'>;

export type Memory = {
  /** False: the task must wait until others have given back. */
  reserve(task: string, holder: Holder, bytes: number): boolean;
  /** What the task holds by now is known better, and is not more. */
  shrink(task: string, bytes: number): void;
  release(task: string): void;
  /** Of two holders, which holds less: as an owner, then as a run. */
  compare(a: Holder, b: Holder): number;
  /** By an owner, or by a run. */
  heldBy(name: string): number;
  held(): number;
};

/** An owner that holds something leaves this part of memory and places to those that hold nothing. */
const NEWCOMERS_SHARE = 0.25;

export function createMemory(limits: { readonly bytes: number; readonly tasks: number }): Memory {
  const tasks = new Map<string, { readonly holder: Holder; bytes: number }>();
  const byName = new Map<string, number>();
  let held = 0;

  const heldBy = (name: string): number => byName.get(name) ?? 0;

  const change = ({ owner, run }: Holder, bytes: number) => {
    held += bytes;
    for (const name of [owner, run]) {
      const left = heldBy(name) + bytes;
      if (left === 0) byName.delete(name);
      else byName.set(name, left);
    }
  };

  return {
    reserve: (task, holder, bytes) => {
      if (tasks.has(task)) return false;
      const share = byName.has(holder.owner) ? 1 - NEWCOMERS_SHARE : 1;
      if (held + bytes > limits.bytes * share || tasks.size + 1 > limits.tasks * share) return false;
      tasks.set(task, { holder, bytes });
      change(holder, bytes);
      return true;
    },
    shrink: (task, bytes) => {
      const entry = tasks.get(task);
      if (entry === undefined || bytes >= entry.bytes) return;
      change(entry.holder, bytes - entry.bytes);
      entry.bytes = bytes;
    },
    release: (task) => {
      const entry = tasks.get(task);
      if (entry === undefined) return;
      tasks.delete(task);
      change(entry.holder, -entry.bytes);
    },
    compare: (a, b) => heldBy(a.owner) - heldBy(b.owner) || heldBy(a.run) - heldBy(b.run),
    heldBy,
    held: () => held,
  };
}
