import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { broken, good, short, useInputs } from '../../test/sdk/input.fixture.ts';
import { MAX_ROW_BYTES } from './rowset.ts';

const inputs = useInputs();

test('quoted fields, and records with another number of columns', async () => {
  const rows = await inputs.read('a.csv', '\ufeffid,text\n1,"a, ""b""\nc"\n2\n3,d\n,\n');
  expect(rows).toEqual([
    good(0, { id: '1', text: 'a, "b"\nc' }),
    broken(1, '2', 'record 2, line 4: expected 2 columns, got 1'),
    good(2, { id: '3', text: 'd' }),
    good(3, { id: '', text: '' }),
  ]);
});

test('line feeds with a carriage return and without, also mixed; those within quotes stay as they are', async () => {
  expect(short(await inputs.read('mixed.csv', 'a,b\r\n1,2\n3,4\r\n"5\r\n6","7\n8"\r\n9,x\ry\n10,z\r'))).toEqual([
    [0, { a: '1', b: '2' }],
    [1, { a: '3', b: '4' }],
    [2, { a: '5\r\n6', b: '7\n8' }],
    [3, { a: '9', b: 'x\ry' }],
    [4, { a: '10', b: 'z' }],
  ]);
});

test('empty lines are no records; a quoted nothing is one', async () => {
  const rows = await inputs.read('one.csv', '\ntext\na\n\r\n\n""\n b \n');
  expect(short(rows)).toEqual([
    [0, { text: 'a' }],
    [1, { text: '' }],
    [2, { text: ' b ' }],
  ]);
});

test('a broken record costs itself, and has its own number, line and text', async () => {
  const rows = await inputs.read('bad.csv', 'id,text\n1,a\n\n"x"y,b\n3,5" disk\n4,{"k":""}\n5,e\n6,f,g\n7,h\n');
  expect(rows).toEqual([
    good(0, { id: '1', text: 'a' }),
    broken(1, '"x"y,b', 'record 2, line 4: a quote within a quoted field that is not doubled, at character 3'),
    broken(2, '3,5" disk', 'record 3, line 5: a quote within a field that does not begin with one, at character 4'),
    broken(3, '4,{"k":""}', 'record 4, line 6: a quote within a field that does not begin with one, at character 4'),
    good(4, { id: '5', text: 'e' }),
    broken(5, '6,f,g', 'record 6, line 8: expected 2 columns, got 3'),
    good(6, { id: '7', text: 'h' }),
  ]);
});

test('a quote that is never closed costs the line that it stands in', async () => {
  expect(await inputs.read('end.csv', 'id,text\n1,"never closed\n2,b\n3,c')).toEqual([
    broken(0, '1,"never closed', 'record 1, line 2: a quote opens a field and none closes it: got the end of the file'),
    good(1, { id: '2', text: 'b' }),
    good(2, { id: '3', text: 'c' }),
  ]);
  expect(short(await inputs.read('next.csv', 'id,text\n1,"open\n2,b\n3,"c, d"\n4,"e\nf"\n'))).toEqual([
    [
      0,
      'record 1, line 2: a quote opens a field and none closes it: got in line 4 a quote within a quoted field that is not doubled, at character 3',
    ],
    [1, { id: '2', text: 'b' }],
    [2, { id: '3', text: 'c, d' }],
    [3, { id: '4', text: 'e\nf' }],
  ]);
  const far = `id,text\n1,"open\n${`2,${'filled '.repeat(200)}\n`.repeat(10_000)}`;
  const rows = await inputs.read('far.csv', far);
  expect(rows).toHaveLength(10_001);
  expect(rows[0]).toMatchObject({ kind: 'broken', reason: expect.stringContaining('got 8388608 bytes and no end') });
  expect(rows.slice(1).every(({ kind }) => kind === 'row')).toBe(true);
  expect(rows.at(-1)).toEqual(good(10_000, { id: '2', text: 'filled '.repeat(200) }));
});

test('a record that is too large costs itself alone', async () => {
  const lines = 'a line, and one more\n'.repeat(30_000);
  const rows = await inputs.read(
    'large.csv',
    `id,text\n1,"${lines}"\n2,b\n3,${'x'.repeat(600_000)}\n4,"${'y'.repeat(600_000)}"\n5,c\n`,
  );
  expect(short(rows)).toEqual([
    [0, `record 1, line 2: expected at most ${MAX_ROW_BYTES} bytes, got ${lines.length + 5}`],
    [1, { id: '2', text: 'b' }],
    [2, `record 3, line 30004: expected at most ${MAX_ROW_BYTES} bytes, got 600002`],
    [3, `record 4, line 30005: expected at most ${MAX_ROW_BYTES} bytes, got 600004`],
    [4, { id: '5', text: 'c' }],
  ]);
  expect(rows[0]).toMatchObject({ text: `1,"${lines}`.slice(0, 2_000) });
});

test('the header: white space around names is taken off, what is quoted stays', async () => {
  expect(short(await inputs.read('space.csv', ' id , text\t," c "\n1, a ,2\n'))).toEqual([
    [0, { id: '1', text: ' a ', ' c ': '2' }],
  ]);
  expect(short(await inputs.read('lines.csv', '"a\nb",__proto__\r\n1,2\r\n'))).toEqual([
    [0, JSON.parse('{"a\\nb":"1","__proto__":"2"}')],
  ]);
  expect(short(await inputs.read('mark.csv', '\ufeff"id","text"\r\n"1","a ""q"" b"\r\n'))).toEqual([
    [0, { id: '1', text: 'a "q" b' }],
  ]);
  expect(await inputs.read('only.csv', 'id,text\n')).toEqual([]);
  expect(await inputs.read('empty.csv', '')).toEqual([]);
});

test.each([
  ['id,5" size\n1,a\n', 'sdk/csv-header', 'a quote within a field that does not begin with one, at character 5'],
  ['id,"size\n1,a\n', 'sdk/csv-header', 'a quote opens a field and none closes it'],
  ['id,id \n1,2\n', 'sdk/csv-header', 'the name "id" twice'],
  ['id,,b\n1,2,3\n', 'sdk/csv-header', 'a column without a name'],
  ['id,text\r1,a\r2,b\r', 'sdk/csv-header', 'a carriage return within a name'],
  ['id;text\n1;a\n', 'sdk/csv-delimiter', '"id;text"'],
  ['id\ttext\n1\ta\n', 'sdk/csv-delimiter', '"id\\ttext"'],
  ['id|text\n', 'sdk/csv-delimiter', '"id|text"'],
])('a header that names no columns is refused: %j', async (text, code, actual) => {
  await expect(inputs.read('header.csv', text)).rejects.toMatchObject({
    code,
    actual: expect.stringContaining(actual),
    hint: expect.stringMatching(/--(delimiter (';'|tab|'\|')|quote none)|line feeds/),
  });
});

test('delimiter and quote can be named, and must be one character each', async () => {
  const rows = async (text: string, options: object) => short(await inputs.read('named.csv', text, options));
  expect(await rows("a;b\n1;'x;y'\n", { delimiter: ';', quote: "'" })).toEqual([[0, { a: '1', b: 'x;y' }]]);
  expect(await rows('a,b\n"x,y"\n', { quote: '' })).toEqual([[0, { a: '"x', b: 'y"' }]]);
  expect(await rows('a|b\n1,2\n', { delimiter: ',' })).toEqual([[0, 'record 1, line 2: expected 1 columns, got 2']]);
  expect(short(await inputs.read('t.tsv', 'a\tb\n1\t"2\t,"\n'))).toEqual([[0, { a: '1', b: '2\t,' }]]);
  for (const options of [{ delimiter: '' }, { delimiter: ';;' }, { delimiter: '\n' }, { quote: '""' }, { quote: ',' }])
    await expect(rows('a,b\n', options)).rejects.toMatchObject({ code: 'sdk/input-options' });
  await expect(inputs.read('named.jsonl', '{}', { delimiter: ';' })).rejects.toMatchObject({
    code: 'sdk/input-options',
  });
});

test('what is RFC 4180 is read as csv-parse reads it', async () => {
  const field = fc.oneof(
    fc.stringMatching(/^[a-z ;']{0,4}$/),
    fc
      .array(fc.constantFrom('a', ',', '""', '\n', '\r\n', '\r', ' '), { maxLength: 6 })
      .map((all) => `"${all.join('')}"`),
  );
  const record = fc.tuple(fc.tuple(field, field, field), fc.constantFrom('\n', '\r\n'));
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 8 }), async (records) => {
      const text = `a,b,c\n${records.map(([fields, ending]) => fields.join(',') + ending).join('')}`;
      const expected = parse(text, { columns: true, record_delimiter: ['\r\n', '\n'] });
      expect(await inputs.read('oracle.csv', text)).toEqual(expected.map((row, index) => good(index, row as object)));
    }),
    { numRuns: 300 },
  );
});
