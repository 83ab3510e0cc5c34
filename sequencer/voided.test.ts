// docs/kernel.md#voided: L1 voids an item: its task runs again with what has used it, and `verify` says what became of the dataset.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KERNEL_PATH } from '../kernel/file.ts';
import { verifyRun } from '../node/replication/replicate.ts';
import { encodeDefinition, hashWorkflow, objectsOfDefinition } from '../protocol/definition.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeInputs, encodeMessage, hashRun, type Message } from '../protocol/messages.ts';
import { objectRef } from '../protocol/tree.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { verifyTarget } from '../sdk/client/verify.ts';
import { createRpcClient, requestBytes } from '../service/http/client.ts';
import { createLogger } from '../service/process/log.ts';
import { execStage, inferStage } from '../test/kernel/world.fixture.ts';
import { putTestProgram } from '../test/network/chain.fixture.ts';
import { joinGateway, type ListedTask, pushVoid, signResults } from '../test/network/inference.fixture.ts';
import {
  VALIDATOR as GATEWAY,
  keyOf,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
} from '../test/network/network.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';
import type { Sequencer } from './main.ts';

type View = {
  status: string;
  tasksLeft: number;
  dataset: { root: Hex; length: number } | null;
  stages: { done: number; gasUsed: number }[];
  inputTokens: number;
  endedAt: number | null;
  voided: { items: number; at: number } | null;
  batches: number[];
};

let network: TestNetwork;
let sequencer: Sequencer;
let executor: Executor;
let run: Hex;
let nonce = 0n;
let first: View;
let refund: bigint;
const text = (value: string) => new TextEncoder().encode(value);
const rpc = <T>(method: string, ...params: unknown[]) =>
  createRpcClient(sequencer.url)(method, params, { timeoutSeconds: 30 }) as Promise<T>;
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
const inHours = (hours: number) => BigInt(Math.floor(Date.now() / 1000) + hours * 3600);
const viewOf = () => rpc<View>('mizu_getRun', run);
const openTasks = (count: number) =>
  until(`${count} open infer tasks`, async () => {
    const open = await rpc<ListedTask[]>('mizu_getInferenceTasks', { limit: 10, waitSeconds: 0 });
    return open.length === count ? open.sort((a, b) => a.partition - b.partition) : undefined;
  });
const ended = () =>
  until('the end', async () => {
    const view = await viewOf();
    return view.status === 'running' ? undefined : view;
  });
const answer = async (open: readonly ListedTask[], results: readonly string[]) => {
  nonce += 1n;
  const message = await signResults(network, open, results.map(text), nonce);
  const { hash } = await send(message);
  type Receipt = { items: { ok: boolean; error?: string }[] };
  const receipt = await until(
    'the receipt',
    async () => (await rpc<Receipt | null>('mizu_getReceipt', hash)) ?? undefined,
  );
  return { message, items: receipt.items };
};
const verify = () => {
  const { addresses, fromBlock } = network.deployment;
  const replay = { kernelPath: KERNEL_PATH, workers: 1 };
  return verifyRun({ l1: network.l1, contracts: addresses, fromBlock, da: network.da, run, replay });
};
const rowsOf = async () =>
  new TextDecoder().decode((await requestBytes(`${sequencer.url}/datasets/${run}/train.jsonl`)).bytes);

beforeAll(async () => {
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network);
  const log = createLogger('executor', process.env.MIZU_LOG ?? 'silent');
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  await joinGateway(network);
  await network.deposit(10n ** 18n);
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', USER.address)).balance !== '0');
});

afterAll(async () => {
  await sequencer?.close();
  await executor?.close();
  await network?.close();
});

test('a run ends with what the gateway has answered', async () => {
  const { author } = network;
  const program = await putTestProgram({ ...network.author } as never);
  const [metadata] = await author.putAll([
    text('{"name":"test","stages":[{"sink":null},{"sink":null},{"sink":null},{"sink":"train"}]}'),
  ]);
  const stages = [
    execStage(),
    inferStage(0),
    execStage({ inputs: [{ source: 1, mode: 'same' }] }),
    execStage({ width: 1, inputs: [{ source: 2, mode: 'all' }], sink: true }),
  ];
  const definition = { programs: [program], stages, metadata: metadata! };
  const workflow = hashWorkflow(definition);
  const certified = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));
  const inputs = await author.putAll([text('ab'), text('cd')]);
  const costs = { maxCost: 10n ** 10n, maxItemCost: 10n ** 10n, maxInferenceCost: 10n ** 10n };
  run = hashRun(author.address, 1n, workflow);
  await send(await author.sign({ kind: 'Deploy', nonce: 0n, maxFee: 10n ** 18n, definition: certified }));
  await send(
    await author.sign({
      ...{ kind: 'Run', nonce: 1n, workflow, ...costs, gateways: [GATEWAY.address], taskGasLimit: 500_000n },
      ...{ deadline: inHours(1), inputs: encodeInputs(inputs, await author.certify(inputs)) },
    }),
  );
  const { items } = await answer(await openTasks(2), ['right', 'wrong']);
  expect(items.map(({ ok }) => ok)).toEqual([true, true]);
  first = await ended();
  expect(first).toMatchObject({ status: 'done', tasksLeft: 0, inputTokens: 20, voided: null });
  // The last stage reads both, but the program of the tests copies its first input alone.
  expect(await rowsOf()).toBe('tkijv');
  const report = await until('the assertion', async () => {
    const made = await verify();
    return made.assertion === undefined ? undefined : made;
  });
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(report.voids).toBe(0);
});

test('its first item is voided: the run goes on, offers the task once more, and has no dataset', async () => {
  refund = 10n ** 9n;
  const names = { run, stage: 1, partition: 0, attempt: 0, resultRoot: objectRef(text('right')).root };
  await pushVoid(network, { kind: 'ItemVoided', ...names, refund });
  const [again, ...others] = await openTasks(1);
  expect(others).toEqual([]);
  expect(again).toMatchObject({ run, stage: 1, partition: 0, attempt: 1 });
  const view = await viewOf();
  expect(view).toMatchObject({ status: 'running', tasksLeft: 3, dataset: null, endedAt: null, voided: { items: 1 } });
  expect(view.stages.map(({ done }) => done)).toEqual([2, 1, 1, 0]);
  expect(view.stages[3]).toMatchObject({ gasUsed: 0 });
  expect(view.inputTokens).toBe(10);
  const tasks = await rpc<{ stage: number; partition: number; status: string; attempt: number }[]>(
    'mizu_getTasks',
    run,
  );
  expect(tasks.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual([
    ...['done 0', 'done 0', 'open 1', 'done 0', 'open 1', 'done 0', 'open 1'],
  ]);
  expect(await rpc<unknown[]>('mizu_getRunObjects', run)).toHaveLength(3);
  await expect(requestBytes(`${sequencer.url}/datasets/${run}/train.jsonl`)).rejects.toMatchObject({
    code: 'datasets/not-found',
  });
  const report = await until('what is asserted', async () => {
    const made = await verify();
    return made.checks.some(({ detail }) => detail.includes('no assertion says yet')) ? undefined : made;
  });
  expect(report.ok).toBe(false);
  expect(report.checks.at(-1)).toEqual({
    name: 'voided',
    ok: false,
    detail: `L1 has voided the item of stage 1, partition 0, attempt 0: dataset ${first.dataset!.root} holds no longer, and the run has not ended again`,
  });
  const { rollup } = network.deployment.addresses;
  const trust = { l1Urls: [network.anvil.url], rollup, chainId: network.deployment.chainId };
  await expect(verifyTarget(run, false, { rpc: sequencer.url, ...trust }, () => undefined)).rejects.toMatchObject({
    code: 'verify/item-voided',
    hint: expect.stringContaining(`npx mizu watch ${run}`),
  });
});

test('the same answer for the former attempt is not taken; another one ends the run with another dataset', async () => {
  const open = await openTasks(1);
  const former = open.map((task) => ({ ...task, attempt: 0 }));
  await expect(answer(former, ['right'])).rejects.toMatchObject({ code: 'message/no-item-fits' });
  const { items } = await answer(open, ['other']);
  expect(items[0]).toMatchObject({ ok: true });
  const last = await ended();
  expect(last).toMatchObject({ status: 'done', tasksLeft: 0, inputTokens: 20, voided: { items: 1 } });
  expect(last.stages.map(({ done, gasUsed }) => [done, gasUsed])).toEqual(
    first.stages.map(({ done, gasUsed }) => [done, gasUsed]),
  );
  expect(last.dataset!.root).not.toBe(first.dataset!.root);
  expect(await rowsOf()).toBe('qvjgt');
  const report = await until('the second assertion', async () => {
    const made = await verify();
    return made.checks.some(({ name }) => name === 'voided') ? undefined : made;
  });
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(report).toMatchObject({ ok: true, voids: 1, dataset: { root: last.dataset!.root } });
});

test('a void of what is void already is paid out to the owner, and changes nothing', async () => {
  const before = await viewOf();
  const balance = async () => BigInt((await rpc<{ balance: string }>('mizu_getAccount', USER.address)).balance);
  const owned = await balance();
  const names = { run, stage: 1, partition: 0, attempt: 0, resultRoot: objectRef(text('right')).root };
  await pushVoid(network, { kind: 'ItemVoided', ...names, refund });
  await until('the refund', async () => (await balance()) === owned + refund);
  expect(await viewOf()).toMatchObject({ status: 'done', dataset: before.dataset, voided: before.voided });
  const report = await until('what is asserted', async () => {
    const made = await verify();
    return made.checks.some(({ name }) => name === 'voided') ? undefined : made;
  });
  expect(report).toMatchObject({ ok: true, voids: 2 });
});

test('a sequencer that reads its tables anew goes on from there', async () => {
  const names = { run, stage: 1, partition: 1, attempt: 0, resultRoot: objectRef(text('wrong')).root };
  await pushVoid(network, { kind: 'ItemVoided', ...names, refund });
  const before = await openTasks(1);
  await sequencer.close();
  sequencer = await startTestSequencer(network);
  expect(await openTasks(1)).toMatchObject([{ partition: 1, attempt: 1, requestRoot: before[0]!.requestRoot }]);
  const { items } = await answer(await openTasks(1), ['good']);
  expect(items[0]).toMatchObject({ ok: true });
  expect(await ended()).toMatchObject({ status: 'done', voided: { items: 2 } });
  const tasks = await rpc<{ attempt: number }[]>('mizu_getTasks', run);
  expect(tasks.map(({ attempt }) => attempt)).toEqual([0, 0, 1, 1, 1, 1, 2]);
});
