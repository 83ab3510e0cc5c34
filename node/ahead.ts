// docs/prover.md#ahead: how many tasks of a run may be begun before the steps that pay for them.
import type { Receipt } from '../kernel/receipt.ts';
import { TASK_BASE_GAS } from '../protocol/constants.ts';

/** What ending a thread in its work and starting another one costs, in gas: 0.34 s at 20 ns. */
export const END_GAS = 2n ** 24n;

/** Tasks of a run that may be begun at one time, by the gas that its tasks have paid: one, and one more for each thread that this pays for. */
export function tasksAhead(paidGas: bigint): number {
  return 1 + Number(paidGas / END_GAS);
}

/** The least that a task with this receipt has paid: what loading costs beside its base is left out. */
export function paidBy({ gasUsed = 0 }: Pick<Receipt, 'gasUsed'>): bigint {
  return TASK_BASE_GAS + BigInt(gasUsed);
}
