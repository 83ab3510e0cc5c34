// docs/contracts.md#stakes: whether an account has the minimum stake of a role, as L1 says now.
import { stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Address } from '../protocol/hex.ts';
import { connectL1 } from '../service/l1.ts';
import { ROLE, type Role } from './roles.ts';

export async function connectStakes(
  l1Url: string,
  stakeManager: Address,
  role: Role,
): Promise<(account: Address) => Promise<boolean>> {
  const { client } = await connectL1(l1Url);
  return (account) =>
    client.readContract({
      address: stakeManager,
      abi: stakeManagerAbi,
      functionName: 'isActive',
      args: [account, ROLE[role]],
    });
}
