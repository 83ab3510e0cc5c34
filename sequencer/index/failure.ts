// docs/rpc.md#failures: why a task has made its run fail, or gets no answer, as far as the state says.
import type { RunRecord } from '../../kernel/records.ts';

export type TaskFailure = {
  /**
   * `exit`: the program ended with an exit code. `budget`: what was set aside for the run is used up. `inputs`: the
   * inputs were too large to be loaded. `gas-or-trap`: the task used all the gas that it was allowed. A trap uses all
   * of it, too, and the state does not say which of the two it was.
   */
  readonly kind: 'exit' | 'budget' | 'inputs' | 'gas-or-trap';
  readonly why: string;
};

const FAULT = 256;

/** Describes a failed task. `run`: the run as it ended, or undefined if the state has none. */
export function describeFailure(
  { status, gasUsed }: { readonly status: number; readonly gasUsed: number },
  run: Pick<RunRecord, 'escrow' | 'spent' | 'gasPrice'> | undefined,
): TaskFailure {
  if (status !== FAULT) return { kind: 'exit', why: `its program ended with exit code ${status}` };
  // The task got the gas that the rest of the escrow could pay.
  if (run !== undefined && run.escrow - run.spent < run.gasPrice)
    return { kind: 'budget', why: `the budget of the run, ${run.escrow} wei, is used up` };
  if (gasUsed === 0) return { kind: 'inputs', why: 'its inputs are more than a task may read, 256 MiB' };
  return {
    kind: 'gas-or-trap',
    why: `it used all of the ${gasUsed} gas that a task of this run may use: it needs more, or its program trapped, which uses all of it too`,
  };
}

/**
 * Why no result of the model is taken from anybody: the text names the lowest of the limits that money has. `run` is
 * undefined if the state has none.
 */
export function describeUnpaid(
  run: Pick<RunRecord, 'escrow' | 'spent' | 'maxItemCost' | 'maxInferenceCost' | 'inferenceSpent'> | undefined,
  isActive: boolean,
): string {
  if (!isActive) return 'the model is switched off';
  if (run === undefined) return 'the run is not in the state';
  const limits: readonly (readonly [left: bigint, what: string])[] = [
    [run.escrow - run.spent, `its budget, ${run.escrow} wei, has`],
    [run.maxInferenceCost - run.inferenceSpent, `what all its answers may cost, ${run.maxInferenceCost} wei, has`],
    [run.maxItemCost, 'what the answers for one partition may cost is'],
  ];
  const [left, what] = limits.reduce((least, limit) => (limit[0] < least[0] ? limit : least));
  return `the run does not pay for a result: ${what} ${left} wei${what.endsWith('has') ? ' left' : ''}`;
}
