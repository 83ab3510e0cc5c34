// docs/court.md#reexecution
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackendSet } from '../../edge/backends/backend.ts';
import { createBackends } from '../../edge/backends/create.ts';
import { openAiConfig } from '../../edge/config.ts';
import { encodeRequests, encodeResultLine, encodeResults } from '../../edge/rows.ts';
import { hashWorkflow } from '../../protocol/definition.ts';
import { concatBytes, type Hex } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { hashRun } from '../../protocol/messages.ts';
import { keccakHex, objectRef } from '../../protocol/tree.ts';
import { type MockOpenAi, startMockOpenAi } from '../../test/doubles/mock-openai.ts';
import { nativeEngine } from '../../test/kernel/engine.fixture.ts';
import {
  ALICE,
  createWorld,
  deployMessage,
  GATEWAY,
  inferStage,
  makeDefinition,
  resultMessage,
  runMessage,
} from '../../test/kernel/world.fixture.ts';
import { createItemJudge, type JudgeSource } from './judge.ts';

const NAME = 'lab/exact';
const MODEL = keccakHex(new TextEncoder().encode(NAME));
const PLACE = { batch: 7n, message: 0 };
const [EXACT, TOLERANCE] = [0, 1];
const requests = encodeRequests(NAME, [JSON.stringify([0, { messages: [{ role: 'user', content: 'Say it.' }] }])]);

let server: MockOpenAi;
let set: BackendSet;

beforeAll(async () => {
  server = await startMockOpenAi({ answer: () => ({ content: 'the words of the model' }) });
  set = await createBackends(openAiConfig.parse({ kind: 'openai', baseUrl: server.url, models: { [NAME]: 'exact' } }));
});

afterAll(async () => {
  await set?.close();
  await server?.close();
});

/** What validators know when the kernel has met the gateway's answer `content` for a model of this class. */
async function answered(content: string, { modelClass = EXACT, isHeld = true, isTaken = true } = {}) {
  const world = await createWorld(nativeEngine);
  const [input] = [objectRef(requests)];
  const definition = makeDefinition([inferStage(0xffff, { model: MODEL, sink: true })]);
  const workflow = hashWorkflow(definition);
  const model = { active: true, class: modelClass, inputPrice: 1n, outputPrice: 1n, gateways: [GATEWAY.address] };
  world.apply({ kind: 'ModelChanged', model: MODEL, ...model }, 'l1');
  world.deposit(ALICE.address, 10n ** 12n);
  world.apply(await deployMessage(ALICE, 0n, definition));
  world.apply(await runMessage(ALICE, 1n, { workflow, inputs: [input!] }));
  const usage = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 };
  const line = encodeResultLine(0, { content, finish_reason: 'stop', usage } as never);
  const results = encodeResults(NAME, [line], { input: 2, output: 3 });
  const { root: resultRoot, length: resultLength } = objectRef(results);
  const item: InferenceItem = {
    run: hashRun(ALICE.address, 1n, workflow),
    stage: 0,
    partition: 0,
    attempt: isTaken ? 0 : 1,
    requestRoot: input!.root,
    resultRoot,
    resultLength,
    model: MODEL,
    inputTokens: 2n,
    outputTokens: 3n,
  };
  const before = world.leaf;
  const { receipt } = world.apply(await resultMessage(1n, [item]));
  expect(receipt.items?.[0]?.ok, receipt.items?.[0]?.error).toBe(isTaken);
  const objects = new Map<Hex, Uint8Array>([[input!.root, requests]]);
  if (isHeld) objects.set(resultRoot, results);
  const batch = { index: PLACE.batch, fingerprint: MODEL, fromStep: 5n, toStep: 6n, chunks: [], runs: [] };
  const leaves = concatBytes([before, world.leaf]);
  const source = {
    execution: { batch: async () => batch, leaves: async () => leaves },
    nodes: { get: async (hash: Hex) => world.nodes.get(hash), getSync: (hash: Hex) => world.nodes.get(hash) },
    objects: { get: async (root: Hex) => objects.get(root), getSync: (root: Hex) => objects.get(root) },
    da: { get: () => Promise.reject(new Error('no member has it')) },
  } as unknown as JudgeSource;
  return createItemJudge(source, set.backends).judge(item, PLACE, new AbortController().signal);
}

test('a server of its own says whether an answer is that of a model of class A', async () => {
  expect(await answered('the words of the model')).toEqual({
    verdict: 'upheld',
    reason: '1 rows are what the model says',
  });
  expect(await answered('other words')).toMatchObject({ verdict: 'wrong' });
});

test('what no member gives is unavailable', async () => {
  expect(await answered('other words', { isHeld: false })).toMatchObject({ verdict: 'unavailable' });
});

test('of a model of another class it cannot tell without a scorer, whatever its own server says', async () => {
  const { verdict, reason } = await answered('other words', { modelClass: TOLERANCE });
  expect({ verdict, reason }).toEqual({
    verdict: 'inconclusive',
    reason: 'of a model of this class nothing of ours can tell what it says',
  });
});

test('what the kernel has not taken has done nothing', async () => {
  expect(await answered('other words', { isTaken: false })).toMatchObject({ verdict: 'upheld' });
});
