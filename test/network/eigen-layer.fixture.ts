// docs/contracts.md#eigenlayer: a double of EigenLayer on a test network's chain, and operators who are staked there.
import { type Abi, createWalletClient, encodeDeployData, http, type PublicClient } from 'viem';
import { foundry } from 'viem/chains';
import type { EigenLayerConfig } from '../../contracts/config.ts';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import type { NetworkSetup } from '../../contracts/network.ts';
import { eigenStakeSourceAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import * as doubles from '../doubles/generated/eigen-layer.ts';
import { ACCOUNTS, createSend, OWNER, USER } from './contracts.fixture.ts';

/** Of 12 seconds: an hour, longer than the devnet's unbonding. */
const DELAY_BLOCKS = 300;
const WHOLE = 10n ** 18n;

/** The double in a network whose stakes lie in it. */
export async function eigenLayerOf(client: PublicClient, { stakeManager }: Pick<ContractAddresses, 'stakeManager'>) {
  const stakes = { address: stakeManager, abi: eigenStakeSourceAbi } as const;
  const [address, [strategy]] = await Promise.all([
    client.readContract({ ...stakes, functionName: 'allocationManager' }),
    client.readContract({ ...stakes, functionName: 'strategies' }),
  ]);
  if (strategy === undefined) throw new Error('no strategy holds the token');
  return { address, abi: doubles.eigenLayerDoubleAbi as Abi, strategy };
}

/** What an operator has in the strategy, allocated or not, and what can still be slashed of what leaves it, wei. */
export async function eigenStakeOf(
  client: PublicClient,
  at: Pick<ContractAddresses, 'stakeManager'>,
  operator: Address,
): Promise<bigint> {
  const { strategy, ...layer } = await eigenLayerOf(client, at);
  const args = [operator, strategy] as const;
  const [held, queued] = (await Promise.all([
    client.readContract({ ...layer, functionName: 'operatorShares', args }),
    client.readContract({ ...layer, functionName: 'getSlashableSharesInQueue', args }),
  ])) as [bigint, bigint];
  const worth = { address: strategy, abi: doubles.strategyDoubleAbi as Abi, functionName: 'sharesToUnderlyingView' };
  return (await client.readContract({ ...worth, args: [held + queued] })) as bigint;
}

/** What is deployed here is the user's: the network's addresses follow from the nonces of another account. */
export async function deployEigenLayer(client: PublicClient, url: string) {
  const send = createSend(client, url);
  const wallet = createWalletClient({ account: USER, chain: foundry, transport: http(url) });
  async function deploy(abi: Abi, bytecode: string, args: readonly unknown[]): Promise<Address> {
    const hash = await wallet.sendTransaction({ data: encodeDeployData({ abi, bytecode: bytecode as Hex, args }) });
    const { contractAddress } = await client.waitForTransactionReceipt({ hash });
    if (contractAddress == null) throw new Error('not deployed');
    return contractAddress;
  }
  const abi = doubles.eigenLayerDoubleAbi as Abi;
  const eigenLayer = await deploy(abi, doubles.EigenLayerDouble, [DELAY_BLOCKS, DELAY_BLOCKS]);
  let strategy: Address | undefined;
  const config: EigenLayerConfig = {
    allocationManager: eigenLayer,
    delegationManager: eigenLayer,
    strategyManager: eigenLayer,
    blockSeconds: 12,
    metadataUri: 'data:,MIZU',
    strategies: async (token) => {
      strategy = await deploy(doubles.strategyDoubleAbi as Abi, doubles.StrategyDouble, [token, eigenLayer]);
      return [strategy];
    },
  };
  /** Each account, one of the test's own, becomes an operator that has allocated all to the role. */
  async function stakeAll(at: ContractAddresses, stakes: NetworkSetup['stakes']): Promise<void> {
    if (strategy === undefined) throw new Error('no strategy before the network is deployed');
    for (const { account, role, amountWei } of stakes) {
      const operator = ACCOUNTS.find(({ address }) => address.toLowerCase() === account.toLowerCase());
      if (operator === undefined) throw new Error(`no key of ${account}`);
      await send(OWNER, at.token, mizuTokenAbi as Abi, 'mint', [account, amountWei]);
      await send(operator, at.token, mizuTokenAbi as Abi, 'approve', [strategy, amountWei]);
      await send(operator, eigenLayer, abi, 'deposit', [strategy, account, amountWei]);
      await send(operator, eigenLayer, abi, 'allocate', [at.stakeManager, ROLE[role], strategy, WHOLE]);
      await send(operator, eigenLayer, abi, 'register', [at.stakeManager, [ROLE[role]]]);
    }
  }
  return { config, stakeAll };
}
