import { afterEach, describe, expect, test } from 'vitest';
import type { MizuError } from '../../protocol/errors.ts';
import { type MockAnswer, type MockOpenAi, type MockOptions, startMockOpenAi } from '../../test/doubles/mock-openai.ts';
import { type OpenAiConfigInput, openAiConfig } from '../config.ts';
import { unwrap } from '../schema/wrapper.ts';
import type { ChatRequest } from './backend.ts';
import { createOpenAiBackends } from './openai.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const REQUEST: ChatRequest = { messages: [{ role: 'user', content: 'hello' }] };
const STRUCTURED: ChatRequest = {
  ...REQUEST,
  response_format: {
    type: 'json_schema',
    json_schema: {
      schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false },
    },
  },
};

async function setUp(
  answer: NonNullable<MockOptions['answer']>,
  config: Partial<OpenAiConfigInput> = {},
  env: NodeJS.ProcessEnv = {},
) {
  const mock: MockOpenAi = await startMockOpenAi({ answer });
  closers.push(mock.close);
  const set = createOpenAiBackends(
    openAiConfig.parse({ kind: 'openai', baseUrl: mock.url, models: { 'org/m': 'm-1' }, firstBackoffMs: 1, ...config }),
    env,
  );
  closers.push(set.close);
  const ask = (request: ChatRequest, signal = new AbortController().signal) =>
    set.backends[0]!.complete(request, signal);
  return { mock, ask };
}

const refusalOf = (promise: Promise<unknown>): Promise<MizuError> =>
  promise.then(
    () => Promise.reject(new Error('expected a refusal')),
    (error: MizuError) => error,
  );

describe('an OpenAI-compatible endpoint', () => {
  test('gets its own model name and only known fields, and answers', async () => {
    let seen: unknown;
    const { ask } = await setUp((request) => {
      seen = request;
      return { content: 'hi' };
    });
    const completion = await ask({ ...REQUEST, max_tokens: 5, n: 100 } as ChatRequest);
    expect(completion).toEqual({
      content: 'hi',
      finishReason: 'stop',
      usage: { promptTokens: 2, completionTokens: 1 },
    });
    expect(seen).toEqual({ model: 'm-1', messages: REQUEST.messages, max_tokens: 5 });
  });

  test('gets images as they are, which count as so many tokens and not by their characters', async () => {
    let seen: unknown;
    const { ask } = await setUp(
      (request) => {
        seen = request.messages;
        const message = { role: 'assistant', content: 'a cat' };
        return { body: JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }) };
      },
      { tokensPerMinute: 100_000 },
    );
    const url = `data:image/png;base64,iVBORw0KGgo${'A'.repeat(200_001)}`;
    const content = [{ type: 'image_url', image_url: { url } }] as const;
    const { usage } = await ask({ messages: [{ role: 'user', content }] });
    expect(seen).toEqual([{ role: 'user', content }]);
    expect(usage.promptTokens).toBeGreaterThan(1_024);
    expect(usage.promptTokens).toBeLessThan(1_100);
  });

  test('is asked again after 500, a broken answer and a lost connection', async () => {
    const answers: MockAnswer[] = [{ status: 500 }, { body: '{"choices":' }, { hangUp: true }, { content: 'done' }];
    const { mock, ask } = await setUp((_request, call) => answers[call - 1]!);
    expect((await ask(REQUEST)).content).toBe('done');
    expect(mock.stats().calls).toBe(4);
  });

  test('is not asked before Retry-After is over', async () => {
    const at: number[] = [];
    const { ask } = await setUp((_request, call) => {
      at.push(Date.now());
      return call === 1 ? { status: 429, headers: { 'retry-after': '0.2' } } : { content: 'done' };
    });
    expect((await ask(REQUEST)).content).toBe('done');
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(195);
  });

  test('that keeps failing is given up after the last attempt; another worker may try', async () => {
    const { mock, ask } = await setUp(() => ({ status: 503 }), { attempts: 3 });
    expect(await refusalOf(ask(REQUEST))).toMatchObject({ code: 'edge/status-503', retryable: true });
    expect(mock.stats().calls).toBe(3);
  });

  test.each([
    [400, false],
    [401, true],
    [422, false],
  ])('is not asked again after %i', async (status, retryable) => {
    const { mock, ask } = await setUp(() => ({ status, body: '{"error":"no"}' }));
    expect(await refusalOf(ask(REQUEST))).toMatchObject({ code: `edge/status-${status}`, retryable });
    expect(mock.stats().calls).toBe(1);
  });

  test('that says the key of the worker does not put it into a result', async () => {
    const body = JSON.stringify({ error: 'wrong key sk-secret, sk-secret' });
    const { ask } = await setUp(() => ({ status: 401, body }), { apiKey: 'sk-secret' });
    const { actual } = await refusalOf(ask(REQUEST));
    expect(actual).toBe('401 wrong key (the key), (the key)');
  });

  test('is left alone for a while when it has refused three rows, and none in between', async () => {
    let status = 401;
    const rowOf = (row: number) => ({ messages: [{ role: 'user', content: `row ${row}` }] });
    const { mock, ask } = await setUp(() => ({ status }));
    for (const row of [0, 0, 1, 2, 3])
      expect(await refusalOf(ask(rowOf(row)))).toMatchObject({ code: 'edge/status-401', retryable: true });
    expect(mock.stats().calls).toBe(3);
    const { mock: other, ask: askOther } = await setUp(() => ({ status }));
    for (const [row, next] of [401, 401, 200, 403, 404, 200].entries()) {
      status = next;
      await askOther(rowOf(row)).catch(() => undefined);
    }
    expect(other.stats().calls).toBe(6);
    // An endpoint that refuses each row for another reason is not set up wrong.
    const { mock: third, ask: askThird } = await setUp(() => ({ status }));
    for (const [row, next] of [401, 403, 404, 401, 403].entries()) {
      status = next;
      await askThird(rowOf(row)).catch(() => undefined);
    }
    expect(third.stats().calls).toBe(5);
  });

  test('is asked in its own words', async () => {
    const seen: unknown[] = [];
    const options: Partial<OpenAiConfigInput> = {
      maxTokensField: 'max_completion_tokens',
      omit: ['temperature'],
      extraBody: { provider: { sort: 'price' }, seed: 1 },
      reasoningEffort: 'low',
      headers: { 'X-Title': 'mizu', 'api-key': 'none' },
      headersEnv: { 'api-key': 'SECRET', 'x-none': 'NOT_SET' },
    };
    const { ask } = await setUp(
      (request, call, headers) => {
        seen.push(request, headers['x-title'], headers['api-key'], headers['x-none'], headers.authorization);
        return call === 1 ? { content: 'hi' } : { status: 400, body: 'the key is abc123' };
      },
      options,
      { SECRET: 'abc123' },
    );
    await ask({ ...REQUEST, max_tokens: 5, temperature: 0, seed: 2 });
    const own = { model: 'm-1', messages: REQUEST.messages, provider: { sort: 'price' } };
    expect(seen.splice(0)).toEqual([
      { ...own, max_completion_tokens: 5, seed: 2, reasoning_effort: 'low' },
      'mizu',
      'abc123',
      undefined,
      undefined,
    ]);
    expect((await refusalOf(ask({ ...REQUEST, reasoning_effort: 'high' }))).actual).toBe('400 the key is (the key)');
    expect(seen[0]).toEqual({ ...own, seed: 1, reasoning_effort: 'high' });
  });

  test.each([
    [{ extraBody: { messages: [] } }],
    [{ extraBody: { n: 2 } }],
    [{ extraBody: { tools: [] } }],
    [{ headers: { 'content-length': '1' } }],
    [{ headers: { 'a b': '1' } }],
    [{ omit: ['messages'] }],
    [{ maxTokensField: 'tokens' }],
  ])('is not configured with %j', (config) => {
    const whole = { kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', models: {}, ...config };
    expect(openAiConfig.safeParse(whole).success).toBe(false);
  });

  test('that does not answer in time is given up', async () => {
    const { ask } = await setUp(() => ({ delayMs: 60_000 }), { timeoutSeconds: 1, attempts: 1 });
    expect(await refusalOf(ask(REQUEST))).toMatchObject({ code: 'edge/timeout', retryable: true });
  });

  test('that is not there is unreachable', async () => {
    const { mock, ask } = await setUp(() => ({}), { attempts: 2 });
    await mock.close();
    expect(await refusalOf(ask(REQUEST))).toMatchObject({ code: 'edge/unreachable', retryable: true });
  });

  test('that answers too much is refused', async () => {
    const { ask } = await setUp(() => ({ content: 'x'.repeat(5000) }), { maxAnswerBytes: 2048 });
    expect(await refusalOf(ask(REQUEST))).toMatchObject({ code: 'edge/answer-too-large', retryable: false });
  });

  test('an abort ends the call', async () => {
    const stop = new AbortController();
    const { ask } = await setUp(() => {
      stop.abort(new Error('over'));
      return { delayMs: 60_000 };
    });
    await expect(ask(REQUEST, stop.signal)).rejects.toThrow('over');
  });
});

describe('structured outputs', () => {
  test('are asked for again until they fit', async () => {
    const contents = ['no JSON', '{"n":"1"}', '{"n":1}'];
    const { ask } = await setUp((_request, call) => ({ content: contents[call - 1]! }));
    expect((await ask(STRUCTURED)).content).toBe('{"n":1}');
  });

  test('that never fit are refused with the raw text and what they cost', async () => {
    const { mock, ask } = await setUp(() => ({ content: '{"n":1.5}' }));
    expect(await refusalOf(ask(STRUCTURED))).toMatchObject({
      code: 'edge/schema',
      message: 'The content does not fit the schema: /n must be integer',
      retryable: false,
      cause: { raw: '{"n":1.5}', usage: { promptTokens: 2, completionTokens: 3 } },
    });
    expect(mock.stats().calls).toBe(3);
  });

  test.each([
    ['at temperature 0', { temperature: 0 }],
    ['with a seed', { seed: 3 }],
  ])('%s are asked for once: the model would say the same', async (_name, more) => {
    const { mock, ask } = await setUp(() => ({ content: '{"n":1.5}' }));
    expect(await refusalOf(ask({ ...STRUCTURED, ...more }))).toMatchObject({ code: 'edge/schema' });
    expect(mock.stats().calls).toBe(1);
  });

  test('are asked for again with the reason, and all of it is counted', async () => {
    const contents = ['{"n":"1"}', '{"n":"2"}', '{"n":3}'];
    const { mock, ask } = await setUp((_request, call) => ({ content: contents[call - 1]! }));
    const repaired = await ask({ ...STRUCTURED, temperature: 0, mizu: { repair: 2 } });
    expect(repaired).toMatchObject({ content: '{"n":3}', usage: { completionTokens: 3 + 3 + 2 } });
    expect(await refusalOf(ask({ ...STRUCTURED, temperature: 0, mizu: { repair: -7 } }))).toBeDefined();
    expect(mock.stats().calls).toBe(4);
  });

  test('are taken out of the object that they were asked for in', () => {
    expect([unwrap('{"value":[1,2.50]}'), unwrap(' {"value":null}')]).toEqual(['[1,2.5]', 'null']);
    const others = ['[1]', '"a"', '{"value":1,"more":2}', '{"val', '{"value":[1e999]}', 'null'];
    expect(others.map(unwrap)).toEqual(others);
  });

  test('that strict mode cannot say are sent without it', async () => {
    const seen: unknown[] = [];
    const { ask } = await setUp((request) => {
      seen.push((request.response_format as ChatRequest['response_format'])?.json_schema);
      return { content: '{"a":1}' };
    });
    const schema = { type: 'object', additionalProperties: { type: 'number' } };
    const askFor = (json_schema: object) => ask({ ...REQUEST, response_format: { type: 'json_schema', json_schema } });
    await askFor({ schema, strict: true });
    await askFor({ schema: { ...schema, title: 'T' }, strict: false });
    await askFor({ name: 'n', schema: { prefixItems: [{ $ref: '#/$defs/a' }, { $ref: '#' }], $defs: { a: {} } } });
    const moved = [{ $ref: '#/properties/value/$defs/a' }, { $ref: '#/properties/value' }];
    expect(seen).toEqual([
      { name: 'answer', schema, strict: false },
      { name: 'answer', schema: { ...schema, title: 'T' }, strict: false },
      {
        name: 'n',
        schema: {
          type: 'object',
          properties: { value: { prefixItems: moved, $defs: { a: {} } } },
          required: ['value'],
          additionalProperties: false,
        },
        strict: false,
      },
    ]);
  });
});
