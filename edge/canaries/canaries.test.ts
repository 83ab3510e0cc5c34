// docs/audits.md#gateway: a gateway plants a canary, is stopped in every phase, opens it in time and is paid; a validator finds it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startValidator, type Validator } from '../../challenger/main.ts';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import type { ShownItem } from '../../dispute/shown-item.ts';
import { auditsAbi, inferenceCourtAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { Message } from '../../protocol/messages.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import { createLogger } from '../../service/process/log.ts';
import { type Actor, createActor, MIZU } from '../../test/lies/court/actors.ts';
import { createPeriods, type Periods } from '../../test/lies/court/canaries.fixture.ts';
import { BUILTIN, MAX_COST, MODEL_NAME, PRICES, postResults } from '../../test/lies/court/items.ts';
import { createInferWorkflow, type InferWorkflow } from '../../test/network/infer-workflow.fixture.ts';
import { joinGateway, signItems } from '../../test/network/inference.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER, until } from '../../test/network/network.fixture.ts';
import { createBuiltinBackend } from '../backends/builtin.ts';
import { toRowUsage } from '../backends/row-failure.ts';
import { type FinishedTask, singleUseKey } from '../gateway/task.ts';
import { encodeRequests, encodeResultLine, encodeResults } from '../rows.ts';
import { type Canaries, openCanaries } from './open.ts';

/** Everything is drawn for everybody, so that the test hangs on no hash. */
const AUDITS = { ...DEVNET_CONFIG.audits, rateBasisPoints: 10_000 };
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const backend = createBuiltinBackend();
const GLOSSES = [
  'a small animal with fur',
  'a large tree that bears acorns',
  'a liquid food of meat',
  'a machine with wheels',
];

let network: TestNetwork;
let workflow: InferWorkflow;
let workflowId: Hex;
let gateway: Actor;
let planter: Actor;
let periods: Periods;
let validator: Validator;
let folder: string;
let stop: AbortController;
let canaries: Canaries;
let running: Promise<void>;
let signed = 0n;
let runs = 0n;
const objects = new Map<Hex, Uint8Array>();

const audits = () => ({ address: network.deployment.addresses.audits, abi: auditsAbi }) as const;
const court = () => ({ address: network.deployment.addresses.inferenceCourt, abi: inferenceCourtAbi }) as const;

async function start(): Promise<void> {
  stop = new AbortController();
  canaries = await openCanaries({
    config: { audits: audits().address, accounts: [keyOf(3)], privateKey: planter.key, share: 1, confirmations: 1 },
    l1Url: network.anvil.url,
    dataDir: join(folder, 'canaries'),
    chain: {
      ...network.deployment.addresses,
      chainId: network.deployment.chainId,
      fromBlock: Number(network.deployment.fromBlock),
    },
    gateway: gateway.address,
    exactModels: [MODEL_NAME],
    sequencer: { getWorkflow: async () => workflowId, getNonce: async () => runs + 1n },
    getRequests: async ({ root }: ObjectRef) => objects.get(root)!,
    getObject: (root) => network.da.get(root),
    log,
  });
  running = canaries.run(stop.signal);
}

async function end(): Promise<void> {
  stop.abort();
  await running;
  await canaries.close();
}

async function restart(): Promise<void> {
  await end();
  await start();
}

/** A run of one partition, and its task as workers have answered it. */
async function answerRun(contents: readonly string[] = GLOSSES): Promise<{ task: FinishedTask; message: Message }> {
  const requests = contents.map((text) => ({ messages: [{ role: 'user', content: `Which kind?\n\n${text}` }] }));
  const rows = encodeRequests(
    MODEL_NAME,
    requests.map((request, i) => JSON.stringify([i, request])),
  );
  const { message, run, workflow: id } = await workflow.run([rows]);
  workflowId = id;
  runs++;
  const ref = objectRef(rows);
  objects.set(ref.root, rows);
  const answers = await Promise.all(requests.map((request) => backend.complete(request, new AbortController().signal)));
  const tokens = { input: 0, output: 0 };
  const lines = answers.map(({ content, finishReason, usage }, i) => {
    tokens.input += usage.promptTokens;
    tokens.output += usage.completionTokens;
    return encodeResultLine(i, { content, finish_reason: finishReason, usage: toRowUsage(usage) });
  });
  const info = { run, stage: 1, partition: 0, attempt: 0, owner: USER.address.toLowerCase(), model: BUILTIN };
  const offer = { requestRoot: ref.root, requestLength: ref.length };
  const task = {
    key: singleUseKey(info),
    info: { ...info, ...offer } as FinishedTask['info'],
    result: encodeResults(MODEL_NAME, lines, tokens),
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    workers: [],
  };
  return { task, message };
}

async function post({ info, result, ...tokens }: FinishedTask, message: Message): Promise<ShownItem> {
  const { run, stage, partition, attempt, requestRoot } = info;
  const { root: resultRoot, length: resultLength } = objectRef(result);
  const { inputTokens, outputTokens } = {
    inputTokens: BigInt(tokens.inputTokens),
    outputTokens: BigInt(tokens.outputTokens),
  };
  const place = { run, stage, partition, attempt, requestRoot };
  const item = { ...place, resultRoot, resultLength, model: BUILTIN, inputTokens, outputTokens };
  const expiry = BigInt(Math.floor(Date.now() / 1000) + 24 * 3600);
  const { certificate } = await network.da.put([result], { expiry });
  const advance: Message = { kind: 'Advance', run, stage: 0, partition };
  await network.clock.advance(1);
  const results = await signItems(network, [item], ++signed, certificate, gateway.account);
  return (await postResults(network, [message, advance], results))(0);
}

beforeAll(async () => {
  network = await startTestNetwork({ audits: AUDITS });
  periods = createPeriods(network);
  gateway = await createActor(network, 0n, []);
  const looker = await createActor(network, 1_000n * MIZU, [court().address]);
  planter = await createActor(network, 10n * MIZU, [audits().address]);
  await network.stake(looker.address, 'validator', 20_000n * MIZU);
  await joinGateway(network, BUILTIN, gateway.account, PRICES);
  await network.deposit(100n * MIZU);
  workflow = await createInferWorkflow(network, { model: BUILTIN, gateways: [gateway.address], maxCost: MAX_COST });
  await network.postBatch([workflow.deploy]);
  await planter.send(audits(), 'fund', [5n * MIZU]);
  const own = { ...network.config('validator'), key: looker.key, relays: [], court: { auditRate: 0 }, log };
  validator = await startValidator(own);
});

afterAll(async () => {
  await validator?.close();
  await network?.close();
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-canaries-'));
  await start();
});

afterEach(async () => {
  await end();
  rmSync(folder, { recursive: true, force: true });
});

test('a task of one of its accounts becomes a canary, which is found, opened and paid for, wherever it is stopped', async () => {
  const period = await periods.start();
  const { task, message } = await answerRun();
  const prepared = await canaries.prepare(task, stop.signal);
  expect(prepared.result).not.toEqual(task.result);
  await restart();
  // After the restart the task is finished anew, from the journal.
  expect(await canaries.prepare(task, stop.signal)).toEqual(prepared);
  await post(prepared, message);
  await restart();
  const phases = await periods.phasesOf(period);
  await network.clock.advanceTo(phases.from);
  await until('it is found', () => validator.fight!.court!.exams.committed === 1);
  expect(canaries.counts.opened).toBe(0);
  await network.clock.advanceTo(phases.commit);
  await until('it is opened', () => canaries.counts.opened === 1);
  await restart();
  await network.clock.advanceTo(phases.open);
  await until('it is revealed', () => validator.fight!.court!.exams.revealed === 1);
  await network.clock.advanceTo(phases.reveal);
  await until('it is paid for', () => canaries.counts.rewarded === 1);
  const balance = await network.l1.client.readContract({
    ...audits(),
    functionName: 'balanceOf',
    args: [gateway.address],
  });
  expect(balance).toBe(MIZU);
  await until('it is done with', () => canaries.kept() === 0);
});

test('a canary that somebody disputes is opened at once', async () => {
  await periods.start();
  const { task, message } = await answerRun();
  const shown = await post(await canaries.prepare(task, stop.signal), message);
  const hasty = await createActor(network, 1_000n * MIZU, [court().address]);
  await hasty.send(court(), 'open', [shown]);
  await until('it is opened', () => canaries.counts.opened === 1);
});

test('an item that is late in a batch is planted again, and opened by its last plant', async () => {
  const { task, message } = await answerRun();
  const prepared = await canaries.prepare(task, stop.signal);
  const planted = async () =>
    (await network.l1.client.readContract({ ...audits(), functionName: 'lastPlantAt' })) as bigint;
  const first = await planted();
  await network.clock.advance(AUDITS.plantSeconds + 1);
  await until('it is planted again', async () => (await planted()) > first + BigInt(AUDITS.plantSeconds));
  await restart();
  const period = await periods.start();
  await post(prepared, message);
  await network.clock.advanceTo((await periods.phasesOf(period)).commit);
  await until('it is opened', () => canaries.counts.opened === 1);
});

test('what is none of its accounts, or no canary can be made of, is signed as it came', async () => {
  expect(canaries.isOurs(USER.address)).toBe(true);
  expect(canaries.isOurs(gateway.address)).toBe(false);
  const { task } = await answerRun(['a small animal with fur', 'a small animal with fur']);
  expect(await canaries.prepare(task, stop.signal)).toBe(task);
});
