// docs/attestations.md#record: whose signature on an assertion counts, and how much. Weights are of the past: once read they stay.
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { rollupAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import type { L1 } from '../../service/l1/l1.ts';

export type AttestationWeights = {
  /** When L1 has taken the assertion, in unix seconds. The weights are those of the second before. */
  createdAt(assertion: Hex): Promise<bigint>;
  /** In wei. 0: the account was no validator then. */
  weightOf(assertion: Hex, attester: Address): Promise<bigint>;
  /** Of all validators, in wei. */
  totalOf(assertion: Hex): Promise<bigint>;
};

const REMEMBERED = 16_384;

export function createAttestationWeights(
  l1: L1,
  contracts: Pick<ContractAddresses, 'stakeManager' | 'rollup'>,
): AttestationWeights {
  const stakes = { address: contracts.stakeManager, abi: stakeManagerAbi } as const;
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const known = new Map<string, Promise<bigint>>();

  // A reorganisation of L1 may give an assertion another time: what was read before it is read again once it is
  // forgotten here, and until then L1 itself refuses what does not count.
  const once = (key: string, read: () => Promise<bigint>): Promise<bigint> => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const asked = read();
    known.set(key, asked);
    asked.catch(() => known.delete(key));
    const oldest = known.keys().next().value;
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return asked;
  };

  const createdAt = (assertion: Hex) =>
    once(assertion, async () => {
      const args = [assertion] as const;
      return BigInt((await l1.client.readContract({ ...rollup, functionName: 'assertionOf', args })).createdAt);
    });
  const timeOf = async (assertion: Hex) => Number((await createdAt(assertion)) - 1n);
  return {
    createdAt,
    weightOf: (assertion, attester) =>
      once(`${assertion}:${attester}`, async () => {
        const args = [attester, ROLE.validator, await timeOf(assertion)] as const;
        return l1.client.readContract({ ...stakes, functionName: 'weightAt', args });
      }),
    totalOf: (assertion) =>
      once(`${assertion}:all`, async () => {
        const args = [ROLE.validator, await timeOf(assertion)] as const;
        return l1.client.readContract({ ...stakes, functionName: 'totalWeightAt', args });
      }),
  };
}

/** Whether so much of all stake makes an assertion attested: two thirds. */
export function isQuorum(weight: bigint, total: bigint): boolean {
  return weight > 0n && 3n * weight >= 2n * total;
}
