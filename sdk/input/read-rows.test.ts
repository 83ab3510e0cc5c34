import { expect, test } from 'vitest';
import { broken, good, short, useInputs } from '../../test/sdk/input.fixture.ts';
import { splitLines } from './lines.ts';
import { MAX_ROW_BYTES } from './rowset.ts';

const inputs = useInputs();

test('JSONL: broken lines keep their number, text and reason; blank ones are skipped and counted', async () => {
  const rows = await inputs.read('a.jsonl', '\ufeff{"a":1}\r\n{"a":\n\n \t\r\n[1]\n{"b":"é\u2028"}');
  expect(rows).toEqual([
    good(0, { a: 1 }),
    broken(1, '{"a":', 'line 2: not JSON: expected a value at character 6, got the end'),
    broken(4, '[1]', 'line 5: expected a JSON object, got an array'),
    good(5, { b: 'é\u2028' }),
  ]);
  // Lines end with a line feed.
  expect(short(await inputs.read('cr.jsonl', '{"a":1}\r{"a":2}\r'))).toEqual([
    [0, 'line 1: not JSON: expected the end at character 9, got "{"'],
  ]);
  expect(await inputs.read('blank.jsonl', '\n\n  \n')).toEqual([]);
});

test('JSONL: a line that is too long is a broken one', async () => {
  const rows = await inputs.read('long.jsonl', `{"a":"${'x'.repeat(MAX_ROW_BYTES)}"}\n{"a":2}\n`);
  expect(short(rows)).toEqual([
    [0, `line 1: expected at most ${MAX_ROW_BYTES} bytes, got ${MAX_ROW_BYTES + 8}`],
    [1, { a: 2 }],
  ]);
});

test('what is no UTF-8 breaks its row, and the byte is told', async () => {
  const line = (bytes: number[]): Buffer =>
    Buffer.concat([Buffer.from('{"a":"\ufffd'), Buffer.from(bytes), Buffer.from('"}\n')]);
  const rows = await inputs.read(
    'utf8.jsonl',
    Buffer.concat([
      Buffer.from('\ufeff{"a":"é"}\n'),
      line([0xe9]),
      line([0xed, 0xa0, 0x80]),
      line([0xf0, 0x9f, 0x98]),
      line([0xf0, 0x9f, 0x98, 0x80]),
    ]),
  );
  expect(short(rows)).toEqual([
    [0, { a: 'é' }],
    [1, 'line 2: not UTF-8: byte 23 of the text (0xe9); another encoding is named with --encoding'],
    [2, 'line 3: not UTF-8: byte 36 of the text (0xed); another encoding is named with --encoding'],
    [3, 'line 4: not UTF-8: byte 51 of the text (0xf0); another encoding is named with --encoding'],
    [4, { a: '\ufffd😀' }],
  ]);
  const csv = await inputs.read('latin.csv', Buffer.from('id,text\n1,caf\xe9\n2,"a\n\xff"\n3,b\n', 'latin1'));
  expect(short(csv)).toEqual([
    [0, 'record 1, line 2: not UTF-8: byte 13 of the text (0xe9); another encoding is named with --encoding'],
    [1, 'record 2, line 3: not UTF-8: byte 20 of the text (0xff); another encoding is named with --encoding'],
    [2, { id: '3', text: 'b' }],
  ]);
});

test('JSON: an array over lines, an object a line, one object', async () => {
  expect(await inputs.read('array.json', ' \n[\n  {"id": 1, "t": "],["},\n\n  {"id": 2}\n]\n')).toEqual([
    good(0, { id: 1, t: '],[' }),
    good(1, { id: 2 }),
  ]);
  expect(await inputs.read('empty.json', ' [ ] ')).toEqual([]);
  expect(await inputs.read('lines.json', '{"id":1}\n{"id":\n{"id":3}\n')).toMatchObject([
    good(0, { id: 1 }),
    { kind: 'broken', index: 1 },
    good(2, { id: 3 }),
  ]);
  expect(await inputs.read('one.json', '{\n "id": 1,\n "t": "x"\n}\n')).toEqual([good(0, { id: 1, t: 'x' })]);
  expect(short(await inputs.read('twice.json', '{\n "id": 1,\n "id": 2\n}\n'))).toEqual([
    [0, 'the object: the name "id" stands twice in one object'],
  ]);
  expect(await inputs.read('nothing.json', '\n')).toEqual([]);
});

test('JSON: a broken element costs itself', async () => {
  const long = `{"a":"${'x'.repeat(MAX_ROW_BYTES)}"}`;
  const text = `[{"a":1},\n{"a":01},\n,{"a":3]},{"a":4}},\n7,{"a":"x},\n{"a":6},\n${long},{"a":"\\"]\xff"},]`;
  expect(short(await inputs.read('elements.json', Buffer.from(text, 'latin1')))).toEqual([
    [0, { a: 1 }],
    [1, 'element 2, line 2: not JSON: expected "," or "}" at character 8, got "1"'],
    [2, 'element 3, line 3: expected an element, got nothing'],
    [3, 'element 4, line 3: not JSON: expected "," or "}" at character 7, got "]"'],
    [4, 'element 5, line 3: not JSON: expected the end at character 8, got "}"'],
    [5, 'element 6, line 4: expected a JSON object, got a number'],
    [6, 'element 7, line 4: not JSON: expected the quote that ends the string at character 10, got the end'],
    [7, { a: 6 }],
    [8, `element 9, line 6: expected at most 524288 bytes, got ${long.length + 1}`],
    [9, expect.stringMatching(/^element 10, line 6: not UTF-8: byte \d+ of the text \(0xff\)/)],
    [10, 'element 11, line 6: expected an element, got nothing'],
  ]);
});

test.each([
  ['[{"a":1},\n{"a":2}', 'line 2'],
  ['[{"a":1},\n{"a":[2},\n{"a":3}]', 'line 2'],
  ['[{"a":1}]\n[{"a":2}]', 'line 2'],
  ['[{"a":1}}]]', 'line 1'],
])('JSON: what is not one array is refused: %j', async (text, message) => {
  await expect(inputs.read('bad.json', text)).rejects.toMatchObject({
    code: 'sdk/input-json',
    message: expect.stringContaining(message),
  });
});

test('JSON: what is neither an array nor objects is refused', async () => {
  const large = JSON.stringify({ data: Array.from({ length: 100_000 }, (_, n) => n) }, null, 1);
  for (const text of ['{\n"a":1\n}\n{\n"a":2\n}\n', '{"a":\n{"a":2}\n', large])
    await expect(inputs.read('neither.json', text)).rejects.toMatchObject({ code: 'sdk/input-json' });
});

test('lines are cut wherever the chunks are', async () => {
  async function* chunks() {
    for (const byte of Buffer.from('ab\n\nc\u00e9\n1234567890abc')) yield Uint8Array.of(byte);
  }
  const lines = [];
  for await (const { bytes, ...line } of splitLines(chunks(), 10, 3))
    lines.push({ text: Buffer.from(bytes).toString(), ...line });
  expect(lines).toEqual([
    { text: 'ab', length: 2, offset: 3, isEnded: true },
    { text: '', length: 0, offset: 6, isEnded: true },
    { text: 'cé', length: 3, offset: 7, isEnded: true },
    { text: '1234567890', length: 13, offset: 11, isEnded: false },
  ]);
});

test('the format: by the name, else by the first byte, else to be said', async () => {
  expect(await inputs.read('A.JSONL', '{"a":1}')).toEqual([good(0, { a: 1 })]);
  expect(await inputs.read('rows', '\n [{"a":1}]')).toEqual([good(0, { a: 1 })]);
  expect(await inputs.read('rows.txt', '{"a":1}\n')).toEqual([good(0, { a: 1 })]);
  expect(await inputs.read('rows.json', 'a\n1\n', { format: 'csv' })).toEqual([good(0, { a: '1' })]);
  for (const [name, format] of [
    ['a.parquet', undefined],
    ['rows', undefined],
    ['a.csv', 'xlsx'],
  ])
    await expect(inputs.read(name!, 'x', { format: format as 'csv' })).rejects.toMatchObject({
      code: 'sdk/input-format',
      hint: expect.stringContaining('--format'),
    });
});
