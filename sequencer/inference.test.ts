// docs/rpc.md: inference tasks from request to result, progress, the dataset's download, JSON-RPC's own rules.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeDefinition, hashWorkflow, objectsOfDefinition } from '../protocol/definition.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeInputs, encodeMessage, hashRun, type Message } from '../protocol/messages.ts';
import { createRpcClient, requestBytes, requestJson } from '../service/http/client.ts';
import { execStage, inferStage, MODEL } from '../test/kernel/world.fixture.ts';
import { putTestProgram } from '../test/network/chain.fixture.ts';
import { joinGateway, type ListedTask, signResults } from '../test/network/inference.fixture.ts';
import {
  VALIDATOR as GATEWAY,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
} from '../test/network/network.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';
import type { Sequencer } from './main.ts';

let network: TestNetwork;
let sequencer: Sequencer;
let run: Hex;
let tasks: Promise<ListedTask[]>;
const text = (value: string) => new TextEncoder().encode(value);
const rpc = <T>(method: string, ...params: unknown[]) =>
  createRpcClient(sequencer.url)(method, params, { timeoutSeconds: 30 }) as Promise<T>;
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
const inHours = (hours: number) => BigInt(Math.floor(Date.now() / 1000) + hours * 3600);

beforeAll(async () => {
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network);
  await joinGateway(network);
  await network.deposit(10n ** 18n);
});

afterAll(async () => {
  await sequencer?.close();
  await network?.close();
});

const JSON_TYPE = { 'content-type': 'application/json' };

test('infer tasks are offered to who waits for them, with the request as an object', async () => {
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', USER.address)).balance !== '0');
  const { author } = network;
  const program = await putTestProgram({ ...network.author } as never);
  const [metadata] = await author.putAll([
    text('{"name":"test","stages":[{"sink":null},{"sink":null},{"sink":"train"}]}'),
  ]);
  const stages = [execStage(), inferStage(0), execStage({ inputs: [{ source: 1, mode: 'same' }], sink: true })];
  const definition = { programs: [program], stages, metadata: metadata! };
  const deploy = await author.sign({
    kind: 'Deploy',
    nonce: 0n,
    maxFee: 10n ** 18n,
    definition: encodeDefinition(definition, await author.certify(objectsOfDefinition(definition))),
  });
  const inputs = await author.putAll([text('ab'), text('cd')]);
  const workflow = hashWorkflow(definition);
  const start = await author.sign({
    kind: 'Run',
    nonce: 1n,
    workflow,
    maxCost: 10n ** 12n,
    maxItemCost: 10n ** 12n,
    maxInferenceCost: 10n ** 12n,
    gateways: [GATEWAY.address],
    taskGasLimit: 500_000n,
    deadline: inHours(1),
    inputs: encodeInputs(inputs, await author.certify(inputs)),
  });
  run = hashRun(author.address, 1n, workflow);
  expect(await rpc('mizu_getInferenceTasks', { models: [MODEL], limit: 10, waitSeconds: 0 })).toEqual([]);
  tasks = rpc('mizu_getInferenceTasks', { models: [MODEL], limit: 10, waitSeconds: 20 });
  await send(deploy);
  await send(start);
  const first = await tasks;
  expect(first[0]).toMatchObject({ run, stage: 1, attempt: 0, requestLength: 2, bytePrice: '10' });
  const all = await until('both tasks', async () => {
    const open = await rpc<{ requestRoot: Hex }[]>('mizu_getInferenceTasks', {
      models: [MODEL],
      limit: 10,
      waitSeconds: 0,
    });
    return open.length === 2 ? open : undefined;
  });
  const { bytes } = await requestBytes(`${sequencer.url}/objects/${all[0]!.requestRoot}`);
  expect(['bc', 'de']).toContain(new TextDecoder().decode(bytes));
});

test('progress is shown, results of a gateway end the run, and its dataset is downloaded', async () => {
  const open = await rpc<Awaited<typeof tasks>>('mizu_getInferenceTasks', { limit: 10 });
  expect(
    await rpc('mizu_inferenceProgress', {
      run,
      stage: 1,
      partition: 0,
      done: 3,
      total: 9,
      inputTokens: 5,
      outputTokens: 6,
    }),
  ).toBe(true);
  type View = {
    status: string;
    stages: { underway?: { done: number }; done: number }[];
    inputTokens: number;
    spent: string;
  };
  const during = await rpc<View>('mizu_getRun', run);
  expect(during.stages[1]?.underway).toEqual({ done: 3, total: 9, inputTokens: 5, outputTokens: 6 });
  const [first] = await rpc<{ why: string }[]>('mizu_getTasks', run, { stage: 2 });
  expect(first?.why).toBe('it waits for stage 1');
  const results = open.map(({ partition }) => text(`result ${partition}`));
  const message = await signResults(network, open, results, 1n);
  const { hash } = await send(message);
  const receipt = await until(
    'receipt',
    async () => (await rpc<{ ok: boolean; items: unknown[] } | null>('mizu_getReceipt', hash)) ?? undefined,
  );
  expect(receipt.ok).toBe(true);
  await expect(send(await signResults(network, open, results.toReversed(), 1n))).rejects.toMatchObject({
    code: 'message/nonce-used',
  });
  const done = await until('the end', async () => {
    const view = await rpc<View>('mizu_getRun', run);
    return view.status === 'running' ? undefined : view;
  });
  expect(done).toMatchObject({ status: 'done', inputTokens: 20, stages: [{ done: 2 }, { done: 2 }, { done: 2 }] });
  const dataset = await requestBytes(`${sequencer.url}/datasets/${run}/train.jsonl`);
  expect(new TextDecoder().decode(dataset.bytes)).toBe('sftvmu!1sftvmu!2');
  const part = await requestBytes(`${sequencer.url}/datasets/${run}/train.jsonl`, { headers: { range: 'bytes=6-10' } });
  expect([part.status, part.headers['content-range'], new TextDecoder().decode(part.bytes)]).toEqual([
    206,
    'bytes 6-10/16',
    '!1sft',
  ]);
  await expect(requestBytes(`${sequencer.url}/datasets/${run}/test.jsonl`)).rejects.toMatchObject({
    code: 'datasets/not-found',
    expected: 'train',
  });
  await expect(requestBytes(`${sequencer.url}/datasets/${run}`)).rejects.toMatchObject({ code: 'http/not-found' });
});

test('a task whose run does not pay for a result is offered to nobody, and says so', async () => {
  const { author } = network;
  const view = await rpc<{ workflow: Hex }>('mizu_getRun', run);
  const inputs = await author.putAll([text('ef')]);
  const poor = await author.sign({
    kind: 'Run',
    nonce: 2n,
    workflow: view.workflow,
    maxCost: 10n ** 12n,
    // A result of 256 bytes costs ten gas a byte, and one gas costs one wei.
    maxItemCost: 2_559n,
    maxInferenceCost: 10n ** 12n,
    gateways: [GATEWAY.address],
    taskGasLimit: 500_000n,
    deadline: inHours(1),
    inputs: encodeInputs(inputs, await author.certify(inputs)),
  });
  await send(poor);
  const poorRun = hashRun(author.address, 2n, view.workflow);
  const why = await until('its infer task', async () => {
    const list = (await rpc<{ why: string }[] | null>('mizu_getTasks', poorRun, { stage: 1 })) ?? [];
    return list[0] === undefined || list[0].why === 'it waits for stage 0' ? undefined : list[0].why;
  });
  expect(why).toMatch(/^the run does not pay for a result: /);
  expect(await rpc('mizu_getInferenceTasks', { limit: 10 })).toEqual([]);
});

test('JSON-RPC: batches, notifications, and each of its errors', async () => {
  const post = (body: unknown) => requestJson<{ error: { code: number } }>(sequencer.url, { method: 'POST', body });
  const call = { jsonrpc: '2.0', method: 'mizu_getReceipt', params: [`0x${'00'.repeat(32)}`] };
  expect(await post([{ ...call, id: 1 }, call, { ...call, id: 'b', method: 'none' }])).toMatchObject([
    { id: 1, result: null },
    { id: 'b', error: { code: -32601 } },
  ]);
  expect((await post([])).error.code).toBe(-32600);
  expect((await post(Array(101).fill({ ...call, id: 1 }))).error.code).toBe(-32600);
  expect((await post({ id: 1, method: 'x' })).error.code).toBe(-32600);
  expect((await post({ ...call, id: 1, params: ['0x1'] })).error.code).toBe(-32602);
  const broken = await requestBytes(sequencer.url, { method: 'POST', body: '{', headers: JSON_TYPE });
  expect(JSON.parse(new TextDecoder().decode(broken.bytes))).toMatchObject({ id: null, error: { code: -32700 } });
  await expect(
    requestBytes(sequencer.url, { method: 'POST', body: new Uint8Array(2 * 1024 * 1024), headers: JSON_TYPE }),
  ).rejects.toMatchObject({ code: 'http/too-large' });
  expect(
    (await requestBytes(sequencer.url, { method: 'POST', body: JSON.stringify(call), headers: JSON_TYPE })).status,
  ).toBe(204);
});
