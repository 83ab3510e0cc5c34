// docs/staking.md#show: many reads of one block in one request, and without a contract that is made for that.
import type { Abi, ContractFunctionParameters } from 'viem';
import { stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { ROLE, ROLES, type Role } from '../../protocol/roles.ts';
import type { Stakes } from './connect.ts';

export type Read = {
  readonly address: Address;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args?: readonly unknown[];
};

/** The calls one after another within one `eth_call`: what one changes the next one sees, and nothing stays. */
export async function readTogether({ l1 }: Pick<Stakes, 'l1'>, reads: readonly Read[]): Promise<unknown[]> {
  const contracts = reads as readonly ContractFunctionParameters[];
  return (await l1.client.multicall({ contracts, allowFailure: false, deployless: true, batchSize: 0 })) as unknown[];
}

/** Of the contract of stakes. */
export function managerRead(
  { manager }: Pick<Stakes, 'manager'>,
  functionName: string,
  args: readonly unknown[],
): Read {
  return { address: manager, abi: stakeManagerAbi as Abi, functionName, args };
}

/** What `claimReward` would pay if the yield of all roles were settled first. */
export type DueIncome = {
  /** Shares of slashed stakes, and yield that is settled. */
  readonly settledWei: bigint;
  /** Yield that is not settled, by role; roles without any are left out. */
  readonly unsettled: readonly { readonly role: Role; readonly amountWei: bigint }[];
};

/** There is no view of it: `settle` is tried without being sent. */
export async function readIncome(stakes: Stakes, account: Address): Promise<DueIncome> {
  const reward = managerRead(stakes, 'rewardOf', [account]);
  const tried = ROLES.flatMap((role) => [managerRead(stakes, 'settle', [account, ROLE[role]]), reward]);
  const answers = await readTogether(stakes, [reward, ...tried]);
  const after = [0, ...ROLES.map((_, i) => 2 * i + 2)].map((i) => answers[i] as bigint);
  const unsettled = ROLES.map((role, i) => ({ role, amountWei: after[i + 1]! - after[i]! }));
  return { settledWei: after[0]!, unsettled: unsettled.filter(({ amountWei }) => amountWei > 0n) };
}
