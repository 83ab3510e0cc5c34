// docs/sdk.md#input: the cases of files: what stands in them, and the rows that come of it.
import { gzipSync } from 'node:zlib';
import type { InputOptions } from '../../sdk/input/format.ts';

export type InputCase = readonly [
  name: string,
  file: string,
  content: string | Uint8Array,
  wanted: string,
  options?: InputOptions,
];

const bytes = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
const wide = (text: string) => Buffer.from(Uint32Array.from([...text], (one) => one.codePointAt(0) as number).buffer);
const LINES = '{"a":1}\n{"a":2}\n';
const TWO = '{"a":1} · {"a":2}';
const PACKED = gzipSync(LINES);
const kept = (number: string, why: string) =>
  `✗ 0 line 1: the number ${number} (character 6) cannot be kept, ${why}: write it as a string`;
const notJson = (why: string) => `✗ 0 line 1: not JSON: ${why}`;
const number = (name: string, literal: string, wanted: string): InputCase => [
  `${name}: ${literal.slice(0, 24)}`,
  'n.jsonl',
  `{"n":${literal}}\n`,
  wanted,
];
const line = (name: string, text: string, wanted: string): InputCase => [name, 'l.jsonl', `${text}\n`, wanted];

const JSON_LINES: readonly InputCase[] = [
  ['byte order mark, CRLF, no last line feed', 'a.jsonl', '\ufeff{"a":1}\r\n{"a":2}', TWO],
  ['blank lines', 'a.jsonl', '\n\n  \n', 'no row'],
  ['nothing', 'a.jsonl', '', 'no row'],
  ['carriage returns alone', 'a.jsonl', '{"a":1}\r{"a":2}\r', notJson('expected the end at character 9, got "{"')],
  ['two objects in a line', 'a.jsonl', '{"a":1}{"a":2}\n', notJson('expected the end at character 8, got "{"')],
  ['a comma behind each line', 'a.jsonl', '{"a":1},\n', notJson('expected the end at character 8, got ","')],
  [
    'a byte order mark in the middle',
    'a.jsonl',
    '{"a":1}\n\ufeff{"a":2}\n',
    '{"a":1} · ✗ 1 line 2: not JSON: expected a value at character 1…',
  ],
  ['NEL between lines', 'a.jsonl', '{"a":1}\u0085{"a":2}\n', notJson('expected the end at character 8…')],
  [
    'U+2028 in a text and between lines',
    'a.jsonl',
    '{"a":"x\u2028y"}\u2028\n',
    notJson('expected the end at character 12…'),
  ],
  ['U+2028, U+2029, U+0085 in a text', 'a.jsonl', '{"a":"x\u2028y\u2029z\u0085"}\n', '{"a":"x\u2028y\u2029z\u0085"}'],
  ['no-break space before', 'a.jsonl', '\u00a0{"a":1}\n', notJson('expected a value at character 1…')],
  ['a record separator', 'a.jsonl', '\x1e{"a":1}\n', notJson('expected a value at character 1, got "\\u001e"')],
  ['an object over lines', 'a.jsonl', '{\n"a":1}\n', '✗ 0 line 1: not JSON: … · ✗ 1 line 2: not JSON: …'],
  [
    'a row of 524,289 bytes',
    'a.jsonl',
    `{"a":"${'x'.repeat(524_281)}"}\n{"a":1}\n`,
    '✗ 0 line 1: expected at most 524288 bytes, got 524289 · {"a":1}',
  ],
  [
    'what is no object',
    'a.jsonl',
    'null\n5\n"x"\n[]\n{}\n',
    '✗ 0 line 1: expected a JSON object, got null · ✗ 1 line 2: expected a JSON object, got a number · ✗ 2 line 3: expected a JSON object, got a string · ✗ 3 line 4: expected a JSON object, got an array · {}',
  ],
  line('NaN', '{"a":NaN}', notJson('expected a value at character 6, got "N"')),
  line('-Infinity', '{"a":-Infinity}', notJson('expected a value at character 6, got "-"')),
  line('True', '{"a":True}', notJson('expected a value at character 6, got "T"')),
  line('a comma at the end', '{"a":1,}', notJson('expected a name in quotes at character 8, got "}"')),
  line('single quotes', "{'a':1}", notJson('expected a name in quotes or "}" at character 2, got "\'"')),
  line('a comment', '{"a":1}//', notJson('expected the end at character 8, got "/"')),
  line('a tab in a text', '{"a":"x\ty"}', notJson('expected an escape: \\t, \\n, \\u0000 at character 8, got "\\t"')),
  line('NUL as it is', '{"a":"x\0y"}', notJson('expected an escape: \\t, \\n, \\u0000 at character 8, got "\\u0000"')),
  line('NUL as an escape, also as a name', '{"\\u0000":"x\\u0000y"}', '{"\\u0000":"x\\u0000y"}'),
  line(
    'an escape that is none',
    '{"a":"\\x41"}',
    notJson('expected an escape such as \\n or \\u00e9 at character 7, got "\\\\"'),
  ),
  line('a name twice', '{"a":1,"a":2}', '✗ 0 line 1: the name "a" stands twice in one object'),
  line(
    'a name twice, by its escape',
    '{"__proto__":1,"\\u005f_proto__":2}',
    '✗ 0 line 1: the name "\\u005f_proto__" stands twice in one object',
  ),
  line(
    'a name twice, far inside',
    '{"a":[{"b":{"c":1,"c":1}}]}',
    '✗ 0 line 1: the name "c" stands twice in one object',
  ),
  line('names that look alike', '{"e\\u0301":1,"\\u00e9":2}', '{"e\u0301":1,"\u00e9":2}'),
  line(
    '__proto__, constructor, toString, nothing',
    '{"__proto__":{"x":1},"constructor":1,"toString":2,"":3}',
    '{"__proto__":{"x":1},"constructor":1,"toString":2,"":3}',
  ),
  line('half a surrogate pair', '{"a":"\\ud83d"}', '✗ 0 line 1: half a surrogate pair in "\\ud83d": no UTF-8 has it'),
  line('a surrogate pair the wrong way round', '{"a":"\\ude00\\ud83d"}', '✗ 0 line 1: half a surrogate pair in …'),
  line(
    'names of half a surrogate pair',
    '{"\\ud800":1,"\\ud801":2}',
    '✗ 0 line 1: half a surrogate pair in "\\ud800": no UTF-8 has it',
  ),
  line('characters that are none', '{"a":"\ufdd0\uffff\u202e"}', '{"a":"\ufdd0\uffff\u202e"}'),
  line('128 levels', `${'{"a":'.repeat(128)}1${'}'.repeat(128)}`, '{"a":…}'),
  line(
    '129 levels',
    `${'{"a":'.repeat(129)}1${'}'.repeat(129)}`,
    '✗ 0 line 1: nested too deeply: expected at most 128 levels of objects and arrays',
  ),
  line(
    '20,000 levels',
    `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    '✗ 0 line 1: nested too deeply: expected at most 128 levels of objects and arrays',
  ),
];

const NUMBERS: readonly InputCase[] = [
  number('2^53 - 1', '9007199254740991', '{"n":9007199254740991}'),
  number('2^53 + 1', '9007199254740993', kept('9007199254740993', 'it would become 9007199254740992')),
  number('19 digits', '1610521604143693812', kept('1610521604143693812', 'it would become 1610521604143693800')),
  number(
    '39 digits',
    '123456789012345678901234567890123456789',
    '✗ 0 line 1: the number 1234…cannot be kept, it would become 1.2345678901234568e+38: write it as a string',
  ),
  number('in other words', '900719925474099.3e1', kept('900719925474099.3e1', 'it would become 9007199254740992')),
  number('a power of ten', '1e21', '{"n":1e+21}'),
  number('40 decimals', '0.1234567890123456789012345678901234567890', '{"n":0.12345678901234568}'),
  number('minus zero', '-0', '{"n":0}'),
  number('zero with a power', '0e-999', '{"n":0}'),
  number('too large', '1e999', kept('1e999', 'it is too large for a double')),
  number('too small', '0.1e-400', kept('0.1e-400', 'it is too near to 0 for a double')),
  number('the smallest', '5e-324', '{"n":5e-324}'),
  number('a zero before', '01', notJson('expected "," or "}" at character 7, got "1"')),
  number('a plus', '+1', notJson('expected a value at character 6, got "+"')),
  number('no digit before the point', '.5', notJson('expected a value at character 6, got "."')),
  number('hexadecimal', '0x10', notJson('expected "," or "}" at character 7, got "x"')),
];

const JSON_FILES: readonly InputCase[] = [
  ['an array over lines', 'a.json', '[\n  {"id": 1},\n  {"id": 2}\n]\n', '{"id":1} · {"id":2}'],
  ['an object over lines', 'a.json', '{\n "id": 1,\n "t": "x"\n}\n', '{"id":1,"t":"x"}'],
  ['an object a line', 'a.json', LINES, TWO],
  ['objects without a line between them', 'a.json', '{"a":1}{"a":2}', 'refused: sdk/input-json: …'],
  [
    'an array with a comma at its end',
    'a.json',
    '[{"a":1},]',
    '{"a":1} · ✗ 1 element 2, line 1: expected an element, got nothing',
  ],
  ['an array that is not closed', 'a.json', '[{"a":1}', 'refused: sdk/input-json: …'],
  ['an array in an array', 'a.json', '[[{"a":1}]]', '✗ 0 element 1, line 1: expected a JSON object, got an array'],
  ['two arrays', 'a.json', '[{"a":1}]\n[{"a":2}]', 'refused: sdk/input-json: other text behind the array…'],
  ['an empty array', 'a.json', '[]', 'no row'],
  ['a comment', 'a.json', '// x\n[{"a":1}]', 'refused: sdk/input-json: …'],
];

const quoteIn = (index: number, line: number, at: number) =>
  `✗ ${index} record ${index + 1}, line ${line}: a quote within a field that does not begin with one, at character ${at}`;
const CSV: readonly InputCase[] = [
  [
    'byte order mark, quotes, CRLF in quotes',
    'a.csv',
    '\ufeff"id","text"\r\n"1","a ""q"" b"\r\n"2","one\r\ntwo"\r\n',
    '{"id":"1","text":"a \\"q\\" b"} · {"id":"2","text":"one\\r\\ntwo"}',
  ],
  ['LF and CRLF mixed', 'a.csv', 'id,text\r\n1,a\n2,b\r\n', '{"id":"1","text":"a"} · {"id":"2","text":"b"}'],
  ['nothing', 'a.csv', '', 'no row'],
  ['a header alone', 'a.csv', 'id,text\n', 'no row'],
  ['empty lines, an empty field', 'a.csv', 'text\na\n\n""\nb\n', '{"text":"a"} · {"text":""} · {"text":"b"}'],
  ['empty cells', 'a.csv', 'id,text\n,\n1,\n', '{"id":"","text":""} · {"id":"1","text":""}'],
  ['NUL', 'a.csv', 'id,text\n1,a\0b\n', '{"id":"1","text":"a\\u0000b"}'],
  ['JSON in a cell', 'a.csv', 'label,out\na,{"x":""}\nb,plain\n', `${quoteIn(0, 2, 4)} · {"label":"b","out":"plain"}`],
  [
    'a quote that is never closed',
    'a.csv',
    'id,text\n1,"never\n2,b\n3,c\n',
    '✗ 0 record 1, line 2: a quote opens a field and none closes it: got the end of the file · {"id":"2","text":"b"} · {"id":"3","text":"c"}',
  ],
  [
    'text behind a closing quote',
    'a.csv',
    'id,text\n"a"b,1\n2,c\n',
    '✗ 0 record 1, line 2: a quote within a quoted field that is not doubled, at character 3 · {"id":"2","text":"c"}',
  ],
  ['a space before a quote', 'a.csv', 'id,text\n1, "a"\n2,b\n', `${quoteIn(0, 2, 4)} · {"id":"2","text":"b"}`],
  [
    'the 7th and the 9th record are bad',
    'a.csv',
    `id,text\n${[1, 2, 3, 4, 5, 6].map((n) => `${n},x\n`).join('')}7,5" disk\n8,x\n9,x"y\n`,
    `{"id":"1",…{"id":"6","text":"x"} · ${quoteIn(6, 8, 4)} · {"id":"8","text":"x"} · ${quoteIn(8, 10, 4)}`,
  ],
  [
    'a field of 600,000 characters',
    'a.csv',
    `id,text\n1,${'x'.repeat(600_000)}\n2,b\n`,
    '✗ 0 record 1, line 2: expected at most 524288 bytes, got 600002 · {"id":"2","text":"b"}',
  ],
  [
    'other numbers of columns',
    'a.csv',
    'id,text\n1\n1,2,3\n3,c\n',
    '✗ 0 record 1, line 2: expected 2 columns, got 1 · ✗ 1 record 2, line 3: expected 2 columns, got 3 · {"id":"3","text":"c"}',
  ],
  [
    'backslashes',
    'a.csv',
    'id,text\n1,"a\\"b"\n2,c\n',
    '✗ 0 record 1, line 2: a quote within a quoted field that is not doubled, at character 6 · {"id":"2","text":"c"}',
  ],
  ['single quotes', 'a.csv', "id,text\n1,'a,b'\n", '✗ 0 record 1, line 2: expected 2 columns, got 3'],
  ['single quotes that are named', 'a.csv', "id,text\n1,'a,b'\n", '{"id":"1","text":"a,b"}', { quote: "'" }],
  ['spaces around names', 'a.csv', 'id, text\n1, a\n', '{"id":"1","text":" a"}'],
  ['a quoted line feed in a name', 'a.csv', '"a\nb",c\n1,2\n', '{"a\\nb":"1","c":"2"}'],
  ['names that objects have', 'a.csv', '__proto__,constructor\n1,2\n', '{"__proto__":"1","constructor":"2"}'],
  ['a name twice', 'a.csv', 'id,id\n1,2\n', 'refused: sdk/csv-header: the name "id" twice…'],
  ['blank names', 'a.csv', ' , \n1,2\n', 'refused: sdk/csv-header: a column without a name…'],
  ['a comma behind the last name', 'a.csv', 'id,text,\n1,a,\n', 'refused: sdk/csv-header: a column without a name…'],
  [
    'a quote in a name',
    'a.csv',
    'id,5" size\n1,a\n',
    'refused: sdk/csv-header: a quote within a field…(…--quote none)',
  ],
  [
    'carriage returns alone',
    'a.csv',
    'id,text\r1,a\r',
    'refused: sdk/csv-header: a carriage return within a name…(Save it with line feeds…)',
  ],
  [
    'semicolons',
    'a.csv',
    'id;text\n1;a\n',
    'refused: sdk/csv-delimiter: "id;text" (Name the delimiter: --delimiter \';\'.…)',
  ],
  [
    'semicolons and quotes',
    'a.csv',
    '"id";"text"\n1;2\n',
    "refused: sdk/csv-delimiter: …(Name the delimiter: --delimiter ';'.…)",
  ],
  ['semicolons that are named', 'a.csv', 'id;text\n1;a,b\n', '{"id":"1","text":"a,b"}', { delimiter: ';' }],
  [
    'tabs, named .csv',
    'a.csv',
    'id\ttext\n1\ta\n',
    'refused: sdk/csv-delimiter: …(Name the delimiter: --delimiter tab.…)',
  ],
  [
    'commas, named .tsv',
    'a.tsv',
    'id,text\n1,a\n',
    "refused: sdk/csv-delimiter: …(Name the delimiter: --delimiter ','.…)",
  ],
  ['tabs', 'a.tsv', 'a\tb\n1\t2\n', '{"a":"1","b":"2"}'],
  ['JSON lines, named .csv', 'a.csv', '{"id":1}\n', 'refused: sdk/csv-header: …(It looks like JSON: --format jsonl…)'],
];

const ENCODINGS: readonly InputCase[] = [
  [
    'Latin-1',
    'a.csv',
    bytes('id,text\n1,caf', [0xe9], '\n2,b\n'),
    '✗ 0 record 1, line 2: not UTF-8: byte 13 of the text (0xe9); another encoding is named with --encoding · {"id":"2","text":"b"}',
  ],
  [
    'Latin-1 that is named',
    'a.csv',
    bytes('id,text\n1,caf', [0xe9], '\n'),
    '{"id":"1","text":"café"}',
    { encoding: 'latin1' },
  ],
  [
    'Latin-1 in a name',
    'a.csv',
    bytes('caf', [0xe9], '\n1\n'),
    'refused: sdk/csv-header: not UTF-8…(Name its encoding, like --encoding windows-1252.…)',
  ],
  [
    'a cut sequence',
    'a.jsonl',
    bytes('{"a":"', [0xf0, 0x9f, 0x98], '"}\n{"a":1}\n'),
    '✗ 0 line 1: not UTF-8: byte 6 of the text (0xf0)… · {"a":1}',
  ],
  [
    'surrogates in three bytes each',
    'a.jsonl',
    bytes('{"a":"', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], '"}\n'),
    '✗ 0 line 1: not UTF-8: byte 6 of the text (0xed)…',
  ],
  [
    'NUL in two bytes',
    'a.jsonl',
    bytes('{"a":"', [0xc0, 0x80], '"}\n'),
    '✗ 0 line 1: not UTF-8: byte 6 of the text (0xc0)…',
  ],
  [
    'UTF-16',
    'a.jsonl',
    Buffer.from(`\ufeff${LINES}`, 'utf16le'),
    'refused: sdk/input-encoding: the byte order mark of UTF-16 (Name its encoding: --encoding utf-16le.…)',
  ],
  ['UTF-16 that is named', 'a.jsonl', Buffer.from(`\ufeff${LINES}`, 'utf16le'), TWO, { encoding: 'utf-16le' }],
  [
    'UTF-16 without its mark',
    'a.csv',
    Buffer.from('id,text\n1,a\n', 'utf16le'),
    'refused: sdk/input-encoding: zero bytes all over, as in UTF-16 (…--encoding utf-16le.…)',
  ],
  [
    'UTF-32',
    'a.jsonl',
    wide(`\ufeff${LINES}`),
    'refused: sdk/input-encoding: the byte order mark of UTF-32 (…--encoding utf-32le.…)',
  ],
  [
    'UTF-32 without its mark',
    'a.jsonl',
    wide(LINES),
    'refused: sdk/input-encoding: zero bytes all over, as in UTF-32 (…--encoding utf-32le.…)',
  ],
  ['UTF-32 that is named', 'a.jsonl', wide(LINES), TWO, { encoding: 'utf-32le' }],
  ['gzip', 'a.jsonl.gz', PACKED, TWO],
  ['two members of gzip', 'a.jsonl.gz', Buffer.concat([PACKED, PACKED]), `${TWO} · ${TWO}`],
  ['gzip that is cut off', 'a.jsonl.gz', PACKED.subarray(0, -4), 'refused: sdk/input-gzip: unexpected end of file…'],
  [
    'gzip and something behind it',
    'a.jsonl.gz',
    Buffer.concat([PACKED, Buffer.from('x')]),
    'refused: sdk/input-gzip: …',
  ],
  ['text that is named .gz', 'a.jsonl.gz', LINES, TWO],
  ['gzip in gzip', 'a.jsonl.gz', gzipSync(PACKED), 'refused: sdk/input-format: data packed by gzip twice…'],
  ['gzip of nothing', 'a.jsonl.gz', gzipSync(''), 'no row'],
  ['zstd', 'a.jsonl', bytes([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), 'refused: sdk/input-format: data packed by zstd…'],
  ['.xlsx, named .csv', 'a.csv', bytes('PK', [3, 4, 20, 0]), 'refused: sdk/input-format: a Zip archive, as .xlsx is…'],
  ['Parquet, named .jsonl', 'a.jsonl', bytes('PAR1', [0x15, 4, 0x15, 0]), 'refused: sdk/input-format: Parquet…'],
  ['a column that is named PAR1', 'a.csv', 'PAR1,b\n1,2\n', '{"PAR1":"1","b":"2"}'],
  ['PDF', 'a.txt', '%PDF-1.7\n', 'refused: sdk/input-format: PDF…'],
  ['a name that says nothing', 'rows.txt', LINES, TWO],
  ['text of no format', 'rows.txt', 'hello\n', 'refused: sdk/input-format: .txt…'],
];

export const INPUT_CASES: readonly InputCase[] = [...JSON_LINES, ...NUMBERS, ...JSON_FILES, ...CSV, ...ENCODINGS];
