// docs/contracts.md#deployment: who is staked for what when a network begins.
import type { Account, Chain, PublicClient, Transport, WalletClient } from 'viem';
import { MizuError } from '../protocol/errors.ts';
import { daCommitteeAbi, gatewayRegistryAbi, mizuTokenAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { ROLE, type Role } from '../protocol/roles.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import type { ContractAddresses } from './deploy.ts';
import type { Power } from './powers.ts';

export type NetworkSetup = {
  /** Tokens minted to accounts, for deposits. */
  readonly grants: readonly { readonly account: Address; readonly amountWei: bigint }[];
  /** Stakes that the token's owner pays for others. */
  readonly stakes: readonly { readonly account: Address; readonly role: Role; readonly amountWei: bigint }[];
  /** Members in ascending order of address: the bits of a certificate follow it. */
  readonly committee: { readonly members: readonly Address[]; readonly threshold: number };
  readonly models: readonly {
    readonly id: Hex;
    readonly class: number;
    /** Wei per token. */
    readonly inputPrice: bigint;
    readonly outputPrice: bigint;
    readonly manifest: ObjectRef;
    /** Whose results a run takes that names none itself. */
    readonly gateways: readonly Address[];
  }[];
};

/** Of those who hold the powers that a network is set up with. */
export type SetupWallets = Readonly<
  Record<Exclude<Power, 'guardian' | 'gasPrice'>, WalletClient<Transport, Chain, Account>>
>;

export type SetupOptions = {
  readonly publicClient: PublicClient;
  readonly wallets: SetupWallets;
  readonly addresses: ContractAddresses;
  readonly setup: NetworkSetup;
};

/** Twice what a first stake takes. */
const STAKE_GAS = 500_000n;

/** Committee members in the order in which the contract wants them. */
export function sortMembers(members: readonly Address[]): Address[] {
  return members.map((member) => member.toLowerCase() as Address).sort();
}

/**
 * Mints, stakes, appoints the committee and enters the models. Executors, gateways and sequencers join by themselves.
 * @throws MizuError `contracts/setup-failed` if a call reverts after it was sent
 */
export async function setUpNetwork({ publicClient, wallets, addresses, setup }: SetupOptions): Promise<void> {
  const { account, chain } = wallets.token;
  const token = { address: addresses.token, abi: mizuTokenAbi, account, chain } as const;
  // Not estimated: a stake in a later second than the estimate's makes a new checkpoint and costs more.
  const stakes = { address: addresses.stakeManager, abi: stakeManagerAbi, account, chain, gas: STAKE_GAS } as const;
  const committee = { address: addresses.daCommittee, abi: daCommitteeAbi, ...of(wallets.committee) } as const;
  const registry = { address: addresses.gatewayRegistry, abi: gatewayRegistryAbi, ...of(wallets.models) } as const;
  const total = setup.stakes.reduce((sum, { amountWei }) => sum + amountWei, 0n);
  const grants = [{ account: account.address, amountWei: total }, ...setup.grants];
  // A call is estimated against the latest block, so each round waits for the one before.
  await inOneRound(publicClient, [
    ...grants.map((grant) => async () => {
      const args = [grant.account, grant.amountWei] as const;
      return wallets.token.writeContract({ ...token, functionName: 'mint', args });
    }),
    async () => {
      const args = [addresses.stakeManager, total] as const;
      return wallets.token.writeContract({ ...token, functionName: 'approve', args });
    },
  ]);
  await inOneRound(
    publicClient,
    setup.stakes.map((stake) => async () => {
      const args = [stake.account, ROLE[stake.role], stake.amountWei] as const;
      return wallets.token.writeContract({ ...stakes, functionName: 'stake', args });
    }),
  );
  await inOneRound(publicClient, [
    async () => {
      const args = [setup.committee.members, setup.committee.threshold] as const;
      return wallets.committee.writeContract({ ...committee, functionName: 'setCommittee', args });
    },
    ...setup.models.map(({ id, manifest, ...prices }) => async () => {
      const model = { ...prices, active: true, manifest: { root: manifest.root, length: BigInt(manifest.length) } };
      return wallets.models.writeContract({ ...registry, functionName: 'setModel', args: [id, model] });
    }),
  ]);
}

function of({ account, chain }: WalletClient<Transport, Chain, Account>) {
  return { account, chain };
}

/** Sends one after the other, so that the nonces follow, then waits for all. */
async function inOneRound(publicClient: PublicClient, sends: readonly (() => Promise<Hex>)[]): Promise<void> {
  const hashes: Hex[] = [];
  for (const send of sends) hashes.push(await send());
  for (const hash of hashes) {
    const receipt = await publicClient.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw failed(hash);
  }
}

function failed(hash: Hex): MizuError {
  return new MizuError({
    code: 'contracts/setup-failed',
    message: `The network could not be set up.`,
    expected: 'a successful transaction',
    actual: `transaction ${hash} reverted`,
    hint: 'Run it with the accounts that the deployment has given each power to.',
  });
}
