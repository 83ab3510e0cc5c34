import { appendFile, chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { good, readAll, short, useInputs } from '../../test/sdk/input.fixture.ts';
import { gunzip } from './gzip.ts';
import { readRows } from './read-rows.ts';
import { withinLimit } from './source.ts';
import { inputFile } from './spool.ts';

const inputs = useInputs();
const lines = Array.from({ length: 5_000 }, (_, n) => `{"n":${n},"text":"${(n * 7919) % 5003}"}\n`);
const rows = lines.map((line, index) => good(index, JSON.parse(line) as object));

test('what is not there or not readable is refused with what it is', async () => {
  const read = (name: string) => readAll(join(inputs.folder, name));
  await expect(read('none.jsonl')).rejects.toMatchObject({ code: 'sdk/no-input', actual: 'no such file' });
  await mkdir(join(inputs.folder, 'folder.jsonl'));
  await expect(read('folder.jsonl')).rejects.toMatchObject({ code: 'sdk/no-input', actual: 'a folder' });
  await expect(readAll('/dev/null')).rejects.toMatchObject({ actual: 'not a file: pipe it to --input -' });
  const file = await inputs.write('locked.jsonl', '{}');
  await expect(read('locked.jsonl/a.jsonl')).rejects.toMatchObject({ code: 'sdk/no-input', actual: 'no such file' });
  await chmod(file, 0);
  // Nothing is locked to an administrator.
  if (process.getuid?.() !== 0) await expect(readAll(file)).rejects.toMatchObject({ actual: 'permission denied' });
});

test('a file that grows while it is read is refused', async () => {
  const file = await inputs.write('grows.jsonl', lines.join('').repeat(20));
  const reading = readRows(file);
  await reading.next();
  await appendFile(file, '{}\n');
  await expect(
    (async () => {
      for await (const _ of reading);
    })(),
  ).rejects.toMatchObject({ code: 'sdk/input-changed' });
});

test('gzip is known by its first bytes, whatever the name', async () => {
  const packed = gzipSync(lines.join(''));
  expect(await inputs.read('a.jsonl.gz', packed)).toEqual(rows);
  expect(await inputs.read('a.jsonl', packed)).toEqual(rows);
  expect(await inputs.read('b.jsonl.gz', lines.join(''))).toEqual(rows);
  const members = [lines.slice(0, 7), [], lines.slice(7)].map((part) => gzipSync(part.join('')));
  expect(await inputs.read('members.jsonl.gz', Buffer.concat(members))).toEqual(rows);
});

test('gzip that is cut off anywhere, damaged, or followed by something else is never a shorter file', async () => {
  const packed = gzipSync(lines.slice(0, 50).join(''));
  for (const length of [3, 9, 10, 11, 100, packed.length - 8, packed.length - 1])
    await expect(inputs.read('cut.jsonl.gz', packed.subarray(0, length))).rejects.toMatchObject({
      code: 'sdk/input-gzip',
      message: expect.stringContaining('is cut off'),
    });
  const damaged = Buffer.from(packed);
  damaged[packed.length - 6]! ^= 1;
  const others = [
    damaged,
    Buffer.concat([packed, Buffer.from('\n')]),
    Buffer.concat([packed, Buffer.alloc(9), packed]),
  ];
  for (const bytes of others)
    await expect(inputs.read('damaged.jsonl.gz', bytes)).rejects.toMatchObject({
      code: 'sdk/input-gzip',
      message: expect.stringMatching(/ is (damaged|cut off)/),
    });
});

test('members are found wherever the chunks are cut', async () => {
  const packed = Buffer.concat([gzipSync('first '), gzipSync('second '), gzipSync('third')]);
  for (const size of [1, 2, 3, 7, 20, 25, 26, 27]) {
    async function* chunks() {
      for (let at = 0; at < packed.length; at += size) yield packed.subarray(at, at + size);
    }
    let text = '';
    for await (const chunk of gunzip('members', chunks())) text += Buffer.from(chunk).toString();
    expect(text, `${size}`).toBe('first second third');
  }
});

test('UTF-16 is not read as UTF-8, with its mark or without', async () => {
  const text = '{"a":"é"}\n{"a":"b"}\n';
  const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();
  const little = Buffer.from(text, 'utf16le');
  const mark = Buffer.of(0xff, 0xfe);
  const expected = [good(0, { a: 'é' }), good(1, { a: 'b' })];
  for (const [bytes, encoding] of [
    [Buffer.concat([mark, little]), 'utf-16le'],
    [swapped(Buffer.concat([mark, little])), 'utf-16be'],
    [little, 'utf-16le'],
    [swapped(little), 'utf-16be'],
    [gzipSync(Buffer.concat([mark, little])), 'UTF-16LE'],
  ] as const) {
    expect(await inputs.read('a.jsonl', bytes, { encoding })).toEqual(expected);
    for (const other of [{}, { encoding: 'windows-1252' }])
      await expect(inputs.read('a.jsonl', bytes, other)).rejects.toMatchObject({
        code: 'sdk/input-encoding',
        hint: expect.stringContaining(`--encoding ${encoding.toLowerCase()}`),
      });
  }
  await expect(inputs.read('b.jsonl', '\ufeff{}', { encoding: 'latin1' })).rejects.toMatchObject({
    code: 'sdk/input-encoding',
    hint: expect.stringContaining('--encoding utf-8'),
  });
  // A zero byte here and there is a character.
  expect(await inputs.read('nul.csv', 'id,text\n1,a\u0000b\n')).toEqual([good(0, { id: '1', text: 'a\u0000b' })]);
});

test('a sequence that another encoding does not have breaks its row', async () => {
  const half = Buffer.concat([
    Buffer.from('{"a":"'.concat('x"}\n{"a":"'), 'utf16le'),
    Buffer.of(0, 0xd8),
    Buffer.from('"}\n{"a":1}', 'utf16le'),
  ]);
  const reason = (line: number, name: string) => `line ${line}: not ${name}: a sequence of bytes that it does not have`;
  expect(short(await inputs.read('h.jsonl', half, { encoding: 'utf-16le' }))).toEqual([
    [0, { a: 'x' }],
    [1, reason(2, 'utf-16le')],
    [2, { a: 1 }],
  ]);
  const bytes = Buffer.from('{"a":"\x80\xe9"}\n{"a":"\x81"}\n', 'latin1');
  expect(short(await inputs.read('w.jsonl', bytes, { encoding: 'windows-1252' }))).toEqual([
    [0, { a: '€é' }],
    [1, reason(2, 'windows-1252')],
  ]);
  const csv = await inputs.read('s.csv', Buffer.from('a,b\n\x82\xa0,x\n\x82,y\n', 'latin1'), { encoding: 'shift_jis' });
  expect(csv[0]).toEqual(good(0, { a: 'あ', b: 'x' }));
  expect(csv[1]).toMatchObject({ kind: 'broken', index: 1 });
  for (const encoding of ['klingon', 'base64', 'hex', ''])
    await expect(inputs.read('a.jsonl', '{}', { encoding })).rejects.toMatchObject({ code: 'sdk/input-encoding' });
  expect(await inputs.read('a.jsonl', '{}', { encoding: 'UTF8' })).toEqual([good(0, {})]);
});

test('what unpacks to more than it may is refused before it is in memory', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 });
  let bytes = 0;
  const unpack = async (): Promise<void> => {
    async function* source() {
      yield bomb;
    }
    for await (const chunk of withinLimit('bomb.gz', gunzip('bomb.gz', source()), 1_000_000)) bytes += chunk.length;
  };
  await expect(unpack()).rejects.toMatchObject({
    code: 'sdk/input-too-large',
    expected: 'at most 1000000 bytes of text, unpacked',
  });
  expect(bytes).toBeLessThanOrEqual(1_000_000);
});

test('standard input is kept in a file that its hash names, the newest ones only', async () => {
  const folder = join(inputs.folder, 'spool');
  async function* source(text: string) {
    yield Buffer.from(text.slice(0, 5));
    yield Buffer.from(text.slice(5));
  }
  expect(await inputFile('rows.jsonl', source(''), folder)).toBe('rows.jsonl');
  const file = await inputFile('-', source('{"a":1}\n'), folder);
  expect(await inputFile('-', source('{"a":1}\n'), folder)).toBe(file);
  expect(await readFile(file, 'utf8')).toBe('{"a":1}\n');
  expect(await readAll(file)).toEqual([good(0, { a: 1 })]);
  for (let i = 0; i < 9; i++) await inputFile('-', source(`{"a":"number ${i}"}\n`), folder);
  expect(await readdir(folder)).toHaveLength(8);
  const failing = async function* () {
    yield Buffer.from('{"a"');
    throw new Error('the pipe broke');
  };
  await expect(inputFile('-', failing(), folder)).rejects.toThrow('the pipe broke');
  expect((await readdir(folder)).filter((name) => name.startsWith('draft'))).toEqual([]);
  await rm(folder, { recursive: true });
});
