// docs/rpc.md#failures: why a task has failed its run, as far as the state says: by its exit code, for want of money, or otherwise.
import type { Run } from '../kernel/records.ts';

export type TaskFailure = {
  /**
   * `exit`: the program ended with a code. `budget`: what was set aside for the run is used up. `inputs`: they were too large to be
   * loaded. `gas-or-trap`: the task used all the gas that it might; a trap uses all of it too, and which of both it was is no part of the state.
   */
  readonly kind: 'exit' | 'budget' | 'inputs' | 'gas-or-trap';
  readonly why: string;
};

const FAULT = 256;

/** `run` as it ended, undefined if the state has none. */
export function describeFailure(
  { status, gasUsed }: { readonly status: number; readonly gasUsed: number },
  run: Pick<Run, 'escrow' | 'spent' | 'taskGasLimit'> | undefined,
  gasPriceWei: bigint,
): TaskFailure {
  if (status !== FAULT) return { kind: 'exit', why: `its program ended with exit code ${status}` };
  const rest = run === undefined ? gasPriceWei : run.escrow - run.spent;
  // The task got the gas that the rest of the escrow could pay.
  if (rest < gasPriceWei) return { kind: 'budget', why: `the budget of the run, ${run?.escrow} wei, is used up` };
  if (gasUsed === 0) return { kind: 'inputs', why: 'its inputs are more than a task may read, 256 MiB' };
  return {
    kind: 'gas-or-trap',
    why: `it used all of the ${gasUsed} gas that a task of this run may use: it needs more, or its program trapped, which uses all of it too`,
  };
}
