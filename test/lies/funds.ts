// docs/disputes.md#lies: what a party owns in tokens, what gas it has paid, and who was slashed: as L1 says.
import { mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { ROLE, ROLES, type Role } from '../../protocol/roles.ts';
import { eigenStakeOf } from '../network/eigen-layer.fixture.ts';
import type { TestNetwork } from '../network/network.fixture.ts';

/**
 * Tokens, stakes of all roles, also those on their way out, and what the contracts hold ready for the account. Bonds of what is
 * open and what has been delegated are not in it.
 */
export async function fundsOf({ l1, deployment, stakesIn }: TestNetwork, account: Address): Promise<bigint> {
  const { token, dispute, demands, samples, daChallenges, inferenceCourt, stakeManager } = deployment.addresses;
  const { client } = l1;
  // The same view of what is ready for an account in each of them.
  const held = [token, dispute, demands, samples, daChallenges, inferenceCourt].map((address) =>
    client.readContract({ address, abi: mizuTokenAbi, functionName: 'balanceOf', args: [account] }),
  );
  const stakes = { address: stakeManager, abi: stakeManagerAbi } as const;
  const reward = client.readContract({ ...stakes, functionName: 'rewardOf', args: [account] });
  const stakedAs = async (role: Role) => {
    const args = [account, ROLE[role]] as const;
    const active = client.readContract({ ...stakes, functionName: 'activeOf', args });
    const leaving = client.readContract({ ...stakes, functionName: 'unbondingsOf', args });
    return (await leaving).reduce((sum, { amount }) => sum + amount, await active);
  };
  const staked =
    stakesIn === 'eigenLayer' ? [eigenStakeOf(client, deployment.addresses, account)] : ROLES.map(stakedAs);
  return (await Promise.all([...held, reward, ...staked])).reduce((sum, part) => sum + part, 0n);
}

/** Every account that any contract has slashed since the network began, once a time. */
export async function slashedAccounts({ l1, deployment }: TestNetwork): Promise<Address[]> {
  const events = await l1.client.getContractEvents({
    address: deployment.addresses.stakeManager,
    abi: stakeManagerAbi,
    eventName: 'Slashed',
    fromBlock: BigInt(deployment.fromBlock),
    strict: true,
  });
  return events.map(({ args }) => args.account);
}

export type GasUse = { readonly transactions: number; readonly gas: bigint };

/** Of the transactions that the accounts have had mined after block `from`. */
export async function gasSince(
  { l1 }: TestNetwork,
  from: bigint,
  accounts: readonly Address[],
): Promise<ReadonlyMap<Address, GasUse>> {
  const use = new Map<string, GasUse>(accounts.map((account) => [account.toLowerCase(), { transactions: 0, gas: 0n }]));
  const head = await l1.client.getBlockNumber();
  for (let number = from + 1n; number <= head; number++) {
    const block = await l1.client.getBlock({ blockNumber: number });
    for (const hash of block.transactions) {
      const { from: sender, gasUsed } = await l1.client.getTransactionReceipt({ hash });
      const known = use.get(sender.toLowerCase());
      if (known === undefined) continue;
      use.set(sender.toLowerCase(), { transactions: known.transactions + 1, gas: known.gas + gasUsed });
    }
  }
  return new Map(accounts.map((account) => [account, use.get(account.toLowerCase()) as GasUse]));
}
