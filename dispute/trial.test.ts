// docs/disputes.md#trial: what a transaction costs, and why it fails, is what L1 makes of it, to the gas.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  numberToHex,
  type PublicClient,
} from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAMILY_CODES, verifierCreation } from '../contracts/deploy-verifier.ts';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import { anvilAccounts } from '../devnet/anvil-accounts.ts';
import { oneStepVerifierAbi } from '../protocol/generated/abi.ts';
import { type Address, bytesToHex } from '../protocol/hex.ts';
import { ContractRevert } from '../service/l1/revert.ts';
import { STEP_ERRORS } from './osp.ts';
import { createTrials, type Outcome, type Trials } from './trial.ts';

/** The most gas of one transaction, by EIP-7825. */
const CAP = 16_777_216n;
const [SENDER] = anvilAccounts();
const NOBODY: Address = `0x${'aa'.repeat(20)}`;
/** Writes 1 to its slot 0 as it is created, and 0 when it is called: that gives gas back. */
const CLEARER: Hex = '0x60015f55625f5f555f526003601df3';
/** Runs in a circle. */
const CIRCLE: Hex = '0x625b5f565f526003601df3';
/** Calls the precompile sha256, which is warm, and an account that is not. */
const ASKER: Hex = '0x705f5f5f5f60025afa505f5f5f5f60fe5afa5f526011600ff3';
const vectors = JSON.parse(readFileSync(new URL('../contracts/test/vectors/steps.json', import.meta.url), 'utf8')) as {
  names: string[];
  proofs: Hex[];
};

let anvil: Anvil;
let client: PublicClient;
let trials: Trials;
/** One contract, deployed in the trial and on L1. */
type Place = { readonly here: Address; readonly onL1: Address };
let verifier: Place;

beforeAll(async () => {
  anvil = await startAnvil();
  client = createPublicClient({ chain: foundry, transport: http(anvil.url), pollingInterval: 20 }) as PublicClient;
  const { number, timestamp, gasLimit } = await client.getBlock();
  trials = await createTrials({ chainId: foundry.id, number: number + 1n, timestamp: timestamp + 1n, gasLimit });
  const families: Place[] = [];
  for (const code of FAMILY_CODES) families.push(await create(code));
  verifier = {
    here: await trials.deploy('verifier', verifierCreation(families.map(({ here }) => here))),
    onL1: await createOnL1(verifierCreation(families.map(({ onL1 }) => onL1))),
  };
});

afterAll(() => anvil.close());

describe('a proof of one step', () => {
  test.each(['mov', 'select, four leaves', 'load64 over two leaves', 'input_read'])('%s', async (name) => {
    const proof = vectors.proofs[vectors.names.findIndex((one) => one.startsWith(name))] as Hex;
    const outcome = await compare(verifier, stepOf(proof));
    expect(outcome.kind).toBe('success');
  });

  test('that is refused names the error, and costs what L1 takes for it', async () => {
    const [proof] = vectors.proofs as [Hex];
    const outcome = await compare(verifier, stepOf(`${proof}000000`));
    expect(told(outcome)).toEqual({ kind: 'revert', code: 'l1/reverted', actual: 'WitnessTooLong(0, 3)' });
    const error = errorOf(outcome) as ContractRevert;
    expect(error).toBeInstanceOf(ContractRevert);
    expect([error.errorName, error.args]).toEqual(['WitnessTooLong', [0n, 3n]]);
  });

  test('of which the error is not known is told by its bytes', async () => {
    const call = { name: 'step', from: SENDER!.address, to: verifier.here, errors: [] };
    const reverted = (actual: RegExp) => ({
      kind: 'revert',
      code: 'l1/reverted',
      actual: expect.stringMatching(actual),
    });
    expect(told(await trials.run({ ...call, data: stepOf('0x0802') }))).toEqual(reverted(/^0x[0-9a-f]{8}/));
    expect(told(await trials.run({ ...call, data: '0x12345678' }))).toEqual(reverted(/^no reason/));
  });
});

describe('calldata', () => {
  test('none, only zeros, none of them zero', async () => {
    expect(gasOf(await compare(NOBODY, '0x'))).toEqual({ transaction: 21_000n, execution: 0n, floor: 21_000n });
    expect(gasOf(await compare(NOBODY, `0x${'00'.repeat(1_000)}`)).transaction).toBe(31_000n);
    expect(gasOf(await compare(NOBODY, `0x${'01'.repeat(1_000)}`)).transaction).toBe(61_000n);
  });

  test('is the dearer one of what is executed and its floor, whatever it is', async () => {
    const asker = await create(ASKER);
    const bytes = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), { maxLength: 400 });
    const kinds = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(bytes, async (data) => {
        const { transaction, floor } = gasOf(await compare(asker, bytesToHex(Uint8Array.from(data))));
        kinds.add(transaction === floor);
      }),
      { numRuns: 30, examples: [[[]], [Array(400).fill(255)]] },
    );
    expect(kinds).toEqual(new Set([true, false]));
  });
});

test.each([1, 2, 3, 4, 5, 6, 9, 0x100])('precompile %i', async (at) => {
  const address = numberToHex(at, { size: 20 });
  await compare(address, '0x');
  await compare(address, `0x${'00'.repeat(31)}20${'00'.repeat(31)}20${'00'.repeat(31)}20${'fd'.repeat(96)}`);
});

test('the creation of a contract, and gas that is given back', async () => {
  const creation = await compare(undefined, CLEARER);
  expect(creation).toMatchObject({ kind: 'success', created: expect.stringMatching(/^0x[0-9a-f]{40}$/) });
  const clearer = await create(CLEARER);
  expect(gasOf(await compare(clearer, '0x')).transaction).toBeLessThan(22_000n);
});

test('a trial leaves nothing behind', async () => {
  const here = await trials.deploy('clearer', CLEARER);
  const first = await run({ to: here, data: '0x' });
  expect(await run({ to: here, data: '0x' })).toEqual(first);
  const together = await Promise.all(Array.from({ length: 5 }, () => run({ to: here, data: '0x' })));
  expect(together).toEqual(Array(5).fill(first));
});

test('without gas at the end everything is used up', async () => {
  const circle = await create(CIRCLE);
  const outcome = await compare(circle, '0x', 100_000n);
  const actual = 'out of gas, at a limit of 100000 gas';
  expect(told(outcome)).toEqual({ kind: 'halt', code: 'l1/halted', actual });
});

describe('no block may hold', () => {
  const refused = (actual: string) => ({
    kind: 'refused',
    code: 'l1/transaction-refused',
    actual: expect.stringContaining(actual),
  });

  test('what has less gas than it costs to be there', async () => {
    const data: Hex = `0x${'01'.repeat(1_000)}`;
    expect(told(await run({ to: NOBODY, data, gasLimit: 60_999n }))).toEqual(
      refused('tx gas limit 60999 is lower than the minimum gas limit of 61000'),
    );
    await expect(send({ to: NOBODY, data, gas: 60_999n })).rejects.toThrow();
  });

  test('what may use more than one transaction may', async () => {
    expect(await run({ to: NOBODY, data: '0x', gasLimit: CAP })).toMatchObject({ kind: 'success' });
    expect(told(await run({ to: NOBODY, data: '0x', gasLimit: CAP + 1n }))).toEqual(
      refused('exceeds the maximum allowed by EIP-7825 (16777216)'),
    );
    // A transaction without a gas limit of its own has the most that is allowed.
    expect(told(await run({ to: NOBODY, data: `0x${'01'.repeat(420_000)}` }))).toEqual(
      refused('tx gas limit 16777216 is lower than the minimum gas limit of 16821000'),
    );
  });

  test('what may use more than the block has', async () => {
    const small = await createTrials({ chainId: foundry.id, number: 1n, timestamp: 1n, gasLimit: 50_000n });
    const call = { name: 'call', from: SENDER!.address, to: NOBODY, errors: [] };
    expect(await small.run({ ...call, data: '0x', gasLimit: 50_000n })).toMatchObject({ kind: 'success' });
    expect(told(await small.run({ ...call, data: '0x', gasLimit: 50_001n }))).toEqual(
      refused('tx has a higher gas limit than the block'),
    );
    expect(told(await small.run({ ...call, data: `0x${'01'.repeat(1_000)}` }))).toEqual(
      refused('tx gas limit 50000 is lower than the minimum gas limit of 61000'),
    );
  });
});

/** Holds the trial against what L1 does with the same transaction. */
async function compare(to: Place | Address | undefined, data: Hex, gasLimit = 5_000_000n): Promise<Outcome> {
  const [here, onL1] = typeof to === 'object' ? [to.here, to.onL1] : [to, to];
  const outcome = await run({ to: here, data, gasLimit });
  const receipt = await send({ to: onL1, data, gas: gasLimit });
  const { transaction } = gasOf(outcome);
  expect({ status: receipt.status, gasUsed: receipt.gasUsed }).toEqual({
    status: outcome.kind === 'success' ? 'success' : 'reverted',
    gasUsed: transaction,
  });
  return outcome;
}

function gasOf(outcome: Outcome) {
  if (outcome.kind === 'refused') throw outcome.error;
  return outcome.gas;
}

function errorOf(outcome: Outcome) {
  if (outcome.kind === 'success') throw new Error('nothing was against it');
  return outcome.error;
}

function told(outcome: Outcome) {
  const { code, actual } = errorOf(outcome);
  return { kind: outcome.kind, code, actual };
}

function run(call: { readonly to: Address | undefined; readonly data: Hex; readonly gasLimit?: bigint }) {
  return trials.run({ name: 'call', from: SENDER!.address, errors: STEP_ERRORS, ...call });
}

async function send({ to, data, gas }: { readonly to: Address | undefined; readonly data: Hex; readonly gas: bigint }) {
  const wallet = createWalletClient({ account: SENDER!, chain: foundry, transport: http(anvil.url) });
  const hash = await wallet.sendTransaction({ ...(to === undefined ? {} : { to }), data, gas });
  return client.waitForTransactionReceipt({ hash });
}

async function createOnL1(data: Hex): Promise<Address> {
  const { contractAddress } = await send({ to: undefined, data, gas: 5_000_000n });
  return contractAddress as Address;
}

async function create(code: Hex): Promise<Place> {
  return { here: await trials.deploy('contract', code), onL1: await createOnL1(code) };
}

function stepOf(proof: Hex): Hex {
  return encodeFunctionData({ abi: oneStepVerifierAbi, functionName: 'step', args: [proof] });
}
