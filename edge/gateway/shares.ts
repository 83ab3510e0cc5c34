// docs/edge.md#memory, #queue: how much of something each owner has, and each of its runs.
import type { TaskInfo } from './task.ts';

/** Whose a task is: an owner may have any number of runs. */
export type Holder = Pick<TaskInfo, 'owner' | 'run'>;

export type Shares = {
  add(holder: Holder, amount: number): void;
  /** The amount of an owner, or of a run. */
  of(name: string): number;
  /** Below 0 if the owner of `a` has less than that of `b`, or as much and its run has less. */
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
