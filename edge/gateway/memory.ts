// docs/edge.md#memory: what tasks hold of the gateway's memory is reserved before anything is fetched.
import { createShares, type Holder } from './shares.ts';

export type Memory = {
  /** Returns false if the task must wait until others have given memory back. */
  reserve(task: string, holder: Holder, bytes: number): boolean;
  /** Lowers the reservation of a task once its true size is known. */
  shrink(task: string, bytes: number): void;
  release(task: string): void;
  /** Orders two holders: whose owner holds less comes first; of equal owners, whose run does. */
  compare(a: Holder, b: Holder): number;
  /** Bytes held by an owner, or by a run. */
  heldBy(name: string): number;
  held(): number;
};

/** The share of memory and places that an owner that holds something leaves to owners that hold nothing. */
const NEWCOMERS_SHARE = 0.25;

export function createMemory(limits: { readonly bytes: number; readonly tasks: number }): Memory {
  const tasks = new Map<string, { readonly holder: Holder; bytes: number }>();
  const shares = createShares();
  let held = 0;

  const change = (holder: Holder, bytes: number) => {
    held += bytes;
    shares.add(holder, bytes);
  };

  return {
    reserve: (task, holder, bytes) => {
      if (tasks.has(task)) return false;
      const share = shares.of(holder.owner) > 0 ? 1 - NEWCOMERS_SHARE : 1;
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
    compare: shares.compare,
    heldBy: shares.of,
    held: () => held,
  };
}
