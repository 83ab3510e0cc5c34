// docs/vm.md#gas: a worst case as it was measured, and why it may cost more than the goal.

export type WorstCase = {
  readonly name: string;
  /** Nanoseconds of processor time a gas. */
  readonly native?: number | undefined;
  readonly step?: number | undefined;
};

/** The goal: one gas buys at most so many nanoseconds, unless a reason is written. */
export const GOAL_NS = 20;

/** For a case, by its name, why a gas may buy more there. */
const LOADING = 'a native load is not worth more than its gas: docs/prover.md#loading';
const CACHE = 'waits for memory that is in no cache: docs/vm.md#gas';

const REASONS: Readonly<Record<string, string>> = {
  'load, each address from the one before, 256 MiB': CACHE,
  'load anywhere in 256 MiB': CACHE,
  'store anywhere in 256 MiB': CACHE,
  'dot_i8 of leaves anywhere in 256 MiB': CACHE,
  'jump anywhere in 4 million instructions': CACHE,
  '2,000 inputs of a byte': 'each is a file that is opened and verified; an input pays 10,000 gas',
};

/** Why a case may be above the goal; empty if no reason is written. */
export function reasonOf(section: string, name: string): string {
  return section === 'loading' && name.startsWith('module: ') ? LOADING : (REASONS[name] ?? '');
}
