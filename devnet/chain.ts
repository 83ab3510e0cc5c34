// docs/operations.md#devnet: the L1 side of a new network: contracts, stakes, committee, gateway, models.
import { createPublicClient, createWalletClient, defineChain, domainSeparator, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import { type ContractAddresses, deployContracts } from '../contracts/deploy.ts';
import { setUpNetwork, sortMembers } from '../contracts/network.ts';
import { KERNEL_PATH, readKernel } from '../kernel/file.ts';
import { createGenesis, type GenesisConfig } from '../kernel/genesis.ts';
import { createKernelEngine } from '../kernel/native.ts';
import { MODEL_CLASS } from '../protocol/constants.ts';
import { gatewayRegistryAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { keccakHex, objectRef } from '../protocol/tree.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { type DevnetAccount, type DevnetPart, devnetAccounts } from './accounts.ts';

export type DevnetChain = {
  readonly l1Url: string;
  readonly chainId: number;
  readonly fromBlock: bigint;
  readonly contracts: ContractAddresses;
  readonly genesis: GenesisConfig;
  readonly kernelProgramId: Hex;
  /** Committee members in the order of the certificate's bits. */
  readonly members: readonly DevnetAccount[];
  readonly threshold: number;
  readonly epoch: bigint;
};

export type ModelEntry = {
  readonly name: string;
  readonly class: keyof typeof MODEL_CLASS;
  /** Wei per token. */
  readonly inputPriceWei: bigint;
  readonly outputPriceWei: bigint;
  /** Describes the model to people. */
  readonly manifest: Record<string, unknown>;
};

const MIZU = 10n ** 18n;
const STAKE_WEI = 10_000n * MIZU;
const GRANT_WEI = 1_000_000n * MIZU;
const THRESHOLD = 3;

const STAKED: Readonly<Partial<Record<DevnetPart, 'executor' | 'validator' | 'sequencer' | 'daMember' | 'gateway'>>> = {
  executor: 'executor',
  validator: 'validator',
  sequencer: 'sequencer',
  gateway: 'gateway',
  da0: 'daMember',
  da1: 'daMember',
  da2: 'daMember',
  da3: 'daMember',
};

/**
 * Deploys to an empty L1 with the devnet's accounts. With `liar` one more executor is staked, with the least stake that
 * is allowed.
 */
export async function createDevnetChain(
  l1Url: string,
  models: readonly ModelEntry[],
  { liar = false }: { readonly liar?: boolean | undefined } = {},
): Promise<DevnetChain> {
  const accounts = devnetAccounts();
  const transport = http(l1Url, { timeout: 20_000 });
  const chainId = await createPublicClient({ transport }).getChainId();
  const chain = defineChain({
    id: chainId,
    name: 'devnet',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [l1Url] } },
  });
  const publicClient = createPublicClient({ chain, transport, pollingInterval: 100 });
  const walletOf = ({ privateKey }: DevnetAccount) =>
    createWalletClient({ chain, transport, account: privateKeyToAccount(privateKey) });
  const wallets = {
    token: walletOf(accounts.tokenOwner),
    committee: walletOf(accounts.committeeOwner),
    models: walletOf(accounts.modelOwner),
  };
  const members = committee(accounts);
  const committeeAddresses = members.map((member) => member.address);
  const kernelProgramId = createKernelEngine(await readKernel(KERNEL_PATH)).programId;
  const genesisOf = (contracts: ContractAddresses): GenesisConfig => ({
    chainId,
    minGasPrice: DEVNET_CONFIG.gasPrice.initialWei,
    inboxDomain: separator(chainId, contracts.inbox),
    daDomain: separator(chainId, contracts.daCommittee),
    gatewayDomain: separator(chainId, contracts.gatewayRegistry),
    retention: BigInt(DEVNET_CONFIG.retentionSeconds),
    committeeOverlap: BigInt(DEVNET_CONFIG.committeeOverlapSeconds),
    committee: { epoch: 0n, threshold: THRESHOLD, members: committeeAddresses },
  });
  const { addresses, fromBlock } = await deployContracts({
    publicClient,
    walletClient: wallets.token,
    config: DEVNET_CONFIG,
    holders: {
      token: accounts.tokenOwner.address,
      committee: accounts.committeeOwner.address,
      models: accounts.modelOwner.address,
      guardian: accounts.guardian.address,
      gasPrice: accounts.gasPriceOwner.address,
    },
    genesis: async (contracts) => ({
      kernelProgramId,
      stateRoot: (await createGenesis(genesisOf(contracts))).stateRoot,
    }),
  });
  await setUpNetwork({
    publicClient,
    wallets,
    addresses,
    setup: {
      grants: [
        { account: accounts.developer.address, amountWei: GRANT_WEI },
        // The stake of the validator pays the bonds of its games.
        { account: accounts.validator.address, amountWei: STAKE_WEI },
      ],
      stakes: [
        ...Object.entries(STAKED).map(([part, role]) => ({
          account: accounts[part as DevnetPart].address,
          role,
          amountWei: STAKE_WEI,
        })),
        ...(liar
          ? [
              {
                account: accounts.liar.address,
                role: 'executor' as const,
                amountWei: DEVNET_CONFIG.minimumStakeWei.executor,
              },
            ]
          : []),
      ],
      committee: { members: committeeAddresses, threshold: THRESHOLD },
      models: models.map((model) => toModel(model, accounts.gateway.address)),
    },
  });
  const join = await walletOf(accounts.gateway).writeContract({
    address: addresses.gatewayRegistry,
    abi: gatewayRegistryAbi,
    functionName: 'join',
  });
  await publicClient.waitForTransactionReceipt({ hash: join });
  // Genesis had epoch 0, and setCommittee has begun epoch 1.
  const genesis = genesisOf(addresses);
  return {
    l1Url,
    chainId,
    fromBlock,
    contracts: addresses,
    genesis,
    kernelProgramId,
    members,
    threshold: THRESHOLD,
    epoch: 1n,
  };
}

function committee(accounts: Record<DevnetPart, DevnetAccount>): DevnetAccount[] {
  const all = [accounts.da0, accounts.da1, accounts.da2, accounts.da3];
  return sortMembers(all.map(({ address }) => address)).map(
    (address) => all.find((one) => one.address === address) as DevnetAccount,
  );
}

function separator(chainId: number, contract: Address): Hex {
  return domainSeparator({ domain: createDomain(chainId, contract) });
}

function toModel(model: ModelEntry, gateway: Address) {
  return {
    id: keccakHex(new TextEncoder().encode(model.name)),
    class: MODEL_CLASS[model.class],
    inputPrice: model.inputPriceWei,
    outputPrice: model.outputPriceWei,
    manifest: objectRef(new TextEncoder().encode(JSON.stringify(model.manifest))),
    gateways: [gateway],
  };
}
