// docs/contracts.md#stakes: whether an account has the minimum stake of a role, as L1 says now.
import type { PublicClient } from 'viem';
import { stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { ROLE, type Role } from '../../protocol/roles.ts';

export type StakeReader = (account: Address, role: Role) => Promise<boolean>;

export function createStakeReader(client: Pick<PublicClient, 'readContract'>, stakeManager: Address): StakeReader {
  const stakes = { address: stakeManager, abi: stakeManagerAbi } as const;
  return (account, role) => client.readContract({ ...stakes, functionName: 'isActive', args: [account, ROLE[role]] });
}
