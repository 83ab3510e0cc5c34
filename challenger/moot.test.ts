// docs/disputes.md#moot: batches become void while games about what was asserted of them are under way: nobody plays on, and nobody loses.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import { disputeAbi, inboxAbi, mizuTokenAbi, rollupAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { type Address, type Hex, isSameAddress } from '../protocol/hex.ts';
import type { Message } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { createLogger } from '../service/process/log.ts';
import { type Fake, openFake } from '../test/doubles/fake-challenger.fixture.ts';
import {
  EXECUTOR,
  keyOf,
  LIAR,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
  VALIDATOR,
} from '../test/network/network.fixture.ts';
import { startValidator, type Validator } from './main.ts';

const CLOCK_SECONDS = DEVNET_CONFIG.clockSeconds;
/** Longer than an asserter can be silent. */
const WINDOW_SECONDS = CLOCK_SECONDS + 200;
const LONGEST_SECONDS = DEVNET_CONFIG.unbondingSeconds + WINDOW_SECONDS;
/**
 * How long the batches' bytes are still promised beyond the time that a judgement takes: long enough to assert them,
 * too short once a clock has run out.
 */
const LEFT_SECONDS = 300n;
const OPEN_LATER_SECONDS = 200;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const nothing = (digit: string): Message => ({ kind: 'Expire', run: `0x${digit.repeat(64)}` });

let network: TestNetwork;
let liar: Executor | undefined;
let executor: Executor;
let validator: Validator;
let fake: Fake | undefined;
let parent: AssertionRecord;
let honest: AssertionRecord;
let wrong: AssertionRecord;

const validate = () => startValidator({ ...network.config('validator'), key: keyOf(4), log });

beforeAll(async () => {
  network = await startTestNetwork({
    windowSeconds: WINDOW_SECONDS,
    committeeDelaySeconds: DEVNET_CONFIG.committeeDelaySeconds + WINDOW_SECONDS,
    unbondingSeconds: LONGEST_SECONDS + WINDOW_SECONDS,
    retentionSeconds: DEVNET_CONFIG.retentionSeconds + 2 * WINDOW_SECONDS,
  });
  validator = await validate();
});

afterAll(async () => {
  await liar?.close();
  await executor?.close();
  await validator?.close();
  await fake?.close();
  await network?.close();
});

const read = {
  stake: (account: Address) =>
    network.l1.client.readContract({
      address: network.deployment.addresses.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'activeOf',
      args: [account, 0],
    }),
  tokens: (account: Address) =>
    network.l1.client.readContract({
      address: network.deployment.addresses.token,
      abi: mizuTokenAbi,
      functionName: 'balanceOf',
      args: [account],
    }),
  held: (account: Address) =>
    network.l1.client.readContract({
      address: network.deployment.addresses.dispute,
      abi: disputeAbi,
      functionName: 'balanceOf',
      args: [account],
    }),
  isMoot: (id: Hex) =>
    network.l1.client.readContract({
      address: network.deployment.addresses.rollup,
      abi: rollupAbi,
      functionName: 'isMoot',
      args: [id],
    }),
  expiry: (batch: bigint) =>
    network.l1.client.readContract({
      address: network.deployment.addresses.inbox,
      abi: inboxAbi,
      functionName: 'expiryOf',
      args: [batch],
    }),
};

const pendingOf = (asserter: Address, firstBatch: bigint) => async () =>
  (await validator.node.mirror.pending()).find(
    (pending) => isSameAddress(pending.asserter, asserter) && pending.firstBatch === firstBatch,
  );

/** The liar asserts batch 0 truly. On top of that both assert batch 1, the liar falsely. */
async function assertAll(): Promise<void> {
  const policy = { intervalSeconds: 0, maxBatches: 1 };
  const stepList = (steps: Uint8Array): Uint8Array => {
    const claimed = steps.slice();
    const last = claimed.length - LEAF_BYTES;
    if (decodeStateLeaf(claimed.subarray(0, LEAF_BYTES)).batch > 0n) claimed[last] = (claimed[last] as number) ^ 1;
    return claimed;
  };
  await network.postBatch([nothing('1')], undefined, { hours: 3 });
  await network.postBatch([nothing('2'), nothing('3')], undefined, { hours: 3 });
  const now = await network.clock.now();
  await network.clock.advance(Number((await read.expiry(0n)) - BigInt(LONGEST_SECONDS) - LEFT_SECONDS - now));
  liar = await startExecutor({ ...network.config('liar'), key: keyOf(5), policy, log }, { stepList });
  parent = await network.clock.passUntil('the first claim', pendingOf(LIAR.address, 0n));
  wrong = await network.clock.passUntil('the lie', pendingOf(LIAR.address, 1n));
  await liar.close();
  liar = undefined;
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy, log });
  honest = await network.clock.passUntil('the truth', pendingOf(EXECUTOR.address, 1n));
}

test('open games about what is moot are given back, also to those who were down, and cost nobody a stake', async () => {
  const [stake, tokens, fakes] = [
    await read.stake(EXECUTOR.address),
    await read.tokens(VALIDATOR.address),
    await read.tokens(USER.address),
  ];
  await assertAll();
  expect([honest.parent, wrong.parent]).toEqual([parent.id, parent.id]);
  const { mirror } = executor.node;
  const gameAbout = (id: Hex) => async () =>
    (await mirror.openGames()).find(({ assertion, lists }) => assertion === id && lists >= 1);
  const attacked = await until('the honest challenge', gameAbout(wrong.id));
  expect(await read.tokens(VALIDATOR.address)).toBe(tokens - DEVNET_CONFIG.challengeBondWei);
  fake = await openFake(network, executor.node, keyOf(3));
  await fake.attack(parent, 0);
  await network.clock.advance(OPEN_LATER_SECONDS);
  await fake.attack(honest, 1);
  const defended = await until('the answer', async () => {
    const game = await gameAbout(honest.id)();
    return game?.lists === 2 ? game : undefined;
  });

  // The parent is lost by silence, and what it claimed can be asserted no more.
  await validator.close();
  await network.clock.advance(CLOCK_SECONDS - OPEN_LATER_SECONDS + 1);
  const isRejected = async () => (await mirror.assertion(parent.id))?.status === 'rejected';
  await until('the fall of the parent', async () => {
    if (!(await isRejected())) await fake?.play();
    return isRejected();
  });
  await network.clock.passUntil('the void', async () => (await mirror.batch(0n))?.isVoid);
  expect(await read.isMoot(honest.id)).toBe(true);
  expect(await read.isMoot(wrong.id)).toBe(true);
  await until('the void batches executed', async () => {
    const [own, theirs] = [await executor.node.execution.batch(1n), await mirror.batch(1n)];
    return own !== undefined && own.fingerprint === theirs?.fingerprint;
  });

  validator = await validate();
  await until('its bond', async () => (await read.tokens(VALIDATOR.address)) === tokens);
  await until('its refund', async () => (await mirror.game(attacked.id))?.status === 'refunded');
  expect(validator.fight?.games).toMatchObject({ moves: 0, proofs: 0, timeouts: 0, lost: 0 });

  // The fake challenger never comes back: the asserter wants its own bond.
  expect((await mirror.game(defended.id))?.status).toBe('open');
  await network.clock.advance(WINDOW_SECONDS);
  await until('the end of the moot assertion', async () => (await mirror.assertion(honest.id))?.status === 'orphaned');
  expect((await mirror.game(defended.id))?.status).toBe('refunded');
  expect((await read.tokens(USER.address)) + (await read.held(USER.address))).toBe(fakes);
  expect(await read.stake(EXECUTOR.address)).toBe(stake);
  expect(executor.games).toMatchObject({ proofs: 0, timeouts: 0, lost: 0 });
});
