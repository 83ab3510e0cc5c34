// docs/edge.md#memory, #queue: how much each owner has of something, and each of its runs.
import type { TaskInfo } from './task.ts';

/** Whose the task is: an owner may have any number of runs. */
export type Holder = Pick<TaskInfo, 'owner' | 'run'>;

export type Shares = {
  add(holder: Holder, amount: number): void;
  /** Of an owner, or of a run. */
  of(name: string): number;
  /** Of two holders, which has less: as an owner, then as a run. */
  compare(a: Holder, b: Holder): number;
};

export function createShares(): Shares {
  const byName = new Map<string, number>();
  const of = (name: string): number => byName.get(name) ?? 0;
  return {
    add({ owner, run }, amount) {
      for (const name of [owner, run]) {
        const left = of(name) + amount;
        if (left === 0) byName.delete(name);
        else byName.set(name, left);
      }
    },
    of,
    compare: (a, b) => of(a.owner) - of(b.owner) || of(a.run) - of(b.run),
  };
}
