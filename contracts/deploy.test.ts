// docs/contracts.md#deployment: what is refused when the contracts are deployed and set up.
import { createPublicClient, createWalletClient, http, type PublicClient, zeroAddress } from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import { demandsAbi, rollupAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import { HOLDERS, OWNER } from '../test/network/contracts.fixture.ts';
import { deployEigenLayer } from '../test/network/eigen-layer.fixture.ts';
import { hashAssertion } from './claim.ts';
import { DEVNET_CONFIG, type DeployConfig } from './config.ts';
import { type ContractAddresses, deployContracts, predictAddresses } from './deploy.ts';
import { sortMembers } from './network.ts';
import { requireSeparate } from './powers.ts';

const STATE: Hex = `0x${'11'.repeat(32)}`;

let anvil: Anvil;

beforeAll(async () => {
  anvil = await startAnvil();
});

afterAll(() => anvil.close());

test('periods that break the inequality are refused with what to do', async () => {
  const config = { ...DEVNET_CONFIG, unbondingSeconds: 2_739 };
  await expect(deployContracts({ ...clients(), config, holders: HOLDERS, genesis })).rejects.toMatchObject({
    code: 'contracts/deployment-failed',
    hint: expect.stringContaining('window + pause + clocks + votes + grace'),
  });
});

test('what nobody could pay or compute with is refused before anything is sent', async () => {
  const cap = DEVNET_CONFIG.tokenCapWei;
  const { court, gasPrice, minimumStakeWei } = DEVNET_CONFIG;
  const before = await clients().publicClient.getTransactionCount({ address: OWNER.address, blockTag: 'pending' });
  const refused: [string, Partial<DeployConfig>][] = [
    ['tokenCapWei', { tokenCapWei: 2n ** 96n }],
    ['tokenCapWei', { tokenCapWei: 0n }],
    ['minimumStakeWei.daMember', { minimumStakeWei: { ...minimumStakeWei, daMember: cap + 1n } }],
    ['minimumStakeWei.executor', { minimumStakeWei: { ...minimumStakeWei, executor: 0n } }],
    ['assertionBondWei', { assertionBondWei: cap + 1n }],
    ['challengeBondWei', { challengeBondWei: 0n }],
    ['challengeBondWei', { challengeBondWei: cap + 1n }],
    ['demandBondWei', { demandBondWei: 2n ** 96n }],
    ['disputeGasPriceWei', { disputeGasPriceWei: 2n ** 192n }],
    ['disputeMarginBasisPoints', { disputeMarginBasisPoints: 1_000_001 }],
    ['court.bondWei', { court: { ...court, bondWei: 4n * court.feeWei - 1n } }],
    ['court.bondWei', { court: { ...court, bondWei: cap + 1n } }],
    ['court.feeWei', { court: { ...court, feeWei: 0n } }],
    ['court.itemPenaltyWei', { court: { ...court, itemPenaltyWei: 2n * court.refundMaxWei } }],
    ['court.itemPenaltyWei', { court: { ...court, itemPenaltyWei: minimumStakeWei.gateway + 1n } }],
    ['court.bytePriceWei', { court: { ...court, bytePriceWei: cap + 1n } }],
    ['court.silentBasisPoints', { court: { ...court, silentBasisPoints: court.absentBasisPoints } }],
    ['court.minorityBasisPoints', { court: { ...court, minorityBasisPoints: 10_001 } }],
    ['court.appealSeconds', { court: { ...court, appealSeconds: 0 } }],
    ['gasPrice.initialWei', { gasPrice: { ...gasPrice, initialWei: 0n } }],
    ['gasPrice.initialWei', { gasPrice: { ...gasPrice, initialWei: gasPrice.highestWei + 1n } }],
    ['gasPrice.highestWei', { gasPrice: { ...gasPrice, highestWei: cap + 1n } }],
    ['gasPrice.restSeconds', { gasPrice: { ...gasPrice, restSeconds: 0 } }],
    ['demandSeconds', { demandSeconds: 0 }],
    ['demandSeconds', { demandSeconds: 2 ** 32 }],
    ['daChallengeBondWei', { daChallengeBondWei: 0n }],
    ['daChallengeBondWei', { daChallengeBondWei: cap + 1n }],
    ['daAnswerSeconds', { daAnswerSeconds: 0 }],
    ['sampleOdds', { sampleOdds: 0n }],
    ['silentPenaltyWei', { silentPenaltyWei: 0n }],
    ['samplePenaltyWei', { samplePenaltyWei: cap + 1n }],
    ['sampleBondWei', { sampleBondWei: 0n }],
    ['daAnswerSeconds', { daAnswerSeconds: DEVNET_CONFIG.retentionSeconds / 4 + 1 }],
  ];
  for (const [name, change] of refused) {
    const config = { ...DEVNET_CONFIG, ...change };
    await expect(deployContracts({ ...clients(), config, holders: HOLDERS, genesis })).rejects.toMatchObject({
      code: 'contracts/setting-out-of-range',
      message: `No network works with this ${name}.`,
      hint: expect.stringContaining('tokenCapWei'),
    });
  }
  const after = await clients().publicClient.getTransactionCount({ address: OWNER.address, blockTag: 'pending' });
  expect(after).toBe(before);
});

test('a network at the edge of what may be set is deployed', async () => {
  const most = 2n ** 96n - 1n;
  const minimumStakeWei = { executor: most, validator: most, sequencer: most, daMember: most, gateway: most };
  const bonds = { challengeBondWei: most, demandBondWei: most, daChallengeBondWei: most };
  const amounts = { assertionBondWei: most, ...bonds, disputeGasPriceWei: most };
  const config = {
    ...DEVNET_CONFIG,
    tokenCapWei: most,
    minimumStakeWei,
    ...amounts,
    disputeMarginBasisPoints: 1_000_000,
  };
  const { addresses } = await deployContracts({ ...clients(), config, holders: HOLDERS, genesis });
  const cost = { address: addresses.demands, abi: demandsAbi, functionName: 'costOf', args: [2n ** 64n - 1n] } as const;
  expect(await clients().publicClient.readContract(cost)).toBe((2n ** 64n - 1n) * most * 100n);
});

test('stakes in EigenLayer are refused where it does not answer, or lets them go too soon', async () => {
  const { config: eigenLayer } = await deployEigenLayer(clients().publicClient, anvil.url);
  const refused = async (change: Partial<DeployConfig>) => {
    const config = { ...DEVNET_CONFIG, eigenLayer, ...change };
    return deployContracts({ ...clients(), config, holders: HOLDERS, genesis }).catch((error: unknown) => error);
  };
  // The double lets stake go after 300 blocks of 12 seconds.
  expect(await refused({ unbondingSeconds: 3_601 })).toMatchObject({
    code: 'contracts/setting-out-of-range',
    message: 'No network works with this unbondingSeconds.',
    expected: '1 to 3600',
  });
  expect(await refused({ eigenLayer: { ...eigenLayer, blockSeconds: 0 } })).toMatchObject({
    code: 'contracts/setting-out-of-range',
    message: 'No network works with this eigenLayer.blockSeconds.',
  });
  expect(await refused({ eigenLayer: { ...eigenLayer, allocationManager: OWNER.address } })).toMatchObject({
    code: 'contracts/no-eigenlayer',
    expected: expect.stringContaining(OWNER.address),
  });
  expect(await refused({ eigenLayer: { ...eigenLayer, strategies: async () => [] } })).toMatchObject({
    code: 'contracts/setting-out-of-range',
    message: 'No network works with this number of eigenLayer.strategies.',
    expected: '1 to 8',
  });
});

test('the genesis knows the addresses before there is any contract', async () => {
  let predicted: ContractAddresses | undefined;
  const deployment = await deployContracts({
    ...clients(),
    config: DEVNET_CONFIG,
    holders: HOLDERS,
    genesis: (addresses, chainId) => {
      expect(chainId).toBe(foundry.id);
      predicted = addresses;
      return genesis();
    },
  });
  expect(deployment.addresses).toEqual(predicted);
  const codes = Object.values(deployment.addresses).map((address) => clients().publicClient.getCode({ address }));
  for (const code of await Promise.all(codes)) expect(code).toMatch(/^0x6080/);
});

test('two powers in one hand are refused, unless the configuration says so', async () => {
  const holders = { ...HOLDERS, guardian: HOLDERS.committee.toLowerCase() as Hex };
  await expect(deployContracts({ ...clients(), config: DEVNET_CONFIG, holders, genesis })).rejects.toMatchObject({
    code: 'contracts/powers-shared',
    actual: `${holders.guardian} for committee, guardian`,
  });
  const config = { ...DEVNET_CONFIG, sharedPowers: true };
  const { addresses } = await deployContracts({ ...clients(), config, holders, genesis });
  const asked = { address: addresses.rollup, abi: rollupAbi } as const;
  const guardian = await clients().publicClient.readContract({ ...asked, functionName: 'guardian' });
  expect(guardian).toBe(HOLDERS.committee);
});

test('a network without a guardian has four keys', () => {
  expect(() => requireSeparate({ ...HOLDERS, guardian: zeroAddress })).not.toThrow();
});

test('addresses follow from deployer and nonce alone', () => {
  expect(predictAddresses('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266', 0)).toMatchObject({
    token: '0x5fbdb2315678afecb367f032d93f642f64180aa3',
    stakeManager: '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512',
  });
});

test('members are sorted as numbers, whatever the case of their digits', () => {
  const [low, high]: [Hex, Hex] = [`0x0A${'00'.repeat(19)}`, `0xb0${'00'.repeat(19)}`];
  expect(sortMembers([high, low])).toEqual([low.toLowerCase(), high]);
});

test('a step list without a step has no assertion', () => {
  expect(() => hashAssertion(STATE, new Uint8Array(128))).toThrow('at least two');
  expect(() => hashAssertion(STATE, new Uint8Array(300))).toThrow('whole leaves');
});

function genesis() {
  return { kernelProgramId: STATE, stateRoot: STATE };
}

function clients() {
  const transport = http(anvil.url);
  return {
    publicClient: createPublicClient({ chain: foundry, transport, pollingInterval: 20 }) as PublicClient,
    walletClient: createWalletClient({ account: OWNER, chain: foundry, transport }),
  };
}
