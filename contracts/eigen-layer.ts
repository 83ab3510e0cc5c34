// docs/contracts.md#eigenlayer-deployment: what a network with stakes in EigenLayer is refused for, before it is deployed.
import { type PublicClient, parseAbi } from 'viem';
import { MizuError } from '../protocol/errors.ts';
import type { Address } from '../protocol/hex.ts';
import type { DeployConfig, EigenLayerConfig } from './config.ts';
import { requireRange } from './settings.ts';

/** As in EigenPositions.sol. */
const MAX_STRATEGIES = 8;

const DELAYS = parseAbi([
  'function DEALLOCATION_DELAY() view returns (uint32)',
  'function minWithdrawalDelayBlocks() view returns (uint32)',
]);

/**
 * A stake that leaves must be slashable until all is judged: at least for `unbondingSeconds`.
 * @throws MizuError `contracts/no-eigenlayer`, `contracts/setting-out-of-range`
 */
export async function requireEigenLayer(
  client: Pick<PublicClient, 'readContract'>,
  config: DeployConfig,
  eigenLayer: EigenLayerConfig,
): Promise<void> {
  const { allocationManager, delegationManager, blockSeconds } = eigenLayer;
  const blocks = await Promise.all([
    client.readContract({ address: allocationManager, abi: DELAYS, functionName: 'DEALLOCATION_DELAY' }),
    client.readContract({ address: delegationManager, abi: DELAYS, functionName: 'minWithdrawalDelayBlocks' }),
  ]).catch((cause: unknown) => {
    throw missing(eigenLayer, cause);
  });
  const most = BigInt(Math.min(...blocks)) * BigInt(blockSeconds);
  requireRange(
    { name: 'unbondingSeconds', value: BigInt(config.unbondingSeconds), least: 1n, most },
    `EigenLayer lets stake go after ${Math.min(...blocks)} blocks of at least ${blockSeconds} s: set shorter periods.`,
  );
}

/**
 * The strategies of the token that has just been deployed, in the order in which EigenLayer wants them.
 * @throws MizuError `contracts/setting-out-of-range`
 */
export async function readStrategies(eigenLayer: EigenLayerConfig, token: Address): Promise<readonly Address[]> {
  const strategies = (await eigenLayer.strategies(token)).map((strategy) => strategy.toLowerCase() as Address).sort();
  requireRange(
    {
      name: 'number of eigenLayer.strategies',
      value: BigInt(strategies.length),
      least: 1n,
      most: BigInt(MAX_STRATEGIES),
    },
    'Name the strategies that hold the token of the network.',
  );
  return strategies;
}

function missing({ allocationManager, delegationManager }: EigenLayerConfig, cause: unknown): MizuError {
  return new MizuError({
    code: 'contracts/no-eigenlayer',
    message: 'EigenLayer does not answer.',
    expected: `its AllocationManager at ${allocationManager}, its DelegationManager at ${delegationManager}`,
    actual: 'a call that failed',
    hint: 'Check the addresses of eigenLayer in the configuration of the deployment, and that they are of this L1.',
    cause,
  });
}
