// docs/models.md#use-lite: what the program answers to a request object, and that all machines agree on it.
import { beforeAll, describe, expect, it } from 'vitest';
import { checkRun } from '../../cli/vm/check.ts';
import { LEXICOGRAPHER_CLASSES } from '../../edge/backends/model/classes.ts';
import { padHeader, readHeader } from '../../protocol/rows.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import type { Program } from '../../vm/program.ts';
import type { ProgramRun, RunResult } from '../../vm/run.ts';
import { buildUseLite } from './build.ts';

const VECTOR = { type: 'array', items: { type: 'integer' }, minItems: 512, maxItems: 512 };
const SPORTS = 'Which label fits the text?\nLabels: sports, cooking\n\nThe striker scored twice in the final minutes';

type Result = { readonly content: string; readonly [field: string]: unknown };

let program: Program;
let run: (request: ProgramRun) => RunResult;

beforeAll(async () => {
  const built = await buildUseLite();
  program = built.program;
  const engine = createNativeEngine();
  const loaded = engine.load({ ...program, wasm: built.wasm, fromImage: true });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  run = (request) => engine.run(loaded, request);
});

function requestOf(text: string): ProgramRun {
  const inputs = [new Uint8Array(0), new TextEncoder().encode(text)];
  return { inputs, gasLimit: 10n ** 11n, timestampNs: 0n, seed: new Uint8Array(32) };
}

/** The object with these requests, or these lines. */
function objectOf(requests: readonly unknown[], count = requests.length): string {
  const lines = requests.map((request, i) => (typeof request === 'string' ? request : JSON.stringify([i, request])));
  return [padHeader({ mizu: 'requests', count, model: 'datavm/use-lite' }), ...lines.map((line) => `${line}\n`)].join(
    '',
  );
}

function ask(...requests: unknown[]): { header: unknown; results: Result[] } {
  const { status, fault, output } = run(requestOf(objectOf(requests)));
  expect({ status, fault }).toEqual({ status: 0, fault: undefined });
  const { header, sizeBytes } = readHeader(output)!;
  const lines = new TextDecoder().decode(output.subarray(sizeBytes)).split('\n').slice(0, -1);
  return { header, results: lines.map((line) => JSON.parse(line)[1]) };
}

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const formatOf = (schema: unknown) => ({ type: 'json_schema', json_schema: { name: 'x', schema, strict: true } });
const asking = (messages: unknown, schema: unknown, more = {}) => ({
  messages,
  response_format: formatOf(schema),
  ...more,
});
const labelSchema = (labels: readonly string[], more = {}) => ({
  type: 'object',
  properties: { label: { type: 'string', enum: labels }, ...more },
  required: ['label'],
  additionalProperties: false,
});
const labelled = (messages: unknown, labels: readonly string[], more = {}) =>
  asking(messages, labelSchema(labels), more);

describe('the program of datavm/use-lite', () => {
  it('writes a header with the tokens that were read and written', () => {
    const { header } = ask(labelled([user(SPORTS)], ['sports', 'cooking']), asking([user('a cat')], VECTOR));
    expect(header).toEqual({
      mizu: 'results',
      count: 2,
      model: 'datavm/use-lite',
      inputTokens: 11,
      outputTokens: expect.any(Number),
    });
  });

  it('gives no result for no request', () => {
    expect(ask()).toEqual({
      header: { mizu: 'results', count: 0, model: 'datavm/use-lite', inputTokens: 0, outputTokens: 0 },
      results: [],
    });
  });

  it('answers with a vector in 65,536ths: near texts have a large product', () => {
    const texts = ['a small dog', 'a little dog', 'interest rates of the central bank'];
    const { results } = ask(...texts.map((text) => asking([user(text)], VECTOR)));
    const vectors = results.map(({ content }) => JSON.parse(content) as number[]);
    for (const vector of vectors) {
      expect(vector).toHaveLength(512);
      expect(vector.every(Number.isSafeInteger)).toBe(true);
      expect(Math.abs(Math.hypot(...vector) / 65_536 - 1)).toBeLessThan(1e-4);
    }
    const product = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0) / 2 ** 32;
    expect(product(vectors[0]!, vectors[1]!)).toBeGreaterThan(0.8);
    expect(product(vectors[0]!, vectors[2]!)).toBeLessThan(0.4);
  });

  it('chooses the label whose own words are nearest, if the labels are no classes of WordNet', () => {
    const labels = ['sports', 'cooking', 'politics'];
    const { results } = ask(
      labelled([user(SPORTS)], labels),
      labelled([user('Which?\n\nSimmer the onions in butter and add the stock')], labels),
      labelled([user('<text>The senate passed the bill</text>\n\nThanks.')], labels),
    );
    expect(results.map(({ content }) => content)).toEqual([
      '{"label":"sports"}',
      '{"label":"cooking"}',
      '{"label":"politics"}',
    ]);
    expect(results[0]!).toEqual({
      content: '{"label":"sports"}',
      finish_reason: 'stop',
      usage: { completion_tokens: 5, prompt_tokens: 9 },
    });
  });

  it('chooses the best class of WordNet, by its whole name or the second half of it', () => {
    const text = 'any of various small birds of temperate regions with a short bill';
    const names = LEXICOGRAPHER_CLASSES.filter((name) => name.startsWith('noun.'));
    const short = ['Noun Animal', 'plant', 'noun_food'];
    const { results } = ask(labelled([user(text)], names), labelled([user(text)], short));
    expect(results.map(({ content }) => content)).toEqual(['{"label":"noun.animal"}', '{"label":"Noun Animal"}']);
  });

  it('chooses the label of the nearest example, if there are some before the question', () => {
    const examples = [user('what a good film'), assistant('{"label":"+"}'), user('a terrible bore'), assistant('-')];
    const { results } = ask(
      labelled([...examples, user('I loved this movie, great acting')], ['+', '-']),
      labelled([...examples, user('an awful waste of time, it was boring')], ['+', '-']),
    );
    expect(results.map(({ content }) => content)).toEqual(['{"label":"+"}', '{"label":"-"}']);
  });

  it('writes the fields in the order of the schema, and quotes labels', () => {
    const properties = {
      confidence: { type: 'number' },
      'the "label"': { type: 'string', enum: ['a "dog"', 'a\ncar'] },
    };
    const { results } = ask(
      asking([user('a dog')], { type: 'object', properties }),
      asking([user('cars')], { enum: ['x', 'car'] }),
    );
    const answer = JSON.parse(results[0]!.content);
    expect(Object.keys(answer)).toEqual(['confidence', 'the "label"']);
    expect(answer['the "label"']).toBe('a "dog"');
    expect(answer.confidence).toBeGreaterThan(0);
    expect(answer.confidence).toBeLessThanOrEqual(1);
    expect(results[1]!.content).toBe('"car"');
  });

  it('cuts an answer to max_tokens, at four bytes a token', () => {
    const { results } = ask(labelled([user('a dog')], ['dog', 'cat'], { max_tokens: 2 }));
    expect(results[0]!).toMatchObject({
      content: '{"label"',
      finish_reason: 'length',
      usage: { completion_tokens: 2 },
    });
  });

  it('reads the texts of parts, escapes and white space', () => {
    const parts = [
      { type: 'text', text: 'Which?' },
      { type: 'text', text: '\n\u00a0a d\u006fg \ud83d\ude00\u3000\n' },
    ];
    const { results } = ask(
      labelled([user(parts)], ['dog', 'cat'], { max_tokens: 64 }),
      `[1, {"messages" : [ {"role":"user","content":"a \\u0064og \\ud83d\\ude00"} ], "response_format":${JSON.stringify(formatOf(labelSchema(['dog', 'cat'])))} }]`,
    );
    expect(results[0]!).toEqual(results[1]!);
  });

  it.each([
    ['a request for a text', { messages: [user('hi')] }, 'edge/unusable-schema'],
    [
      'a schema that it cannot fill',
      asking([user('hi')], { type: 'object', properties: { a: { type: 'string' } } }),
      'edge/unusable-schema',
    ],
    ['labels that are no texts', asking([user('hi')], { enum: [1, 2] }), 'edge/unusable-schema'],
    ['a vector of another size', asking([user('hi')], { ...VECTOR, minItems: 3 }), 'edge/unusable-schema'],
    ['no messages', asking([], VECTOR), 'edge/bad-request'],
    ['a message without a role', asking([{ content: 'hi' }], VECTOR), 'edge/bad-request'],
    [
      'an image',
      asking([user([{ type: 'image_url', image_url: { url: 'https://a.b/c' } }])], VECTOR),
      'edge/no-images',
    ],
    ['no JSON', '[3,{"messages":[}]', 'edge/bad-request'],
    ['nothing', '[3,]', 'edge/bad-request'],
    ['too many levels', `[3,${'['.repeat(200)}${']'.repeat(200)}]`, 'edge/bad-request'],
  ])('fails a row for %s, and answers the others', (_, request, code) => {
    const { results } = ask(request, labelled([user('a dog')], ['dog', 'cat']));
    expect(results[0]!.error).toEqual({ code, message: expect.any(String) });
    expect(results[1]!.content).toBe('{"label":"dog"}');
  });

  it.each([
    ['no header', ''],
    ['another object', padHeader({ mizu: 'rows', count: 0, model: 'm' })],
    ['fewer rows than it says', objectOf([labelled([user('a dog')], ['dog', 'cat'])], 2)],
    ['a line that is no pair', objectOf(['{"a":1}'])],
  ])('ends with exit code 1 for %s', (_, text) => {
    expect(run(requestOf(text))).toMatchObject({ status: 1 });
  });

  it('begins with a few instructions: the weights are there', () => {
    expect(run(requestOf(objectOf([]))).gasUsed).toBeLessThan(12_000n);
  });

  it('gives the same output natively and stepped, and sampled steps are proven to the verifier', async () => {
    const request = requestOf(objectOf([asking([user('x')], VECTOR)]));
    const { status, failures } = await checkRun({ program, ...request }, run(request), { samples: 12, sampleSeed: 3 });
    expect({ status, failures }).toEqual({ status: 0, failures: [] });
  });
});
