import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { benchInference } from '../../bench/edge/inference.ts';
import type { Hex } from '../../protocol/hex.ts';
import { objectRef } from '../../protocol/tree.ts';
import { requestJson } from '../../service/http/client.ts';
import { createLogger } from '../../service/process/log.ts';
import { type LoopbackSequencer, startLoopbackSequencer } from '../../test/doubles/loopback-sequencer.ts';
import { startMockOpenAi } from '../../test/doubles/mock-openai.ts';
import { createProviderAnswers } from '../../test/doubles/provider-modes.fixture.ts';
import { completeBuiltin } from '../backends/builtin.ts';
import { type GatewayConfigInput, parseGatewayConfig } from '../config.ts';
import { createInvitation, type Invitation, revokeInvitation } from '../invitation.ts';
import { startWorker } from '../main.ts';
import { createSigner, hashLeaseResult, hashWorkerHello, type SignedFor } from '../signing.ts';
import { type Gateway, openGateway } from './gateway.ts';
import { createSequencer } from './sequencer.ts';

const log = createLogger('test', 'silent');
const key = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const ZERO_ADDRESS = `0x${'00'.repeat(20)}`;

let folder: string;
let sequencer: LoopbackSequencer;
const stakedWorker = createSigner(key(4)).address;
let objects: Map<Hex, Uint8Array>;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-gateway-'));
  sequencer = await startLoopbackSequencer();
  objects = new Map();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await sequencer.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(config: Partial<GatewayConfigInput> = {}): Promise<Gateway> {
  const client = createSequencer(sequencer.url);
  const da = { members: [{ url: sequencer.url, address: ZERO_ADDRESS }], threshold: 1 };
  const gateway = await openGateway({
    config: parseGatewayConfig({ sequencerUrl: sequencer.url, dataDir: folder, privateKey: key(1), da, ...config }),
    sequencer: client,
    chain: await client.chain(),
    putObjects: async (all, { expiry }) => {
      const refs = all.map(objectRef);
      refs.forEach((ref, i) => {
        objects.set(ref.root, all[i]!);
      });
      return { refs, certificate: { epoch: 0n, expiry, signers: 0n, signatures: [] } };
    },
    getObject: async ({ root }) => {
      throw new Error(`no object ${root}`);
    },
    isStaked: async (worker) => worker === stakedWorker,
    log,
  });
  closers.push(gateway.close);
  return gateway;
}

const invite = (number: number, change: Partial<Invitation> = {}, gateway = 1) =>
  createInvitation(sequencer.domain, createSigner(key(gateway)), {
    name: `worker${number}`,
    worker: createSigner(key(number)).address,
    expiry: Math.floor(Date.now() / 1000) + 3_600,
    ...change,
  });

async function work(gateway: Gateway, number: number, backends?: unknown[]) {
  const rest = { concurrency: 4, invitation: invite(number), ...(backends && { backends }) };
  const input = { gatewayUrl: gateway.url, privateKey: key(number), ...rest };
  const worker = await startWorker(input as Parameters<typeof startWorker>[0], { log });
  closers.push(worker.close);
  return worker;
}

const request = (text: string) => ({
  messages: [{ role: 'user', content: `Which?\n\n${text}` }],
  response_format: {
    type: 'json_schema',
    json_schema: { schema: { type: 'object', properties: { l: { enum: ['animal', 'food'] } } } },
  },
});

const resultLines = (root: Hex) => new TextDecoder().decode(objects.get(root)).trimEnd().split('\n');

describe('gateway and workers', () => {
  test('answer every row of every task, in order, with the tokens added up', async () => {
    const gateway = await open({ auditRate: 1 });
    const rows = Array.from({ length: 60 }, (_, i) => request(`a dog number ${i}`));
    const tasks = [0, 1, 2].map((partition) => sequencer.addTask('builtin/small', partition, rows));
    await work(gateway, 2);
    await work(gateway, 3);
    await sequencer.whenSettled(3);
    expect(sequencer.settled.map((item) => item.requestRoot).sort()).toEqual(
      tasks.map((task) => task.requestRoot).sort(),
    );
    const expected = rows.map((row, i) => {
      const { content, usage } = completeBuiltin(row);
      const tokens = { completion_tokens: usage.completionTokens, prompt_tokens: usage.promptTokens };
      return JSON.stringify([i, { content, finish_reason: 'stop', usage: tokens }]);
    });
    for (const item of sequencer.settled) {
      const [header, ...lines] = resultLines(item.resultRoot);
      expect(lines).toEqual(expected);
      expect(JSON.parse(header!)).toMatchObject({
        count: 60,
        inputTokens: Number(item.inputTokens),
        outputTokens: Number(item.outputTokens),
      });
    }
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
    closers.push(mock.close);
    const gateway = await open();
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
    sequencer.addTask('acme/m', 0, rows);
    await work(gateway, 2, [
      { kind: 'openai', baseUrl: mock.url, models: { 'acme/m': 'm' }, firstBackoffMs: 1, pipelining: 1 },
    ]);
    await sequencer.whenSettled(1);
    const good = '{"label":"pos","n":1}';
    const usage = { completion_tokens: 5, prompt_tokens: 10 };
    const results = resultLines(sequencer.settled[0]!.resultRoot).slice(1);
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
    const gateway = await open();
    sequencer.addObjectTask('builtin/small', 0, new TextEncoder().encode('no header'));
    await work(gateway, 2);
    await sequencer.whenSettled(1);
    expect(resultLines(sequencer.settled[0]!.resultRoot).length).toBe(1);
  });

  test('whatever schemas others bring, a task beside theirs is answered, and each of theirs has its reason', async () => {
    const gateway = await open({ schemaThreads: 1, leaseRows: 4 });
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
    const task = sequencer.addTask('builtin/small', 0, hostile.map(withSchema));
    const honest = sequencer.addTask(
      'builtin/small',
      1,
      Array.from({ length: 40 }, (_, i) => request(`a dog ${i}`)),
    );
    await work(gateway, 2);
    await sequencer.whenSettled(2);
    const resultOf = ({ requestRoot }: { requestRoot: Hex }) =>
      resultLines(sequencer.settled.find((item) => item.requestRoot === requestRoot)!.resultRoot)
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
    const gateway = await open();
    sequencer.addTask('builtin/small', 0, [request('a dog'), { messages: 5 }]);
    await work(gateway, 2);
    await sequencer.whenSettled(1);
    const [, good, bad] = resultLines(sequencer.settled[0]!.resultRoot);
    expect(JSON.parse(good!)[1].content).toBe('{"l":"animal"}');
    expect(JSON.parse(bad!)[1].error.code).toBe('edge/bad-request');
  });

  test('rows of a worker that fails go to one that does not', async () => {
    const broken = await startMockOpenAi({ answer: () => ({ status: 401 }) });
    const sound = await startMockOpenAi({ answer: () => ({ content: 'fine' }) });
    closers.push(broken.close, sound.close);
    const gateway = await open({ attempts: 50, leaseRows: 1 });
    sequencer.addTask('org/m', 0, [
      { messages: [{ role: 'user', content: 'a' }] },
      { messages: [{ role: 'user', content: 'b' }] },
    ]);
    const backend = (url: string) => [{ kind: 'openai', baseUrl: url, models: { 'org/m': 'm' } }];
    await work(gateway, 3, backend(sound.url));
    await work(gateway, 2, backend(broken.url));
    await sequencer.whenSettled(1);
    expect(
      resultLines(sequencer.settled[0]!.resultRoot)
        .slice(1)
        .map((line) => JSON.parse(line)[1].content),
    ).toEqual(['fine', 'fine']);
  });

  test('a restart sends what was not yet sent, and does not ask for answered rows again', async () => {
    const mock = await startMockOpenAi();
    closers.push(mock.close);
    sequencer.failSends(1_000, -32603);
    const first = await open();
    sequencer.addTask(
      'org/m',
      0,
      Array.from({ length: 20 }, (_, i) => ({ messages: [{ role: 'user', content: `row ${i}` }] })),
    );
    const worker = await work(first, 2, [{ kind: 'openai', baseUrl: mock.url, models: { 'org/m': 'm' } }]);
    const unsettled = async () =>
      (await requestJson<{ unsettledBatches: number }>(`${first.url}/health`)).unsettledBatches;
    while ((await unsettled()) === 0);
    await worker.close();
    await first.close();
    sequencer.failSends(0, 0);
    await open();
    await sequencer.whenSettled(1);
    expect(mock.stats()).toEqual({ calls: 20, repeated: 0 });
    expect(resultLines(sequencer.settled[0]!.resultRoot).length).toBe(21);
    expect(sequencer.nonces.length).toBe(1);
  });

  test('kill -9 of the gateway at half: nothing is lost, no call is repeated beyond the rows in flight', async () => {
    const { repeatedCalls } = await benchInference({ latencyMs: 5, n: 1_000, crash: true, warmUpRows: 0 });
    expect(repeatedCalls).toBeLessThanOrEqual(64);
  });
});

describe('strangers', () => {
  type Hello = (challenge: Hex) => unknown;

  const closeOf = (gateway: Gateway, answer: Hello, path = '/workers') =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}${path}`);
      socket.on('message', (data) => {
        const { type, challenge } = JSON.parse(String(data));
        const frame = answer(challenge);
        if (type === 'challenge') socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
      });
      socket.on('close', (code, reason) => resolve(`${code} ${reason}`));
      socket.on('error', (error) => resolve(error.message));
    });

  const signer = createSigner(key(2));
  const hello = { type: 'hello', version: 1, publicKey: signer.publicKey, models: ['m'], credits: 1, held: [] };
  const uninvited: Hello = (challenge) => ({
    ...hello,
    signature: signer.sign(
      hashWorkerHello({ domain: sequencer.domain, gateway: createSigner(key(1)).address }, challenge),
    ),
  });
  const signedHello: Hello = (challenge) => ({ ...(uninvited(challenge) as object), invitation: invite(2) });

  test('are refused with a signature of another challenge', async () => {
    expect(await closeOf(await open(), () => signedHello(key(7)))).toMatch(/^1008 The worker is refused/);
  });

  test('are refused with what was signed for another gateway', async () => {
    const other = { domain: sequencer.domain, gateway: createSigner(key(7)).address };
    const relayed: Hello = (challenge) => ({
      ...(signedHello(challenge) as object),
      signature: signer.sign(hashWorkerHello(other, challenge)),
    });
    const gateway = await open();
    expect(await closeOf(gateway, relayed)).toMatch(/^1008 The worker is refused/);
    const lease = (signed: SignedFor) => hashLeaseResult(signed, 1, 'task', ['{}']);
    expect(lease(other)).not.toBe(lease({ ...other, gateway: createSigner(key(1)).address }));
  });

  test.each([
    ['of another invitation', () => ({ invitation: invite(2, {}, 7) })],
    ['of another address', () => ({ gateway: `0x${'aa'.repeat(20)}` as const, invitation: invite(2) })],
  ])('a worker that has the gateway %s signs nothing', async (_name, own) => {
    const gateway = await open();
    const refused = new Promise<unknown>((resolve) => {
      const listening = log.child({});
      listening.error = (fields: { err?: unknown } | string) => typeof fields === 'object' && resolve(fields.err);
      const input = { gatewayUrl: gateway.url, privateKey: key(2), ...own() };
      startWorker(input, { log: listening }).then(({ close }) => closers.push(close), resolve);
    });
    expect(await refused).toMatchObject({ code: 'edge/other-gateway', actual: gateway.address });
  });

  test.each([
    ['no JSON', '{'],
    ['an unknown frame', { type: 'gimme' }],
    ['results before hello', { type: 'results', lease: 1, signature: `0x${'22'.repeat(65)}`, rows: [] }],
    ['more credits than there are', { ...hello, signature: `0x${'22'.repeat(65)}`, credits: 1e9 }],
  ])('are refused with %s', async (_name, frame) => {
    expect(await closeOf(await open(), () => frame)).toMatch(/^1008 /);
  });

  test('that are not on the list are refused', async () => {
    const gateway = await open({ workers: [`0x${'aa'.repeat(20)}`] });
    expect(await closeOf(gateway, signedHello)).toMatch(/expected: a worker of the list/);
  });

  test('without a stake or an invitation are refused, with the wrong one too', async () => {
    const gateway = await open();
    const withInvitation =
      (invitation: string): Hello =>
      (challenge) => ({ ...(uninvited(challenge) as object), invitation });
    const past = { expiry: Math.floor(Date.now() / 1000) - 1 };
    const foreign = createInvitation(sequencer.domain, createSigner(key(7)), {
      name: 'x',
      worker: signer.address,
      expiry: 2 ** 40,
    });
    revokeInvitation(folder, 'gone');
    expect(await closeOf(gateway, uninvited)).toMatch(/expected: an invitation, or the stake/);
    expect(await closeOf(gateway, withInvitation('e30'))).toMatch(/expected: an invitation of this gateway/);
    expect(await closeOf(gateway, withInvitation(foreign))).toMatch(/expected: an invitation of this gateway/);
    expect(await closeOf(gateway, withInvitation(invite(3)))).toMatch(/expected: an invitation of 0x/);
    expect(await closeOf(gateway, withInvitation(invite(2, past)))).toMatch(/the invitation has expired/);
    expect(await closeOf(gateway, withInvitation(invite(2, { name: 'gone' })))).toMatch(/the invitation is revoked/);
  });

  test('with a stake need no invitation', async () => {
    const gateway = await open();
    sequencer.addTask('builtin/small', 0, [request('a dog')]);
    const worker = await startWorker({ gatewayUrl: gateway.url, privateKey: key(4) }, { log });
    closers.push(worker.close);
    await sequencer.whenSettled(1);
  });

  test('are cut off when they send much before their hello', async () => {
    expect(await closeOf(await open(), () => ' '.repeat(2 * 1024 * 1024))).toMatch(/^1006 |ECONNRESET|EPIPE/);
  });

  test('that are invited are cut off for frames that bring nothing', async () => {
    const gateway = await open();
    const ended = await new Promise<string>((resolve) => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/workers`);
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'challenge') socket.send(JSON.stringify(signedHello(frame.challenge)));
        if (frame.type !== 'welcome') return;
        const junk = JSON.stringify({ type: 'results', lease: 1, signature: `0x${'22'.repeat(65)}`, rows: [] });
        for (let i = 0; i < 400; i++) socket.send(junk);
      });
      socket.on('close', (code, reason) => resolve(`${code} ${reason}`));
    });
    expect(ended).toMatch(/^1008 .*frames that bring nothing|^1008 The worker is refused/);
  });

  test('find nothing on another path', async () => {
    expect(await closeOf(await open(), signedHello, '/other')).toContain('404');
  });

  test('that sign wrong results lose their reputation and their place', async () => {
    const gateway = await open({ leaseRows: 1 });
    sequencer.addTask(
      'm',
      0,
      Array.from({ length: 5 }, (_, i) => ({ messages: [{ role: 'user', content: `${i}` }] })),
    );
    const ended = await new Promise<string>((resolve) => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/workers`);
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'challenge') socket.send(JSON.stringify(signedHello(frame.challenge)));
        if (frame.type !== 'lease') return;
        const result = { content: 'x', finish_reason: 'stop', usage: { prompt_tokens: 1, completion_tokens: 1 } };
        const rows = frame.rows.map(([index]: [number]) => [index, result]);
        socket.send(JSON.stringify({ type: 'results', lease: frame.lease, signature: signer.sign(key(9)), rows }));
      });
      socket.on('close', (code, reason) => resolve(`${code} ${reason}`));
    });
    expect(ended).toBe('1008 banned');
    expect(await closeOf(gateway, signedHello)).toMatch(/expected: a worker with reputation left/);
    expect(sequencer.settled).toEqual([]);
  });
});

describe('configuration', () => {
  const minimal = {
    sequencerUrl: 'http://127.0.0.1:1',
    dataDir: 'x',
    da: { members: [{ url: 'http://127.0.0.1:2', address: ZERO_ADDRESS }], threshold: 1 },
  };

  test('names what is wrong', () => {
    expect(() => parseGatewayConfig({ ...minimal, leaseRows: 0, port: 1 }, {})).toThrow(
      expect.objectContaining({ code: 'config/malformed', actual: expect.stringMatching(/leaseRows: .*port/) }),
    );
  });

  test('takes the key from the environment', () => {
    expect(parseGatewayConfig(minimal, { MIZU_GATEWAY_KEY: key(7) }).privateKey).toBe(key(7));
    expect(() => parseGatewayConfig(minimal, {})).toThrow(expect.objectContaining({ code: 'config/malformed' }));
  });
});
