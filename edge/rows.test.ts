import { describe, expect, test } from 'vitest';
import VECTORS from '../test/vectors/row-headers.json' with { type: 'json' };
import { decodeRequests, encodeRequests, encodeResultLine, encodeResults, resultsHeader } from './rows.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const header = (text: string) => `${text}${' '.repeat(127 - text.length)}\n`;

const padded = (text: string, sizeBytes: number) =>
  Buffer.concat([Buffer.from(text), Buffer.alloc(sizeBytes - 1 - Buffer.byteLength(text), ' '), Buffer.from('\n')]);

describe('headers are those of the vectors', () => {
  test.each(VECTORS.filter(({ header }) => header.mizu === 'requests'))('$name', ({ header, text, sizeBytes }) => {
    const { count = 0, model = '' } = header;
    const lines = Array.from({ length: count }, (_, i) => `[${i},1]`);
    const object = encodeRequests(model, lines);
    expect(Buffer.from(object.subarray(0, sizeBytes))).toEqual(padded(text, sizeBytes));
    const requests = decodeRequests(object);
    expect(requests).toMatchObject({ count, model: JSON.parse(text).model });
    if (count > 0) expect(requests.lineOf(count - 1)).toBe(lines.at(-1));
  });

  test.each(VECTORS.filter(({ header }) => header.inputTokens !== undefined))('$name', (vector) => {
    const { count = 0, model = '', inputTokens: input = 0, outputTokens: output = 0 } = vector.header;
    expect(resultsHeader(model, count, { input, output })).toEqual(padded(vector.text, vector.sizeBytes));
  });
});

describe('requests', () => {
  test('what is encoded is decoded, lines unparsed', () => {
    const lines = ['[3,{"messages":[]}]', '[17,"ü"]'];
    const requests = decodeRequests(encodeRequests('builtin/small', lines));
    expect(requests).toMatchObject({ model: 'builtin/small', count: 2 });
    expect([0, 1].map(requests.lineOf)).toEqual(lines);
    expect([0, 1].map(requests.indexOf)).toEqual([3, 17]);
    expect([0, 1].map(requests.sizeOf)).toEqual([19, 9]);
  });

  test('the header fills a leaf', () => {
    expect(new TextDecoder().decode(encodeRequests('m', []))).toBe(header('{"mizu":"requests","count":0,"model":"m"}'));
  });

  test.each([
    ['no header', ''],
    ['another header', header('{"mizu":"rows","count":0,"model":"m"}')],
    ['a header of more than 4,096 bytes', `{"mizu":"requests","count":0,"model":"m"}${' '.repeat(4_182)}\n`],
    ['a header that fills no leaf', '{"mizu":"requests","count":0,"model":"m"}\n'],
    ['too few rows', `${header('{"mizu":"requests","count":2,"model":"m"}')}[0,1]\n`],
    ['too many rows', `${header('{"mizu":"requests","count":1,"model":"m"}')}[0,1]\n[1,1]\n`],
    ['a header without an end', `{"mizu":"requests","count":0,"model":"${'m'.repeat(5_000)}"}\n`],
    ['no last line end', `${header('{"mizu":"requests","count":1,"model":"m"}')}[0,1]`],
    ['a row without index', `${header('{"mizu":"requests","count":1,"model":"m"}')}{"a":1}\n`],
  ])('%s is refused', (_name, text) => {
    expect(() => decodeRequests(bytes(text))).toThrow('The object is not a list of requests.');
  });

  test('more rows than are allowed are refused', () => {
    const two = encodeRequests('m', ['[0,1]', '[1,1]']);
    expect(decodeRequests(two, 2).count).toBe(2);
    expect(() => decodeRequests(two, 1)).toThrow(expect.objectContaining({ expected: 'at most 1 rows', actual: '2' }));
  });
});

describe('results', () => {
  const usage = { prompt_tokens: 5, completion_tokens: 2 };

  test('keys are in canonical order', () => {
    expect(encodeResultLine(7, { usage, finish_reason: 'stop', content: 'a"b\n' })).toBe(
      '[7,{"content":"a\\"b\\n","finish_reason":"stop","usage":{"completion_tokens":2,"prompt_tokens":5}}]',
    );
    expect(encodeResultLine(7, { error: { code: 'edge/schema', message: 'no', raw: 'x' }, usage })).toBe(
      '[7,{"error":{"code":"edge/schema","message":"no","raw":"x"},"usage":{"completion_tokens":2,"prompt_tokens":5}}]',
    );
    expect(encodeResultLine(7, { error: { code: 'c', message: 'm' } })).toBe(
      '[7,{"error":{"code":"c","message":"m"}}]',
    );
  });

  test('a lone surrogate becomes the replacement character, a pair stays', () => {
    expect(encodeResultLine(0, { content: '\ud800x\u{1f600}', finish_reason: 'stop', usage })).toContain(
      '"\ufffdx\u{1f600}"',
    );
    expect(encodeResultLine(0, { content: '\\ud800', finish_reason: 'stop', usage })).toContain('"\\\\ud800"');
  });

  test('the object has a padded header and its lines', () => {
    const text = new TextDecoder().decode(encodeResults('m', ['[0,1]', '[1,2]'], { input: 3, output: 4 }));
    expect(text).toBe(
      `${header('{"mizu":"results","count":2,"model":"m","inputTokens":3,"outputTokens":4}')}[0,1]\n[1,2]\n`,
    );
  });
});
