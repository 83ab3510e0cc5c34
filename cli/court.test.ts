// docs/court.md#hand: an answer of a model is disputed and judged by people at their terminals.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inferenceCourtAbi, mizuTokenAbi } from '../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeMessage, type Message } from '../protocol/messages.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { connectNetwork } from '../sdk/client/network.ts';
import { type CourtWait, waitForCourt } from '../sdk/client/past-court.ts';
import type { Sequencer } from '../sequencer/main.ts';
import { createRpcClient } from '../service/http/client.ts';
import { createLogger } from '../service/process/log.ts';
import { MODEL } from '../test/kernel/world.fixture.ts';
import { createInferWorkflow, nextTask } from '../test/network/infer-workflow.fixture.ts';
import { joinGateway, signResults } from '../test/network/inference.fixture.ts';
import {
  VALIDATOR as GATEWAY,
  keyOf,
  startTestNetwork,
  type TestNetwork,
  until,
} from '../test/network/network.fixture.ts';
import { runMain } from '../test/network/run-main.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';

const MIZU = 10n ** 18n;
const STAKE = 10_000n * MIZU;
const [CHALLENGER, FIRST, SECOND, STRANGER] = [keyOf(3), keyOf(10), keyOf(11), keyOf(12)];
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const text = (value: string) => new TextEncoder().encode(value);

let network: TestNetwork;
let sequencer: Sequencer;
let executor: Executor;
let folder: string;
let run: Hex;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-court-'));
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network);
  for (const key of [FIRST, SECOND]) await network.stake(privateKeyToAccount(key).address, 'validator', STAKE);
  await joinGateway(network, MODEL);
  await network.deposit(MIZU);
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', network.user)).balance !== '0');
  run = await startRun();
  await answer(text('what the gateway says'));
  await until('the run is done', async () => {
    return (await rpc<{ status: string } | null>('mizu_getRun', run))?.status === 'done';
  });
  await until('its assertion', isAsserted);
}, 120_000);

afterAll(async () => {
  await executor?.close();
  await sequencer?.close();
  await network?.close();
  await rm(folder, { recursive: true, force: true });
});

const rpc = <T>(method: string, ...params: unknown[]) =>
  createRpcClient(sequencer.url)(method, params, { timeoutSeconds: 30 }) as Promise<T>;
const send = (message: Message) => rpc('mizu_sendMessage', bytesToHex(encodeMessage(message)));

/** Whether the batch in which the run has ended is asserted. */
async function isAsserted(): Promise<boolean> {
  const { execution, mirror } = executor.node;
  const pending = await mirror.pending();
  for (let index = 0n; index < execution.batches(); index++) {
    const ended = (await execution.batch(index))?.runs.some((one) => one.run === run);
    if (ended) return pending.some(({ post }) => post.batch > index);
  }
  return false;
}

async function startRun(): Promise<Hex> {
  const workflow = await createInferWorkflow(network, { maxCost: 10n ** 12n });
  await send(workflow.deploy);
  const started = await workflow.run([text('a row')]);
  await send(started.message);
  return started.run;
}

/** The challenger appeals against what it has won itself; the others vote as before, and it is carried out. */
async function closeCase(): Promise<void> {
  expect((await mizu(FIRST, 'claim', '1')).text).toContain('owes this account nothing');
  expect((await mizu(CHALLENGER, 'appeal', '1')).text).toMatch(/decided[\s\S]*its phase is reveal/);
  await network.clock.advance(30);
  const dry = await mizu(CHALLENGER, 'appeal', '1', '--dry-run');
  expect(dry.text).toContain('case 1, against faulty');
  expect(dry.text).toMatch(/bond +100 MIZU[\s\S]*Nothing was sent/);
  const appealed = await mizu(CHALLENGER, 'appeal', '1');
  expect(appealed.code, appealed.text).toBe(0);
  for (const key of [FIRST, SECOND]) expect((await mizu(key, 'vote', '1', 'wrong')).code).toBe(0);
  await network.clock.advance(90);
  for (const key of [FIRST, SECOND]) expect((await mizu(key, 'vote', '1')).code).toBe(0);
  await network.clock.advance(30);
  const away = ['--voter', GATEWAY.address, '--voter', GATEWAY.address.toLowerCase()];
  const early = await mizu(STRANGER, 'execute', '1');
  expect(early.text).toMatch(/carried out, or a penalty[\s\S]*its phase is veto, until/);
  await network.clock.advance(30);
  const plan = await mizu(STRANGER, 'execute', '1', ...away, '--dry-run');
  expect(plan.text).toContain('case 1: the item is void, and its gateway is slashed');
  for (const round of [1, 2]) expect(plan.text).toContain(`${GATEWAY.address.toLowerCase()} for round ${round}`);
  expect(plan.text).toMatch(/cost +3 transactions[\s\S]*Nothing was sent/);
  const executed = await mizu(CHALLENGER, 'execute', '1', ...away);
  expect(executed.code, executed.text).toBe(0);
  expect((await mizu(CHALLENGER, 'execute', '1', ...away)).text).toContain('its phase is closed');
}

async function answer(result: Uint8Array, nonce = 1n): Promise<void> {
  const task = await nextTask(createRpcClient(sequencer.url));
  await send(await signResults(network, [task], [result], nonce));
}

async function mizu(key: Hex, ...words: readonly string[]) {
  const file = join(folder, key.slice(-8));
  await writeFile(file, key, { mode: 0o600 });
  const { chainId, addresses } = network.deployment;
  const trust = ['--l1', network.anvil.url, '--rollup', addresses.rollup, '--chain-id', String(chainId)];
  return runMain('court', ...words, '--key', file, ...trust);
}

const court = () => ({ address: network.deployment.addresses.inferenceCourt, abi: inferenceCourtAbi }) as const;
const tokensOf = (account: Address) =>
  network.l1.client.readContract({
    address: network.deployment.addresses.token,
    abi: mizuTokenAbi,
    functionName: 'balanceOf',
    args: [account],
  });

test('an answer is disputed once, by its run and partition', async () => {
  const place = [run, '--partition', '0', '--rpc', sequencer.url];
  const none = await mizu(CHALLENGER, 'open', run, '--partition', '7', '--rpc', sequencer.url);
  expect(none.code).not.toBe(0);
  expect(none.text).toContain('No assertion on L1 has an answer');
  const dry = await mizu(CHALLENGER, 'open', ...place, '--dry-run');
  expect(dry.text).toContain('Nothing was sent');
  expect(dry.code).toBe(0);
  const opened = await mizu(CHALLENGER, 'open', ...place);
  expect(opened.text).toContain(`signed by ${GATEWAY.address.toLowerCase()}`);
  expect(opened.text).toContain('50 MIZU: lost if the answer is what the model says, else returned');
  expect(opened.text).toContain('mizu court show 1');
  expect(opened.code).toBe(0);
  expect(await network.l1.client.readContract({ ...court(), functionName: 'caseCount' })).toBe(1n);
  const again = await mizu(CHALLENGER, 'open', ...place);
  expect(again.text).toContain('case 1');
  expect(again.code).not.toBe(0);
});

test('voters commit, and reveal without having kept anything', async () => {
  // The block whose hash is the seed of the draw.
  await network.mine();
  const evidence = join(folder, 'evidence.txt');
  await writeFile(evidence, 'what my own model said');
  const silent = await mizu(FIRST, 'vote', '1');
  expect(silent.text).toContain('upheld, wrong, unavailable, inconclusive');
  expect((await mizu(STRANGER, 'vote', '1', 'wrong')).code).not.toBe(0);
  const committed = await mizu(FIRST, 'vote', '1', 'upheld');
  expect(committed.text).toMatch(/counts +10,?000 MIZU/);
  expect(committed.code).toBe(0);
  // A later commitment takes the place of an earlier one.
  expect((await mizu(FIRST, 'vote', '1', 'wrong', '--evidence', evidence)).code).toBe(0);
  expect((await mizu(SECOND, 'vote', '1', 'wrong')).code).toBe(0);
  const stranger = await mizu(STRANGER, 'vote', '1', 'wrong');
  expect(stranger.text).toContain('has no seat in round 1');
  expect(stranger.code).not.toBe(0);
  await network.clock.advance(60);
  // Without its evidence it is another commitment.
  const without = await mizu(FIRST, 'vote', '1');
  expect(without.text).toContain('no commitment in round 1 of case 1');
  const revealed = await mizu(FIRST, 'vote', '1', '--evidence', evidence);
  expect(revealed.text).toContain('wrong in round 1 of case 1');
  expect(revealed.code).toBe(0);
  expect((await mizu(SECOND, 'vote', '1')).code).toBe(0);
  expect((await mizu(SECOND, 'vote', '1')).text).toContain('it is revealed already');
});

test('who waits for the court waits for the case, for the second answer, and for its time', async () => {
  const { chainId, addresses } = network.deployment;
  const trust = { chainId, rollup: addresses.rollup };
  const client = await connectNetwork({ rpcUrl: sequencer.url, l1RpcUrl: network.anvil.url, trust });
  const waits: CourtWait[] = [];
  const past = waitForCourt(client, run, (wait) => void waits.push(wait));
  await until('it waits for the case', () => waits.some(({ openCases }) => openCases.includes(1n)));
  const first = waits.findLast((wait) => wait.until !== undefined)!.until!;
  await closeCase();
  // The time for the first answer is over before the network knows that it is void: the run it was in is still done then.
  await network.clock.advanceTo(BigInt(first) + 1n);
  await answer(text('what the model says'), 2n);
  await until('it waits for the second answer', () => (waits.at(-1)?.until ?? 0) > first);
  await network.clock.advanceTo(BigInt(waits.at(-1)!.until!) + 1n);
  const { cases, datasetRoot, until: end } = await past;
  expect(cases).toEqual([1n]);
  expect(end).toBe(waits.at(-1)?.until);
  expect(datasetRoot).toBe((await rpc<{ dataset: { root: Hex } }>('mizu_getRun', run)).dataset.root);
  await client.close();
});

test('who was right is paid when the case is closed', async () => {
  const shown = await mizu(FIRST, 'show', '1');
  expect(shown.text).toContain('the item is void, and its gateway was slashed');
  const { address } = privateKeyToAccount(FIRST);
  const before = await tokensOf(address);
  const claimed = await mizu(FIRST, 'claim', '1');
  expect(claimed.code).toBe(0);
  // Half of the fee of each round.
  expect((await tokensOf(address)) - before).toBe(10n * MIZU);
  expect((await mizu(FIRST, 'claim', '1')).text).toContain('owes this account nothing');
  // The challenger's bond, and its part of what the gateway has lost.
  expect((await mizu(CHALLENGER, 'claim', '1')).code).toBe(0);
  expect((await mizu(CHALLENGER)).text).toContain('case');
});
