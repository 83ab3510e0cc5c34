// docs/prover.md#attempts: which attempt with one content may be made.
import { hashAssertion } from '../contracts/claim.ts';
import type { ContractAddresses } from '../contracts/deploy.ts';
import type { NetworkNode } from '../node/node.ts';
import { rollupAbi } from '../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../protocol/generated/enums.ts';
import type { Hex } from '../protocol/hex.ts';

const MAX_ATTEMPTS = 64;

export type Attempt = { readonly id: Hex; readonly attempt: number };

/** The attempt that L1 takes now. It is undefined while an earlier attempt stands that is not among the `abandoned`. */
export type FreeAttempt = (parent: Hex, steps: Uint8Array, abandoned: ReadonlySet<Hex>) => Promise<Attempt | undefined>;

export function createFreeAttempt({ l1, mirror }: NetworkNode, contracts: ContractAddresses): FreeAttempt {
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const read = (id: Hex) => l1.client.readContract({ ...rollup, functionName: 'assertionOf', args: [id] });

  // The mirror may be behind: L1 takes the next attempt only while the last one is challenged, or after its loss.
  async function isPassed(id: Hex, abandoned: ReadonlySet<Hex>): Promise<boolean> {
    const status = (await mirror.assertion(id))?.status;
    if (status === 'rejected' || status === 'orphaned') return true;
    if (status !== 'pending' || !abandoned.has(id)) return false;
    const onL1 = await read(id);
    return (
      onL1.status === ASSERTION_STATUS.rejected || (onL1.status === ASSERTION_STATUS.pending && onL1.openGames > 0)
    );
  }

  return async (parent, steps, abandoned) => {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const id = hashAssertion(parent, steps, attempt);
      if (await isPassed(id, abandoned)) continue;
      return (await read(id)).status === ASSERTION_STATUS.none ? { id, attempt } : undefined;
    }
    return undefined;
  };
}
