// docs/models.md#small: the program answers as the built-in model does behind a gateway, byte for byte.
import { beforeAll, describe, expect, it } from 'vitest';
import { LEXICOGRAPHER_CLASSES } from '../../edge/backends/model/classes.ts';
import { encodeRequests } from '../../edge/rows.ts';
import { createLocalInference } from '../../sdk/local/infer.ts';
import { createLocalNativeEngine } from '../../sdk/local/native-engine.ts';
import { buildSmall } from './build.ts';

const gateway = createLocalInference();
let exec: (requests: Uint8Array) => { readonly status: number; readonly output: Uint8Array; readonly log: string };

beforeAll(async () => {
  const engine = createLocalNativeEngine(await buildSmall());
  exec = (requests) => engine.exec({ stage: 0, partition: 0, width: 1, partitions: 1, inputs: [requests] });
});

const format = (schema: object) => ({ response_format: { type: 'json_schema', json_schema: { name: 'one', schema } } });
const user = (content: unknown) => ({ role: 'user', content });
const enumOf = (labels: readonly string[]) =>
  format({ type: 'object', properties: { label: { enum: labels }, confidence: { type: 'number' } } });

async function expectSame(requests: readonly unknown[]): Promise<string> {
  const bytes = encodeRequests(
    'builtin/small',
    requests.map((request, i) => `[${3 * i},${JSON.stringify(request)}]`),
  );
  const { status, output, log } = exec(bytes);
  expect([status, log]).toEqual([0, '']);
  const text = Buffer.from(output).toString();
  expect(text).toBe(Buffer.from((await gateway(bytes)).bytes).toString());
  return text;
}

const TEXTS = [
  'a small animal that lives in water; it eats fish',
  'The otter is an animal. The otter eats fish! Does it sleep? It sleeps in the reeds of the river bank.',
  '',
  '   \n\n  ',
  'Frage:\r\n\r\nDer Fluß fließt über die Brücke. 水は流れる。 🦦🦦 \ud83e end',
  'x'.repeat(30_000),
  'Question:\nwhich animal eats fish\n\nFirst text:\nthe otter eats fish\n\nSecond text:\na stone',
];

describe('the same bytes', () => {
  it('of a sentence, for each text and each limit of tokens', async () => {
    const limits = [undefined, 0, 1, 2, 5, 1_000];
    await expectSame(TEXTS.flatMap((text) => limits.map((max_tokens) => ({ messages: [user(text)], max_tokens }))));
  });

  it('of classes, of other labels, and of a confidence before its label', async () => {
    const labels = [[...LEXICOGRAPHER_CLASSES], ['animal', 'body', 'act'], ['fish', 'stone', 'Brücke'], ['a', 'b']];
    await expectSame(labels.flatMap((set) => TEXTS.map((text) => ({ messages: [user(text)], ...enumOf(set) }))));
    const early = format({ properties: { confidence: { type: 'number' }, label: { enum: ['animal', 'act'] } } });
    await expectSame(TEXTS.map((text) => ({ messages: [user(text)], ...early })));
  });

  it('of scores, lists, questions and nested schemas', async () => {
    const schemas = [
      { type: 'object', properties: { score: { type: 'number', minimum: -3, maximum: 12.5 } } },
      { type: 'object', properties: { score: { type: 'integer', minimum: 1, maximum: 7 } } },
      { type: 'array', items: { type: 'string', maxLength: 4 }, maxItems: 3 },
      { type: 'object', properties: { question: { type: 'string' }, answer: { type: 'string' } } },
      {
        type: 'object',
        properties: {
          sentences: { type: 'array', items: { type: 'string' } },
          parts: { type: 'array', minItems: 2, items: { $ref: '#/$defs/part' } },
          none: { type: 'null' },
          some: { anyOf: [{ type: 'null' }, { type: 'boolean' }] },
        },
        $defs: { part: { type: 'object', properties: { question: { type: 'string' }, title: { type: 'string' } } } },
      },
    ];
    await expectSame(
      schemas.flatMap((schema) =>
        TEXTS.flatMap((text) => [0, 5, -2].map((seed) => ({ messages: [user(text)], seed, ...format(schema) }))),
      ),
    );
  });

  it('of a judge', async () => {
    const schema = {
      type: 'object',
      properties: { reason: { type: 'string' }, winner: { enum: ['first', 'second', 'tie'] } },
    };
    expect(await expectSame(TEXTS.map((text) => ({ messages: [user(text)], ...format(schema) })))).toContain('first');
  });

  it('of what is refused: images, a schema that asks for too much, a request that is none', async () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.com/otter.png' } };
    const properties = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`f${i}`, { type: 'string' }]));
    const text = await expectSame([
      { messages: [user([image, { type: 'text', text: 'an otter' }])] },
      { messages: [user('x'.repeat(20_000))], ...format({ type: 'object', properties }) },
      { messages: [] },
      { messages: [user('an otter'), { role: 'assistant', content: [{ type: 'text', text: 'yes. no.' }] }] },
    ]);
    for (const code of ['edge/no-images', 'edge/unusable-schema', 'edge/bad-request']) expect(text).toContain(code);
  });

  it('of random requests', async () => {
    let state = 7;
    const next = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    const letters = Array.from('abcdefghij  ..;?!\n\r\tABCÄé水🦦\'"\\/<>0129');
    const word = (length: number) => Array.from({ length }, () => letters[next(letters.length)]).join('');
    const requests = Array.from({ length: 300 }, () => ({
      messages: Array.from({ length: 1 + next(3) }, () => ({
        role: ['system', 'user', 'assistant'][next(3)],
        content: word(next(400)),
      })),
      seed: next(9),
      ...(next(2) === 0 ? {} : enumOf(Array.from({ length: 2 + next(5) }, (_, i) => `${i}${word(next(6))}`))),
    }));
    await expectSame(requests);
  });
});

it('writes what nobody has checked: an answer that is cut is told with its end', async () => {
  const request = { messages: [user(TEXTS[0])], max_tokens: 2, ...enumOf(['animal', 'act']) };
  const bytes = encodeRequests('datavm/small', [`[0,${JSON.stringify(request)}]`]);
  const [head, line] = Buffer.from(exec(bytes).output).toString().split('\n');
  expect(head?.trimEnd()).toBe('{"mizu":"results","count":1,"model":"datavm/small","inputTokens":41,"outputTokens":2}');
  expect(line).toBe(
    '[0,{"content":"{\\"label\\"","finish_reason":"length","usage":{"completion_tokens":2,"prompt_tokens":41}}]',
  );
});

it('ends with an error if its input is no object of requests', () => {
  expect(exec(new TextEncoder().encode('{"mizu":"rows"}\n'))).toMatchObject({ status: 1 });
  const two = encodeRequests('datavm/small', ['[0,{"messages":[]}]']);
  expect(exec(new TextEncoder().encode(Buffer.from(two).toString().replace('"count":1', '"count":2')))).toMatchObject({
    status: 1,
    log: expect.stringContaining('1 requests, the header says 2'),
  });
});
