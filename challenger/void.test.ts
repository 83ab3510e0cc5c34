// docs/prover.md#promised: executors are all down until batches can no longer be asserted, come back, and the network goes on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import type { Told } from '../dispute/seat.ts';
import { decodeBodyIndex } from '../node/body/receipts.ts';
import { NO_BODY } from '../node/body/recorder.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import { type NetworkNode, openNode } from '../node/node.ts';
import { encodeBatch } from '../protocol/batch.ts';
import { inboxAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeMessage, type Message } from '../protocol/messages.ts';
import { keccakHex } from '../protocol/tree.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { NO_EXPIRY } from '../prover/promised.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, LIAR, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { createProcess, type TestProcess } from '../test/network/process.fixture.ts';
import { startValidator, type Validator } from './main.ts';

const HOUR = 3_600;
const HOURS = 3;
const SCRIPT = new URL('../test/network/executor-process.fixture.ts', import.meta.url);
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const nothing = (digit: string): Message => ({ kind: 'Expire', run: `0x${digit.repeat(64)}` });

let network: TestNetwork;
let executor: TestProcess;
let liar: Executor | undefined;
const validators: Validator[] = [];

beforeAll(async () => {
  network = await startTestNetwork();
  const more = { key: keyOf(2), policy: { intervalSeconds: 0 }, payoutWei: '1' };
  executor = createProcess(SCRIPT, network.config('executor'), more);
}, 120_000);

afterAll(async () => {
  await executor?.kill('SIGKILL');
  await Promise.all(validators.map((validator) => validator.close()));
  await liar?.close();
  await network?.close();
}, 60_000);

async function validate(name: string, key?: Hex): Promise<Validator> {
  const validator = await startValidator({ ...network.config(name), log, ...(key === undefined ? {} : { key }) });
  // Without a key it ends when it sees the lie.
  validator.done.catch(() => undefined);
  validators.push(validator);
  return validator;
}

async function confirmed({ mirror }: NetworkNode, batch: bigint): Promise<AssertionRecord> {
  return network.clock.passUntil(`batch ${batch} confirmed`, async () => {
    const record = await mirror.assertion((await mirror.head()).latestConfirmed);
    return record !== undefined && record.post.batch >= batch ? record : undefined;
  });
}

/** Posts a batch whose bytes this node has and DA loses. */
async function lose(node: NetworkNode, messages: readonly Message[], hours = HOURS): Promise<void> {
  await node.objects.put(encodeBatch(messages.map(encodeMessage)));
  await network.postBatch(messages, undefined, { hours, isHeld: false });
}

const expiryOf = (index: bigint) =>
  network.l1.client.readContract({
    address: network.deployment.addresses.inbox,
    abi: inboxAbi,
    functionName: 'expiryOf',
    args: [index],
  });

async function leavesOf({ execution }: NetworkNode, batches: bigint): Promise<string> {
  await until(`${batches} batches`, () => execution.batches() >= batches);
  const last = await execution.batch(batches - 1n);
  return bytesToHex(await execution.leaves(0n, last!.toStep));
}

test('what nobody asserted in time is void, and all that come later, were killed or were there agree and go on', async () => {
  const old = await validate('old');
  executor.start();
  await network.deposit(10n ** 18n);
  const author = { ...network.author, deadline: network.author.deadline + BigInt(20 * HOUR) };
  const first = await createRunMessages(author, 2, 0n, author);
  await network.postBatch(first.messages.slice(0, 2));
  await confirmed(old.node, 1n);
  await executor.kill('SIGKILL');

  const advances = first.messages.slice(2);
  await lose(old.node, advances);
  await network.postBatch([nothing('2')]);
  await lose(old.node, [nothing('3'), nothing('4')]);
  const before = await leavesOf(old.node, 4n);
  await network.clock.advance(HOURS * HOUR);

  // Killed as soon as L1 has given the batches up.
  executor.start();
  await until('the void', async () => (await expiryOf(1n)) === NO_EXPIRY && (await expiryOf(3n)) === NO_EXPIRY);
  await executor.kill('SIGKILL');
  expect(await expiryOf(2n)).not.toBe(NO_EXPIRY);
  executor.start();

  // The run that lost its messages ends all the same, and so does another one.
  const second = await createRunMessages(author, 1, 2n, author);
  await network.postBatch([...advances, ...second.messages]);
  const record = await confirmed(old.node, 5n);
  const body = decodeBodyIndex(await network.da.get(record.objects[0]!.root));
  expect(body.runs.map(({ run }) => run)).toEqual([first.run, second.run]);

  const fresh = await validate('fresh');
  await until('its checks', () => fresh.counts.agreed === old.counts.agreed && fresh.counts.agreed > 0);
  expect([old.counts.faults, fresh.counts.faults]).toEqual([0, 0]);
  await executor.kill('SIGTERM');
  const restarted = await openNode(network.config('executor'), { log, recorder: () => NO_BODY });
  try {
    const leaves = await leavesOf(old.node, 5n);
    expect(await leavesOf(fresh.node, 5n)).toBe(leaves);
    expect(await leavesOf(restarted, 5n)).toBe(leaves);
    expect(leaves.startsWith(before)).toBe(false);
  } finally {
    await restarted.close();
  }
}, 240_000);

test('a lie about a step of a void batch is proven on L1, and its asserter slashed', async () => {
  const old = validators[0] as Validator;
  const index = (await old.node.mirror.head()).batches;
  await lose(old.node, [nothing('5'), nothing('6'), nothing('7')], 2 * HOURS);
  await until('its execution', () => old.node.execution.batches() > index);
  await network.clock.advance(HOURS * HOUR);
  // From the second step on: the first messages of the batch are those of L1.
  const stepList = (steps: Uint8Array) => {
    const wrong = steps.slice();
    for (let leaf = 2; leaf < steps.length / 128; leaf++) wrong[leaf * 128] = (steps[leaf * 128] as number) ^ 1;
    return wrong;
  };
  const told: Told = (own, game) => ({
    prove: own.prove,
    hashesAt: async (positions) =>
      (await own.hashesAt(positions)).map(
        (hash, i): Hex => (positions[i]! < 100_000n ? hash : keccakHex(new TextEncoder().encode(hash + game.id))),
      ),
  });
  const policy = { intervalSeconds: 0 };
  liar = await startExecutor({ ...network.config('liar'), key: keyOf(5), policy, log }, { stepList, told });
  const stake = () =>
    network.l1.client.readContract({
      address: network.deployment.addresses.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'activeOf',
      args: [LIAR.address, 0],
    });
  const before = await stake();
  const validator = await validate('challenger', keyOf(4));
  // The honest executor is down: the liar's turns come when L1's time passes.
  const lie = await network.clock.passUntil('the lie', async () => {
    for (const pending of await validator.node.mirror.pending()) if (pending.firstBatch === index) return pending;
    return undefined;
  });
  expect((await validator.node.mirror.batch(index))?.isVoid).toBe(true);
  expect(liar.counts.voided).toBe(1);
  await until('its rejection', async () => (await validator.node.mirror.assertion(lie.id))?.status === 'rejected');
  expect(await stake()).toBe(before - DEVNET_CONFIG.assertionBondWei);
  await until('the count of the proof', () => validator.fight?.games.proofs === 1);
  expect(validator.fight?.attack.opened).toBe(1);
}, 240_000);
