// docs/edge.md#memory: what tasks hold of the gateway's memory is reserved before anything is fetched.

export type Memory = {
  /** False: the task must wait until others have given back. */
  reserve(task: string, run: string, bytes: number): boolean;
  /** What the task holds by now is known better, and is not more. */
  shrink(task: string, bytes: number): void;
  release(task: string): void;
  heldBy(run: string): number;
  held(): number;
};

/** A run that holds something leaves this part of memory and places to those that hold nothing. */
const NEWCOMERS_SHARE = 0.25;

export function createMemory(limits: { readonly bytes: number; readonly tasks: number }): Memory {
  const tasks = new Map<string, { readonly run: string; bytes: number }>();
  const runs = new Map<string, number>();
  let held = 0;

  const change = (run: string, bytes: number) => {
    held += bytes;
    const left = (runs.get(run) ?? 0) + bytes;
    if (left === 0) runs.delete(run);
    else runs.set(run, left);
  };

  return {
    reserve: (task, run, bytes) => {
      if (tasks.has(task)) return false;
      const share = runs.has(run) ? 1 - NEWCOMERS_SHARE : 1;
      if (held + bytes > limits.bytes * share || tasks.size + 1 > limits.tasks * share) return false;
      tasks.set(task, { run, bytes });
      change(run, bytes);
      return true;
    },
    shrink: (task, bytes) => {
      const entry = tasks.get(task);
      if (entry === undefined || bytes >= entry.bytes) return;
      change(entry.run, bytes - entry.bytes);
      entry.bytes = bytes;
    },
    release: (task) => {
      const entry = tasks.get(task);
      if (entry === undefined) return;
      tasks.delete(task);
      change(entry.run, -entry.bytes);
    },
    heldBy: (run) => runs.get(run) ?? 0,
    held: () => held,
  };
}
