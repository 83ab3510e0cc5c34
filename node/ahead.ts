// docs/prover.md#ahead: how many tasks of a run may be begun before the steps that pay for them.
import type { Receipt } from '../kernel/receipt.ts';
import { TASK_BASE_GAS } from '../protocol/constants.ts';

/** What it costs to end a thread at its work and to start another one, in gas: 0.34 s at 20 ns for one gas. */
export const END_GAS = 2n ** 24n;

/**
 * How many tasks of a run may be begun at one time: one, and one more for each `END_GAS` in the gas that its tasks have
 * paid.
 */
export function tasksAhead(paidGas: bigint): number {
  return 1 + Number(paidGas / END_GAS);
}

/** The least gas that a task with this receipt has paid: what loading costs beside the base of a task is left out. */
export function paidBy({ gasUsed = 0 }: Pick<Receipt, 'gasUsed'>): bigint {
  return TASK_BASE_GAS + BigInt(gasUsed);
}
