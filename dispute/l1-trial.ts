// docs/disputes.md#trial: a transaction on L1's state of now, as part of the block that comes next.
import type { L1 } from '../service/l1/l1.ts';
import { L1State } from './l1-state.ts';
import { createTrials, type Outcome, type WholeTransaction } from './trial.ts';

export type L1Trial = (transaction: WholeTransaction) => Promise<Outcome>;

/** @throws what the node's client throws */
export function createL1Trial({ client, chainId }: Pick<L1, 'client' | 'chainId'>): L1Trial {
  return async (transaction) => {
    const { number, timestamp, gasLimit } = await client.getBlock();
    // The earliest time that the next block may have.
    const next = { chainId, number: number + 1n, timestamp: timestamp + 1n, gasLimit };
    const trials = await createTrials(next, new L1State(client, number));
    return trials.run(transaction);
  };
}
