// docs/models.md#llama: what the program of a model answers to a request object, and that all machines agree on it.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkRun } from '../../cli/vm/check.ts';
import { hashProgram } from '../../protocol/program.ts';
import { padHeader, readHeader } from '../../protocol/rows.ts';
import { encodeRandomLlama, type RandomLlama } from '../../test/llama/random-llama.fixture.ts';
import type { BuiltProgram } from '../../vm/entry.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import type { ProgramRun, RunResult } from '../../vm/run.ts';
import { buildLlama, type LlamaOptions } from './build.ts';
import { fromGguf } from './from-gguf.ts';
import { readGguf } from './gguf.ts';
import { bytesSource } from './source.ts';

type Result = { readonly content: string; readonly finish_reason?: string; readonly [field: string]: unknown };
type Model = { readonly built: BuiltProgram; run(request: ProgramRun): RunResult };

const CHATML = "{{'<|im_start|>' + message['role']}}";

function modelOf(given: Partial<RandomLlama> = {}, options: Partial<LlamaOptions> = {}): Model {
  const bytes = encodeRandomLlama({ seed: 3, encoding: 'f32', tokenizer: 'llama-bpe', ...given });
  const built = buildLlama(fromGguf(readGguf(bytesSource(bytes))), { kernel: 'f32', context: 192, ...options });
  const engine = createNativeEngine();
  const loaded = engine.load({ ...built.program, wasm: built.wasm, fromImage: true });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  return { built, run: (request) => engine.run(loaded, request) };
}

function requestOf(requests: readonly unknown[], seed = 0): ProgramRun {
  const head = padHeader({ mizu: 'requests', count: requests.length, model: 'datavm/x' });
  const text = head + requests.map((request, i) => `${JSON.stringify([i * 3, request])}\n`).join('');
  const inputs = [new Uint8Array(0), new TextEncoder().encode(text)];
  return { inputs, gasLimit: 10n ** 12n, timestampNs: 0n, seed: new Uint8Array(32).fill(seed) };
}

function resultsOf({ status, fault, output }: RunResult): { header: unknown; results: Result[] } {
  expect({ status, fault }).toEqual({ status: 0, fault: undefined });
  const { header, sizeBytes } = readHeader(output)!;
  const lines = new TextDecoder('utf-8', { fatal: true }).decode(output.subarray(sizeBytes)).split('\n').slice(0, -1);
  expect(lines.map((line) => JSON.parse(line)[0])).toEqual(lines.map((_, i) => i * 3));
  return { header, results: lines.map((line) => JSON.parse(line)[1]) };
}

const user = (content: unknown) => ({ role: 'user', content });
const ask = (content: unknown, more = {}) => ({ messages: [user(content)], max_tokens: 12, ...more });
const formatOf = (schema: unknown) => ({ type: 'json_schema', json_schema: { name: 'x', schema, strict: true } });

describe('the program of a llama model', () => {
  let model: Model;
  const answers = (...requests: unknown[]) => resultsOf(model.run(requestOf(requests))).results;

  beforeAll(() => {
    model = modelOf();
  });

  it('writes a result for each request, and how many tokens were read and written', () => {
    const { header, results } = resultsOf(model.run(requestOf([ask('hello'), ask('the dog', { max_tokens: 3 })])));
    expect(results).toEqual([
      { content: expect.any(String), finish_reason: 'length', usage: { completion_tokens: 12, prompt_tokens: 5 } },
      { content: expect.any(String), finish_reason: 'length', usage: { completion_tokens: 3, prompt_tokens: 4 } },
    ]);
    expect(header).toEqual({ mizu: 'results', count: 2, model: 'datavm/x', inputTokens: 9, outputTokens: 15 });
  });

  it('answers a request alike, whatever stands before it and whatever the run’s seed is', () => {
    const requests = [ask('hello'), ask('hello there'), ask('hello', { temperature: 1 }), ask('hello there, dog')];
    const together = answers(...requests);
    expect(together).toEqual(requests.map((request) => answers(request)[0]));
    expect(resultsOf(model.run(requestOf(requests, 9))).results).toEqual(together);
  });

  it('is greedy without a temperature, and else draws by the request’s seed or by all of it', () => {
    const [plain, zero, one, same, other, unnamed, answer] = answers(
      ask('hello'),
      ask('hello', { temperature: 0 }),
      ask('hello', { temperature: 1, seed: 1 }),
      ask('hello', { temperature: 1, seed: 1, mizu: { answer: 1 } }),
      ask('hello', { temperature: 1, seed: 2 }),
      ask('hello', { temperature: 1 }),
      ask('hello', { temperature: 1, mizu: { answer: 1 } }),
    ).map(({ content }) => content);
    expect(zero).toBe(plain);
    expect(same).toBe(one);
    expect(new Set([plain, one, other, unnamed, answer]).size).toBe(5);
  });

  it('draws tokens as often as their probabilities say', () => {
    const schema = formatOf({ enum: ['a', 'b'] });
    const drawn = answers(
      ...Array.from({ length: 300 }, (_, seed) => ask('hello', { temperature: 1, seed, response_format: schema })),
    );
    // The first token decides. A temperature of 1/4 makes the likelier one likelier.
    const share = drawn.filter(({ content }) => content === '"a"').length / drawn.length;
    const colder = answers(
      ...Array.from({ length: 300 }, (_, seed) => ask('hello', { temperature: 0.25, seed, response_format: schema })),
    );
    const colderShare = colder.filter(({ content }) => content === '"a"').length / colder.length;
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.98);
    expect(Math.abs(colderShare - 0.5)).toBeGreaterThan(Math.abs(share - 0.5));
  });

  it('stops where the context ends', () => {
    const { results } = resultsOf(modelOf({}, { context: 32 }).run(requestOf([{ messages: [user('hello')] }])));
    expect(results[0]).toMatchObject({ finish_reason: 'length', usage: { completion_tokens: 27, prompt_tokens: 5 } });
  });

  it.each<[string, unknown, RegExp]>([
    ['no messages', {}, /1 to 256 messages/],
    ['a role that it has not', { messages: [{ role: 'tool', content: 'x' }] }, /another role/],
    ['no content', { messages: [{ role: 'user' }] }, /1 to 256 messages/],
    ['an answer last', { messages: [user('a'), { role: 'assistant', content: 'b' }] }, /no conversation/],
    ['a system message later', { messages: [user('a'), { role: 'system', content: 'b' }] }, /no conversation/],
    ['a prompt that is too long', ask('dog '.repeat(200)), /no room/],
    ['a text that is too long', ask('x'.repeat(5_000)), /no room/],
  ])('refuses %s, and answers the next one', (_, request, message) => {
    const [refused, next] = answers(request, ask('hello'));
    expect(refused).toEqual({ error: { code: 'edge/bad-request', message: expect.stringMatching(message) } });
    expect(next).toEqual(answers(ask('hello'))[0]);
  });

  it('reads no images', () => {
    const [refused] = answers(ask([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }]));
    expect(refused).toEqual({ error: { code: 'edge/no-images', message: 'This model reads no images.' } });
  });

  it('takes parts of text and half a surrogate pair', () => {
    const parts = [
      { type: 'text', text: 'hel' },
      { type: 'text', text: 'lo' },
    ];
    const [joined, whole, half, replaced] = answers(ask(parts), ask('hello'), ask('\ud83d'), ask('\ufffd'));
    expect(joined).toEqual(whole);
    expect(half).toEqual(replaced);
  });

  it('ends with exit code 1 if the input is no request object', () => {
    const inputs = [new Uint8Array(0), new TextEncoder().encode('{"mizu":"rows"}\n')];
    expect(model.run({ ...requestOf([]), inputs })).toMatchObject({ status: 1 });
  });

  it('is the same for the same file', () => {
    expect(hashProgram(modelOf().built.program.header)).toBe(hashProgram(model.built.program.header));
  });
});

describe('schemas', () => {
  const ajv = new Ajv2020({ strict: false });
  const name = { type: 'string', minLength: 1, maxLength: 6 };
  const fitting: readonly unknown[] = [
    {
      type: 'object',
      properties: { label: { enum: ['noun', 'nouns', 'é"x'] }, score: { type: 'integer', minimum: -1, maximum: 12 } },
      required: ['label', 'score'],
      additionalProperties: false,
    },
    { type: 'array', items: name, minItems: 2, maxItems: 3 },
    { type: 'object', properties: { a: name, b: { const: { x: [1] } }, c: { type: 'boolean' } }, required: ['b'] },
    {
      type: 'object',
      properties: { a: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/x~1y' }] }, 'ü"': { type: ['null', 'boolean'] } },
      required: ['a', 'ü"'],
      $defs: {
        'x/y': { type: 'object', properties: { n: { const: 7 } }, required: ['n'], additionalProperties: false },
      },
    },
    { type: 'integer' },
    { type: 'number' },
    { type: 'number', minimum: 0, maximum: 1 },
    { type: 'integer', minimum: 0 },
    { enum: [1, 10, 100, null, 'a'] },
    { type: 'object', additionalProperties: false },
  ];

  it.each(['llama-bpe', 'pieces'] as const)('are kept by what a model with the tokenizer %s says', (tokenizer) => {
    const model = modelOf({ tokenizer });
    const asked = fitting.flatMap((schema) =>
      Array.from({ length: 6 }, (_, i) => ({
        schema,
        request: ask('hello', { max_tokens: 150, temperature: i / 3, seed: i, response_format: formatOf(schema) }),
      })),
    );
    const { results } = resultsOf(model.run(requestOf(asked.map(({ request }) => request))));
    for (const [i, { content, finish_reason: end }] of results.entries()) {
      expect(end).toBe('stop');
      const fits = ajv.validate(asked[i]!.schema as object, JSON.parse(content));
      expect({ content, errors: ajv.errorsText(), fits }).toMatchObject({ fits: true });
    }
  });

  it('of any JSON lead to JSON, or to an answer that is cut', () => {
    const model = modelOf();
    const schemas = [{}, { type: 'object' }, { type: 'array' }, { type: 'object', additionalProperties: name }];
    const asked = [...schemas.map(formatOf), { type: 'json_object' }];
    const requests = asked.map((format) => ask('the dog', { max_tokens: 60, temperature: 1, response_format: format }));
    for (const { content, finish_reason: end } of resultsOf(model.run(requestOf(requests))).results)
      if (end === 'stop') expect(() => JSON.parse(content)).not.toThrow();
  });

  it.each<[unknown, RegExp]>([
    [{ not: { type: 'null' } }, /'not'/],
    [{ type: 'array', prefixItems: [{}] }, /'prefixItems'/],
    [{ type: 'object', patternProperties: { a: {} } }, /'patternProperties'/],
    [{ type: 'date' }, /JSON has not/],
    [{ $ref: '#/$defs/none' }, /reference to nothing/],
    [{ $ref: '#' }, /circle/],
    [{ enum: [] }, /nothing fits/],
    [{ type: 'object', properties: { a: false } }, /no schema/],
  ])('that it cannot keep are refused: %j', (schema, message) => {
    const [result] = resultsOf(modelOf().run(requestOf([ask('x', { response_format: formatOf(schema) })]))).results;
    expect(result).toEqual({ error: { code: 'edge/unusable-schema', message: expect.stringMatching(message) } });
  });
});

describe('all machines', () => {
  it.each<[string, Partial<RandomLlama>, Partial<LlamaOptions>]>([
    ['f32, words of bytes', {}, {}],
    ['int8, a chat', { tokenizer: 'gpt-2', template: CHATML }, { kernel: 'int8' }],
    ['int4, pieces', { tokenizer: 'pieces' }, { kernel: 'int4' }],
  ])('agree on each step: %s', async (_, given, options) => {
    const { built, run } = modelOf({ ...given, layers: 1 }, options);
    const schema = formatOf({ type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] });
    const request = requestOf([
      ask('The quick brown fox', { max_tokens: 2, temperature: 1 }),
      ask('fox', { max_tokens: 6, response_format: schema }),
    ]);
    const { program } = built;
    const { status, failures } = await checkRun({ program, ...request }, run(request), { samples: 10, sampleSeed: 5 });
    expect({ status, failures }).toEqual({ status: 0, failures: [] });
  });
});
