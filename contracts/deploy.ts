// docs/contracts.md#deployment: all contracts in one go, each knowing the others' addresses from the start.
import {
  type Abi,
  type Account,
  type Chain,
  encodeDeployData,
  getContractAddress,
  type PublicClient,
  type Transport,
  type WalletClient,
  zeroAddress,
} from 'viem';
import { MizuError } from '../protocol/errors.ts';
import {
  attestationsAbi,
  auditsAbi,
  bridgeAbi,
  daChallengesAbi,
  daCommitteeAbi,
  demandsAbi,
  disputeAbi,
  eigenStakeSourceAbi,
  escapeAbi,
  gasPricesAbi,
  gatewayRegistryAbi,
  inboxAbi,
  inferenceCourtAbi,
  kernelStartAbi,
  mizuTokenAbi,
  rollupAbi,
  samplesAbi,
  signedItemsAbi,
  stakeManagerAbi,
} from '../protocol/generated/abi.ts';
import { POWER } from '../protocol/generated/enums.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { ROLE, ROLES, type Role } from '../protocol/roles.ts';
import type { AuditConfig, CourtConfig, DeployConfig } from './config.ts';
import { FAMILY_CODES, verifierCreation } from './deploy-verifier.ts';
import { readStrategies, requireEigenLayer } from './eigen-layer.ts';
import * as bytecode from './generated/bytecode.ts';
import { type PowerHolders, requireSeparate } from './powers.ts';
import { requireSettings } from './settings.ts';

/** In the order of deployment. */
export const CONTRACT_NAMES = [
  'token',
  'stakeManager',
  'inbox',
  'daCommittee',
  'gatewayRegistry',
  'rollup',
  'bridge',
  'escape',
  'controlSteps',
  'integerSteps',
  'floatSteps',
  'memorySteps',
  'hostSteps',
  'oneStepVerifier',
  'kernelStart',
  'dispute',
  'demands',
  'delegationPools',
  'daChallenges',
  'attestations',
  'signedItems',
  'inferenceCourt',
  'samples',
  'gasPrices',
  'audits',
] as const;

export type ContractAddresses = Readonly<Record<(typeof CONTRACT_NAMES)[number], Address>>;

/** What the network starts from; it may depend on the addresses, because the kernel's config holds the signing domains. */
export type GenesisCommitment = { readonly kernelProgramId: Hex; readonly stateRoot: Hex };

export type DeployOptions = {
  readonly publicClient: PublicClient;
  /** Pays. It owns nothing of what it deploys. */
  readonly walletClient: WalletClient<Transport, Chain, Account>;
  readonly config: DeployConfig;
  readonly holders: PowerHolders;
  readonly genesis: (addresses: ContractAddresses, chainId: number) => GenesisCommitment | Promise<GenesisCommitment>;
};

export type Deployment = {
  readonly addresses: ContractAddresses;
  readonly genesis: GenesisCommitment;
  readonly chainId: number;
  /** Block of the first contract: where the logs of the network begin. */
  readonly fromBlock: bigint;
};

// The largest contract takes 5.5 M. Not estimated: constructors read contracts that are not mined yet.
const GAS_PER_CONTRACT = 7_000_000n;

/** @throws MizuError `contracts/deployment-failed` if a constructor reverts, `contracts/powers-shared`, `contracts/setting-out-of-range`, `contracts/no-eigenlayer` */
export async function deployContracts(options: DeployOptions): Promise<Deployment> {
  const { publicClient, walletClient, config, holders } = options;
  const deployer = walletClient.account.address;
  requireSettings(config);
  if (config.sharedPowers !== true) requireSeparate(holders);
  if (config.eigenLayer !== undefined) await requireEigenLayer(publicClient, config, config.eigenLayer);
  const [nonce, chainId] = await Promise.all([
    publicClient.getTransactionCount({ address: deployer, blockTag: 'pending' }),
    publicClient.getChainId(),
  ]);
  const addresses = predictAddresses(deployer, nonce);
  const genesis = await options.genesis(addresses, chainId);
  const hashes: Hex[] = [];
  const send = async (data: Hex) => {
    hashes.push(await walletClient.sendTransaction({ data, nonce: nonce + hashes.length, gas: GAS_PER_CONTRACT }));
  };
  await send(create(mizuTokenAbi, bytecode.MizuToken, [holders.token, config.tokenCapWei]));
  if (config.eigenLayer !== undefined) await publicClient.waitForTransactionReceipt({ hash: hashes[0] as Hex });
  const strategies = config.eigenLayer === undefined ? [] : await readStrategies(config.eigenLayer, addresses.token);
  for (const data of deployData(holders, addresses, genesis, config, strategies)) await send(data);
  const receipts = await Promise.all(hashes.map((hash) => publicClient.waitForTransactionReceipt({ hash })));
  for (const [index, receipt] of receipts.entries()) {
    if (receipt.status !== 'success') throw failed(CONTRACT_NAMES[index] as string, hashes[index] as Hex);
  }
  return { addresses, genesis, chainId, fromBlock: receipts[0]?.blockNumber ?? 0n };
}

/** Addresses of contracts that `deployer` makes with consecutive nonces. */
export function predictAddresses(deployer: Address, nonce: number): ContractAddresses {
  const entries = CONTRACT_NAMES.map((name, index) => {
    const address = getContractAddress({ from: deployer, nonce: BigInt(nonce + index) });
    return [name, address.toLowerCase() as Address] as const;
  });
  return Object.fromEntries(entries) as unknown as ContractAddresses;
}

/** All but the token. */
function deployData(
  holders: PowerHolders,
  at: ContractAddresses,
  genesis: GenesisCommitment,
  config: DeployConfig,
  strategies: readonly Address[],
): Hex[] {
  const timing = {
    window: BigInt(config.windowSeconds),
    maxPause: BigInt(config.maxPauseSeconds),
    clocks: BigInt(config.clocksSeconds),
    votes: BigInt(config.votesSeconds),
    grace: BigInt(config.graceSeconds),
    unbonding: BigInt(config.unbondingSeconds),
    retention: BigInt(config.retentionSeconds),
  };
  const limits = {
    delaySeconds: BigInt(config.delaySeconds),
    maxAheadSeconds: BigInt(config.maxAheadSeconds),
    maxBehindSeconds: BigInt(config.maxBehindSeconds),
    slotSeconds: BigInt(config.slotSeconds),
  };
  const settings = {
    bond: config.assertionBondWei,
    leaderSeconds: BigInt(config.leaderSeconds),
    guardian: holders.guardian,
    escapeSeconds: BigInt(config.escapeSeconds),
  };
  const costs = { gasPrice: config.disputeGasPriceWei, margin: BigInt(config.disputeMarginBasisPoints) };
  const minimums = ROLES.map((role) => config.minimumStakeWei[role]);
  // Who may bind and take stakes: each contract those of its own role; the court those whom it judges, and its voters.
  const grants = [
    grant(at.rollup, 'executor', POWER.slash),
    grant(at.inbox, 'sequencer', POWER.slash),
    grant(at.attestations, 'validator', POWER.slash),
    grant(at.samples, 'validator', POWER.slash),
    grant(at.daCommittee, 'daMember', POWER.lock),
    grant(at.gatewayRegistry, 'gateway', POWER.slash),
    grant(at.daChallenges, 'daMember', POWER.slash),
    grant(at.inferenceCourt, 'gateway', POWER.slash),
    grant(at.inferenceCourt, 'validator', POWER.slash),
  ];
  const hooks = ROLES.map((role) => (role === 'gateway' ? at.gatewayRegistry : zeroAddress));
  const { eigenLayer } = config;
  return [
    eigenLayer === undefined
      ? create(stakeManagerAbi, bytecode.StakeManager, [at.token, at.delegationPools, timing, minimums, grants, hooks])
      : create(eigenStakeSourceAbi, bytecode.EigenStakeSource, [
          at.token,
          timing,
          minimums,
          grants,
          hooks,
          { ...eigenLayer, metadataURI: eigenLayer.metadataUri, strategies },
        ]),
    create(inboxAbi, bytecode.Inbox, [
      at.token,
      at.bridge,
      at.stakeManager,
      at.daCommittee,
      at.gatewayRegistry,
      at.rollup,
      at.inferenceCourt,
      limits,
    ]),
    create(daCommitteeAbi, bytecode.DACommittee, [
      holders.committee,
      at.stakeManager,
      at.inbox,
      at.daChallenges,
      BigInt(config.committeeDelaySeconds),
      BigInt(config.committeeOverlapSeconds),
    ]),
    create(gatewayRegistryAbi, bytecode.GatewayRegistry, [holders.models, at.stakeManager, at.inbox, at.gasPrices]),
    create(rollupAbi, bytecode.Rollup, [
      at.stakeManager,
      at.inbox,
      at.daCommittee,
      at.dispute,
      at.demands,
      genesis.kernelProgramId,
      genesis.stateRoot,
      settings,
    ]),
    create(bridgeAbi, bytecode.Bridge, [
      at.token,
      at.rollup,
      at.attestations,
      BigInt(config.validatorShareBasisPoints),
      at.escape,
    ]),
    create(escapeAbi, bytecode.Escape, [at.rollup, at.bridge]),
    ...FAMILY_CODES,
    verifierCreation([at.controlSteps, at.integerSteps, at.floatSteps, at.memorySteps, at.hostSteps]),
    create(kernelStartAbi, bytecode.KernelStart, [at.rollup]),
    create(disputeAbi, bytecode.Dispute, [
      at.token,
      at.rollup,
      at.kernelStart,
      at.oneStepVerifier,
      { bond: config.challengeBondWei, ...costs },
      config.clockSeconds,
      config.extensionSeconds,
    ]),
    create(demandsAbi, bytecode.Demands, [
      at.token,
      at.rollup,
      at.dispute,
      { bond: config.demandBondWei, ...costs },
      config.demandSeconds,
    ]),
    bytecode.DelegationPools as Hex,
    create(daChallengesAbi, bytecode.DAChallenges, [
      at.token,
      at.daCommittee,
      { bond: config.daChallengeBondWei, ...costs },
      config.daAnswerSeconds,
    ]),
    create(attestationsAbi, bytecode.Attestations, [
      at.stakeManager,
      at.rollup,
      at.bridge,
      at.samples,
      at.audits,
      BigInt(config.falseShareBasisPoints),
    ]),
    create(signedItemsAbi, bytecode.SignedItems, [at.inbox, at.gatewayRegistry]),
    create(inferenceCourtAbi, bytecode.InferenceCourt, [
      at.stakeManager,
      at.signedItems,
      courtSettings(config.court, holders),
    ]),
    create(samplesAbi, bytecode.Samples, [
      at.attestations,
      at.dispute,
      { bond: config.sampleBondWei, ...costs },
      {
        odds: config.sampleOdds,
        askSeconds: config.sampleAskSeconds,
        openSeconds: config.sampleOpenSeconds,
        silentPenalty: config.silentPenaltyWei,
        samplePenalty: config.samplePenaltyWei,
      },
    ]),
    create(gasPricesAbi, bytecode.GasPrices, [
      holders.gasPrice,
      at.token,
      at.gatewayRegistry,
      config.gasPrice.initialWei,
      config.gasPrice.highestWei,
      BigInt(config.gasPrice.restSeconds),
    ]),
    create(auditsAbi, bytecode.Audits, [at.inferenceCourt, at.attestations, auditSettings(config.audits)]),
  ];
}

function auditSettings(audits: AuditConfig) {
  return {
    reward: audits.rewardWei,
    periodSeconds: audits.periodSeconds,
    commitSeconds: audits.commitSeconds,
    openSeconds: audits.openSeconds,
    revealSeconds: audits.revealSeconds,
    plantSeconds: audits.plantSeconds,
    rate: audits.rateBasisPoints,
    lookBack: audits.lookBack,
  };
}

function courtSettings(court: CourtConfig, { guardian }: PowerHolders) {
  return {
    guardian,
    bond: court.bondWei,
    fee: court.feeWei,
    itemPenalty: court.itemPenaltyWei,
    refundMax: court.refundMaxWei,
    bytePrice: court.bytePriceWei,
    punishedStakeMax: court.punishedStakeMaxWei,
    absentPenalty: court.absentBasisPoints,
    silentPenalty: court.silentBasisPoints,
    minorityPenalty: court.minorityBasisPoints,
    commitSeconds: court.commitSeconds,
    revealSeconds: court.revealSeconds,
    appealSeconds: court.appealSeconds,
    vetoSeconds: court.vetoSeconds,
  };
}

function grant(authority: Address, role: Role, power: number) {
  return { authority, role: ROLE[role], power };
}

function create(abi: Abi, code: Hex, args: readonly unknown[]): Hex {
  return encodeDeployData({ abi, bytecode: code, args });
}

function failed(name: string, hash: Hex): MizuError {
  return new MizuError({
    code: 'contracts/deployment-failed',
    message: `The contract ${name} was not deployed.`,
    expected: 'a successful transaction',
    actual: `transaction ${hash} reverted`,
    hint:
      'Check the parameters: unbonding must be at least window + pause + clocks + votes + grace, retention twice that, ' +
      'and clocks at least twice a clock + extension, and 15 times the time for a demand; a clock at least two passes ' +
      'of the longest step (Dispute.PASS_SECONDS), and so the time to open samples; unbonding at least the times to ask ' +
      'and to open, window, two clocks + extensions and grace; escape at least twice window + pause + clocks + votes + grace, and maxBehind; ' +
      'the phases of the court (docs/court.md#settings); and those of the audits (docs/audits.md#settings).',
  });
}
