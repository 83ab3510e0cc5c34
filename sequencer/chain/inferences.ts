// docs/rpc.md#methods: the inference tasks that are offered to gateways: in which order, and how a gateway that waits hears of a new one.
import type { Address, Hex } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import type { TaskPlace } from '../index/graph.ts';

export type InferenceTask = TaskPlace & {
  readonly run: Hex;
  /** The owner of the run, in lower case. */
  readonly owner: Address;
  readonly attempt: number;
  readonly model: Hex;
  readonly request: ObjectRef;
};

/** What one run offers. */
export type InferenceList = { readonly owner: Address; readonly infer: ReadonlyMap<string, InferenceTask> };

export type InferenceSignal = {
  announce(): void;
  /** Resolves at the next announcement, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void>;
};

/**
 * The owners by turns, and the runs of each owner by turns: however many tasks one has, those of others are among the
 * first.
 */
export function listInferences(runs: Iterable<InferenceList>): Iterable<InferenceTask> {
  const owners = new Map<Address, Iterable<InferenceTask>[]>();
  for (const { owner, infer } of runs) {
    const lists = owners.get(owner);
    if (lists === undefined) owners.set(owner, [infer.values()]);
    else lists.push(infer.values());
  }
  return byTurns([...owners.values()].map(byTurns));
}

export function createInferenceSignal(): InferenceSignal {
  const listeners = new Set<() => void>();
  return {
    announce: () => {
      for (const listener of [...listeners]) listener();
    },
    next: (signal) =>
      new Promise<void>((resolve) => {
        const finish = () => {
          listeners.delete(finish);
          signal.removeEventListener('abort', finish);
          resolve();
        };
        listeners.add(finish);
        signal.addEventListener('abort', finish);
        if (signal.aborted) finish();
      }),
  };
}

function* byTurns<T>(lists: readonly Iterable<T>[]): Generator<T> {
  let open = lists.map((list) => list[Symbol.iterator]());
  while (open.length > 0) {
    const left: Iterator<T>[] = [];
    for (const list of open) {
      const next = list.next();
      if (next.done === true) continue;
      left.push(list);
      yield next.value;
    }
    open = left;
  }
}
