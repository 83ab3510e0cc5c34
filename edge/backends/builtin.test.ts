import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChatRequest, JsonSchema } from './backend.ts';
import { completeBuiltin } from './builtin.ts';
import { LEXICOGRAPHER_CLASSES } from './model/classes.ts';
import { isHeldOut, readGlosses } from './model/glosses.ts';
import { countTokens, findText } from './model/prompt.ts';
import { loadSmallClassifier } from './model/weights-file.ts';

const ask = (content: string, schema?: JsonSchema, more: Partial<ChatRequest> = {}) =>
  completeBuiltin({
    messages: [
      { role: 'system', content: 'You are a labeller.\n\nAnswer briefly.' },
      { role: 'user', content },
    ],
    ...(schema === undefined ? {} : { response_format: { type: 'json_schema', json_schema: { schema } } }),
    ...more,
  });

const object = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: 'object', properties });
const domain = object({ domain: { type: 'string', enum: LEXICOGRAPHER_CLASSES }, confidence: { type: 'number' } });

describe('classification', () => {
  test('gives the label and its confidence in thousandths', () => {
    expect(ask('Which domain?\n\na large dog used for hunting bears', domain)).toEqual({
      content: '{"domain":"noun.animal","confidence":0.758}',
      finishReason: 'stop',
      usage: { promptTokens: 221, completionTokens: 11 },
    });
  });

  test('a confidence that stands first is that of the label behind it', () => {
    const schema = object({ confidence: { type: 'number' }, domain: { enum: LEXICOGRAPHER_CLASSES } });
    expect(ask('a large dog used for hunting bears', schema).content).toBe(
      '{"confidence":0.758,"domain":"noun.animal"}',
    );
  });

  test('only labels of the enum are given, by short names too', () => {
    const schema = object({ label: { enum: ['Plant', 'Animal', 'food'] } });
    expect(ask('a large dog used for hunting bears', schema).content).toBe('{"label":"Animal"}');
    expect(ask('a soup made with beets and cream', schema).content).toBe('{"label":"food"}');
  });

  test('unknown labels count their words', () => {
    const schema = object({ topic: { enum: ['sports news', 'tax law'] }, confidence: { type: 'number' } });
    expect(ask('A new tax is law.', schema).content).toBe('{"topic":"tax law","confidence":1}');
    expect(ask('Nothing of that.', schema).content).toBe('{"topic":"sports news","confidence":0}');
  });

  test('is right for more than 76 % of the glosses that it was not trained on', async () => {
    const classifier = loadSmallClassifier();
    let right = 0;
    let all = 0;
    for await (const gloss of readGlosses()) {
      if (!isHeldOut(gloss.id)) continue;
      all += 1;
      if (classifier.classify(gloss.text).class === gloss.class) right += 1;
    }
    expect(all).toBe(14_711);
    expect(right / all).toBeGreaterThan(0.76);
  });
});

describe('generation', () => {
  const text = 'Keccak is a hash function. Ethereum uses the Keccak function to name accounts and transactions.';
  const pair = object({ question: { type: 'string' }, answer: { type: 'string' } });

  test('a cloze question; the seed chooses the sentence', () => {
    expect(JSON.parse(ask(`Make a question.\n\n${text}`, pair).content)).toEqual({
      question: 'Which word is missing: Keccak is a hash ____.',
      answer: 'function',
    });
    expect(JSON.parse(ask(`Make a question.\n\n${text}`, pair, { seed: 1 }).content)).toEqual({
      question: 'Which word is missing: Ethereum uses the Keccak function to name accounts and ____.',
      answer: 'transactions',
    });
  });

  test('fields by type and name, references and limits honoured', () => {
    const schema = {
      ...object({
        kind: { const: 'note' },
        summary: { $ref: '#/$defs/short' },
        score: { type: 'integer', minimum: 1, maximum: 5 },
        keywords: { type: 'array', items: { type: 'string' }, maxItems: 2 },
        pairs: { type: 'array', items: pair, minItems: 2 },
        maybe: { anyOf: [{ type: 'null' }, { type: 'boolean' }] },
      }),
      $defs: { short: { type: 'string', maxLength: 6 } },
    };
    expect(JSON.parse(ask(`Do.\n\n${text}`, schema).content)).toMatchObject({
      kind: 'note',
      summary: 'Keccak',
      score: 2,
      keywords: ['function', 'keccak'],
      pairs: [{ answer: 'function' }, { answer: 'transactions' }],
      maybe: true,
    });
  });

  test('without a schema the first sentence', () => {
    expect(ask(`Summarise.\n\n${text}`).content).toBe('Keccak is a hash function.');
  });

  test('max_tokens cuts at whole characters', () => {
    expect(ask('Do.\n\näääää.', undefined, { max_tokens: 2 })).toMatchObject({
      content: 'ääää',
      finishReason: 'length',
    });
  });

  test('an empty text does not fail', () => {
    expect(JSON.parse(ask('', pair).content)).toEqual({ question: 'Complete: ', answer: '' });
  });
});

describe('the text of a prompt', () => {
  const find = (content: string) => findText({ messages: [{ role: 'user', content }] });

  test.each([
    ['Which?\n\nThe text.\n\nIts second part.', 'The text.\n\nIts second part.'],
    ['Which?\r\n\r\nThe text.', 'The text.'],
    ['Labels:\n\na\n\n<text>The text.</text> Answer.', 'The text.'],
    ['The text alone.', 'The text alone.'],
    ['The text.\n\n', 'The text.'],
  ])('%j', (content, text) => {
    expect(find(content)).toBe(text);
  });

  test('a token is four bytes', () => {
    expect([countTokens(''), countTokens('abcd'), countTokens('abcde'), countTokens('äää')]).toEqual([0, 1, 2, 2]);
  });
});

test.each([
  ['properties that double', { $ref: '#/$defs/d' }, 1],
  ['lists in lists', { type: 'array', minItems: 16, items: { $ref: '#' } }, 1],
  ['many labels on a long text', { enum: Array.from({ length: 10_000 }, (_, i) => `label ${i}`) }, 100_000],
  [
    'clozes of a long text',
    { properties: Object.fromEntries(['question', 'answer'].map((name) => [name, {}])) },
    600_000,
  ],
])('a schema of %s is given up at the same place everywhere', (_name, part, chars) => {
  const names = Array.from({ length: 30 }, (_, i) => [`k${i}`, { $ref: '#/$defs/d' }]);
  const schema = { ...part, $defs: { d: { type: 'object', properties: Object.fromEntries(names) } } };
  const request = {
    messages: [{ role: 'user', content: 'word '.repeat(chars / 5 + 1) }],
    response_format: { type: 'json_schema', json_schema: { schema } },
  };
  expect(() => completeBuiltin(request)).toThrow(
    expect.objectContaining({ code: 'edge/unusable-schema', retryable: false }),
  );
});

describe('a judge', () => {
  const schema = object({ reason: { type: 'string' }, winner: { enum: ['first', 'second', 'tie'] } });
  const judge = (a: string, b: string, question = 'Who eats bamboo?\n\nPassage:\nPandas eat bamboo in China.') => {
    const asked = question === '' ? '' : `Question:\n${question}\n\n`;
    return JSON.parse(ask(`${asked}First text:\n${a}\n\nSecond text:\n${b}`, schema).content);
  };

  test('prefers the text that keeps to the question, whichever stands first', () => {
    expect(judge('Pandas in China', 'Bears in the Alps')).toEqual({
      reason: 'Of 3 words of the first text 3 are in the question, of 4 of the second 1.',
      winner: 'first',
    });
    expect(judge('Bears in the Alps', 'Pandas in China').winner).toBe('second');
    expect(judge('Pandas', 'Pandas in China').winner).toBe('second');
    expect(judge('Pandas', 'China').winner).toBe('tie');
    expect(judge('', '').winner).toBe('tie');
    expect(judge('Pandas', 'Bears', '').winner).toBe('tie');
  });

  test('in the other order the other text wins, whatever they are', () => {
    const text = fc
      .array(fc.constantFrom('pandas', 'eat', 'bears', 'é', 'x', '\n'), { maxLength: 6 })
      .map((list) => list.join(' '));
    fc.assert(
      fc.property(text, text, text, (a, b, question) => {
        const other = { first: 'second', second: 'first', tie: 'tie' } as const;
        const { winner } = judge(a, b, `pandas ${question}`);
        expect(judge(b, a, `pandas ${question}`).winner).toBe(other[winner as keyof typeof other]);
      }),
    );
  });

  test('what is no request of a judge is filled as before', () => {
    expect(ask('a text', schema).content).toBe('{"reason":"a text","winner":"first"}');
  });
});
