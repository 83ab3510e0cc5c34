// docs/edge.md: a gateway answers tasks with its workers, and goes on after a restart.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { benchInference } from '../../bench/edge/inference.ts';
import type { Hex } from '../../protocol/hex.ts';
import { requestJson } from '../../service/http/client.ts';
import { paidFor } from '../../test/doubles/loopback-sequencer.ts';
import { startMockOpenAi } from '../../test/doubles/mock-openai.ts';
import { createProviderAnswers } from '../../test/doubles/provider-modes.fixture.ts';
import { createGatewayWorld, type GatewayWorld, key, request } from '../../test/edge/gateway.fixture.ts';
import { until } from '../../test/network/network.fixture.ts';
import { completeBuiltin } from '../backends/builtin.ts';
import { createSigner, hashWorkerAccount, verifySignature } from '../signing.ts';

let world: GatewayWorld;
beforeEach(async () => {
  world = await createGatewayWorld();
});
afterEach(() => world.close());

describe('gateway and workers', () => {
  test('answer every row of every task, in order, with the tokens added up', async () => {
    const gateway = await world.open({ auditRate: 1 });
    const rows = Array.from({ length: 60 }, (_, i) => request(`a dog number ${i}`));
    const tasks = [0, 1, 2].map((partition) => world.sequencer.addTask('builtin/small', partition, rows));
    await world.work(gateway, 2);
    await world.work(gateway, 3);
    await world.sequencer.whenSettled(3);
    expect(world.sequencer.settled.map((item) => item.requestRoot).sort()).toEqual(
      tasks.map((task) => task.requestRoot).sort(),
    );
    const expected = rows.map((row, i) => {
      const { content, usage } = completeBuiltin(row);
      const tokens = { completion_tokens: usage.completionTokens, prompt_tokens: usage.promptTokens };
      return JSON.stringify([i, { content, finish_reason: 'stop', usage: tokens }]);
    });
    for (const item of world.sequencer.settled) {
      const [header, ...lines] = world.resultLines(item.resultRoot);
      expect(lines).toEqual(expected);
      expect(JSON.parse(header!)).toMatchObject({
        count: 60,
        inputTokens: Number(item.inputTokens),
        outputTokens: Number(item.outputTokens),
      });
    }
  });

  test('workers are paid for their rows, and whoever asks is told what was signed', async () => {
    const gateway = await world.open({ leaseRows: 4, workerShareBasisPoints: 7_000 });
    const rows = Array.from({ length: 60 }, (_, i) => request(`a dog number ${i}`));
    for (const partition of [0, 1, 2]) world.sequencer.addTask('builtin/small', partition, rows);
    const workers = [await world.work(gateway, 2), await world.work(gateway, 3)];
    await world.sequencer.whenSettled(3);
    const part = world.sequencer.settled.reduce((sum, item) => sum + (paidFor(item) * 7n) / 10n, 0n);
    type Account = { total: string; signature: Hex } | null;
    const accountOf = (worker: string) => requestJson<Account>(`${gateway.url}/accounts/${worker}`);
    // Of each of three items less than a wei a worker is left over.
    const accounts = await until('all items are divided', async () => {
      const all = await Promise.all(workers.map(({ address }) => accountOf(address)));
      const given = all.reduce((sum, account) => sum + BigInt(account?.total ?? 0), 0n);
      expect(given).toBeLessThanOrEqual(part);
      return part - given < 6n ? all : undefined;
    });
    for (const [i, account] of accounts.entries()) {
      const message = { gateway: gateway.address, worker: workers[i]!.address, total: BigInt(account!.total) };
      const hash = hashWorkerAccount(world.sequencer.domain, message);
      expect(verifySignature(hash, account!.signature, createSigner(key(1)).publicKey)).toBe(true);
    }
    expect(await accountOf(gateway.address)).toBeNull();
    const { workers: told } = await requestJson<{ workers: { earnedWei: string; settledWei: string }[] }>(
      `${gateway.url}/health`,
    );
    expect(told.map(({ earnedWei }) => earnedWei).sort()).toEqual(accounts.map((one) => one!.total).sort());
  });

  test('what a provider answers is checked, repaired and paid for, and a hopeless call is not made again', async () => {
    const provider = createProviderAnswers();
    const seen: number[] = [];
    const mock = await startMockOpenAi({
      answer: (asked) => {
        seen.push(asked.messages.length);
        return provider.answer(asked);
      },
    });
    world.closers.push(mock.close);
    const gateway = await world.open();
    const schema = {
      type: 'object',
      properties: { label: { enum: ['pos', 'neg'] }, n: { type: 'number' } },
      required: ['label', 'n'],
      additionalProperties: false,
    };
    const ask = (mode: string, mizu: object) => ({
      messages: [{ role: 'user', content: `MODE:${mode}` }],
      max_tokens: 7,
      temperature: 0,
      response_format: { type: 'json_schema', json_schema: { schema } },
      mizu,
    });
    const rows = [
      ask('fence', {}),
      ask('reasoning', { keepReasoning: true }),
      ask('numstr', { repair: 2 }),
      ask('length-json', { repair: 2 }),
      ask('404', {}),
    ];
    world.sequencer.addTask('acme/m', 0, rows);
    await world.work(gateway, 2, [
      { kind: 'openai', baseUrl: mock.url, models: { 'acme/m': 'm' }, firstBackoffMs: 1, pipelining: 1 },
    ]);
    await world.sequencer.whenSettled(1);
    const good = '{"label":"pos","n":1}';
    const usage = { completion_tokens: 5, prompt_tokens: 10 };
    const results = world.resultLines(world.sequencer.settled[0]!.resultRoot).slice(1);
    expect(results.map((line) => (JSON.parse(line) as [number, unknown])[1])).toEqual([
      { content: good, finish_reason: 'stop', usage },
      { content: good, finish_reason: 'stop', reasoning: 'thought', usage },
      {
        error: {
          code: 'edge/schema',
          message: expect.stringContaining('/n must be number'),
          raw: '{"label":"pos","n":"1"}',
        },
        usage: { completion_tokens: 15, prompt_tokens: 30 },
      },
      {
        error: { code: 'edge/truncated', message: expect.stringContaining('maxTokens'), raw: '{"label":"pos","n":' },
        usage,
      },
      { error: { code: 'edge/status-404', message: 'The endpoint refuses. 404 The model `m` does not exist' } },
    ]);
    const calls = Object.fromEntries(
      ['fence', 'reasoning', 'numstr', 'length-json', '404'].map((mode) => [mode, provider.calls(mode)]),
    );
    expect(calls).toEqual({ fence: 1, reasoning: 1, numstr: 3, 'length-json': 1, '404': 1 });
    expect(seen.filter((messages) => messages > 1).sort()).toEqual([3, 3]);
  });

  test('an unusable request object gets an empty result', async () => {
    const gateway = await world.open();
    world.sequencer.addObjectTask('builtin/small', 0, new TextEncoder().encode('no header'));
    await world.work(gateway, 2);
    await world.sequencer.whenSettled(1);
    expect(world.resultLines(world.sequencer.settled[0]!.resultRoot).length).toBe(1);
  });

  test('whatever schemas others bring, a task beside theirs is answered, and each of theirs has its reason', async () => {
    const gateway = await world.open({ schemaThreads: 1, leaseRows: 4 });
    const withSchema = (schema: unknown) => ({
      messages: [{ role: 'user', content: `<text>${'a'.repeat(3_000)}!</text>` }],
      response_format: { type: 'json_schema', json_schema: { schema } },
    });
    const twice = (i: number) => [{ $ref: `#/$defs/d${i}` }, { $ref: `#/$defs/d${i}` }];
    const doubling = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`d${i}`, { allOf: twice(i + 1) }]));
    const text = (rest: object) => ({ type: 'object', properties: { text: { type: 'string', ...rest } } });
    const hostile = [
      text({ pattern: '^(a+)+$' }),
      text({ pattern: '(a*)*b\\1' }),
      { ...text({}), $ref: '#/$defs/d0', $defs: { ...doubling, d40: {} } },
      { ...text({}), allOf: [{ $ref: '#' }] },
      text({ enum: Array.from({ length: 10_000 }, (_, i) => `${i}`) }),
    ];
    const task = world.sequencer.addTask('builtin/small', 0, hostile.map(withSchema));
    const honest = world.sequencer.addTask(
      'builtin/small',
      1,
      Array.from({ length: 40 }, (_, i) => request(`a dog ${i}`)),
    );
    await world.work(gateway, 2);
    await world.sequencer.whenSettled(2);
    const resultOf = ({ requestRoot }: { requestRoot: Hex }) =>
      world
        .resultLines(world.sequencer.settled.find((item) => item.requestRoot === requestRoot)!.resultRoot)
        .slice(1)
        .map((line) => JSON.parse(line)[1]);
    expect(resultOf(honest).every(({ content }) => content === '{"l":"animal"}')).toBe(true);
    expect(resultOf(task).map(({ error }) => error?.code)).toEqual([
      'edge/schema',
      'edge/unusable-schema',
      'edge/unusable-schema',
      'edge/unusable-schema',
      'edge/unusable-schema',
    ]);
    expect(resultOf(task)[1].error.message).toMatch(/^schema at .*no backreference/);
  });

  test('a row that is no chat request is an error row, the others are answered', async () => {
    const gateway = await world.open();
    world.sequencer.addTask('builtin/small', 0, [request('a dog'), { messages: 5 }]);
    await world.work(gateway, 2);
    await world.sequencer.whenSettled(1);
    const [, good, bad] = world.resultLines(world.sequencer.settled[0]!.resultRoot);
    expect(JSON.parse(good!)[1].content).toBe('{"l":"animal"}');
    expect(JSON.parse(bad!)[1].error.code).toBe('edge/bad-request');
  });

  test('rows of a worker that fails go to one that does not', async () => {
    const broken = await startMockOpenAi({ answer: () => ({ status: 401 }) });
    const sound = await startMockOpenAi({ answer: () => ({ content: 'fine' }) });
    world.closers.push(broken.close, sound.close);
    const gateway = await world.open({ attempts: 50, leaseRows: 1 });
    world.sequencer.addTask('org/m', 0, [
      { messages: [{ role: 'user', content: 'a' }] },
      { messages: [{ role: 'user', content: 'b' }] },
    ]);
    const backend = (url: string) => [{ kind: 'openai', baseUrl: url, models: { 'org/m': 'm' } }];
    await world.work(gateway, 3, backend(sound.url));
    await world.work(gateway, 2, backend(broken.url));
    await world.sequencer.whenSettled(1);
    expect(
      world
        .resultLines(world.sequencer.settled[0]!.resultRoot)
        .slice(1)
        .map((line) => JSON.parse(line)[1].content),
    ).toEqual(['fine', 'fine']);
  });

  test('a restart sends what was not yet sent, and does not ask for answered rows again', async () => {
    const mock = await startMockOpenAi();
    world.closers.push(mock.close);
    world.sequencer.failSends(1_000, -32603);
    const first = await world.open();
    world.sequencer.addTask(
      'org/m',
      0,
      Array.from({ length: 20 }, (_, i) => ({ messages: [{ role: 'user', content: `row ${i}` }] })),
    );
    const worker = await world.work(first, 2, [{ kind: 'openai', baseUrl: mock.url, models: { 'org/m': 'm' } }]);
    const unsettled = async () =>
      (await requestJson<{ unsettledBatches: number }>(`${first.url}/health`)).unsettledBatches;
    while ((await unsettled()) === 0);
    await worker.close();
    await first.close();
    world.sequencer.failSends(0, 0);
    await world.open();
    await world.sequencer.whenSettled(1);
    expect(mock.stats()).toEqual({ calls: 20, repeated: 0 });
    expect(world.resultLines(world.sequencer.settled[0]!.resultRoot).length).toBe(21);
    expect(world.sequencer.nonces.length).toBe(1);
  });

  test('kill -9 of the gateway at half: nothing is lost, no call is repeated beyond the rows in flight', async () => {
    const { repeatedCalls } = await benchInference({ latencyMs: 5, n: 1_000, crash: true, warmUpRows: 0 });
    expect(repeatedCalls).toBeLessThanOrEqual(64);
  });
});
