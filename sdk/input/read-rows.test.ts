import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { splitLines } from './lines.ts';
import { DEFAULT_SIZE, partitionFile, partitionRows, sizeFor } from './partition.ts';
import { MAX_ROW_BYTES, readRows } from './read-rows.ts';
import type { InputRow } from './rowset.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-input-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(name: string, text: string): Promise<InputRow[]> {
  const file = join(folder, name);
  await writeFile(file, text);
  const rows: InputRow[] = [];
  for await (const row of readRows(file)) rows.push(row);
  return rows;
}

test('JSONL: broken lines keep their number, text and reason; blank ones are skipped', async () => {
  const rows = await read('a.jsonl', '{"a":1}\r\n{"a":\n\n[1]\n{"b":"é"}');
  expect(rows).toEqual([
    { kind: 'row', index: 0, row: { a: 1 } },
    { kind: 'broken', index: 1, text: '{"a":', reason: expect.stringMatching(/^line 2: not JSON: /) },
    { kind: 'broken', index: 3, text: '[1]', reason: 'line 4: expected a JSON object, got an array' },
    { kind: 'row', index: 4, row: { b: 'é' } },
  ]);
});

test('JSONL: a line that is too long is a broken one', async () => {
  const rows = await read('long.jsonl', `{"a":"${'x'.repeat(MAX_ROW_BYTES)}"}\n{"a":2}\n`);
  expect(rows[0]).toMatchObject({
    kind: 'broken',
    index: 0,
    reason: `line 1: expected at most ${MAX_ROW_BYTES} bytes, got ${MAX_ROW_BYTES + 8}`,
  });
  expect(rows[1]).toEqual({ kind: 'row', index: 1, row: { a: 2 } });
});

test('CSV: quoted fields, and records with another number of columns', async () => {
  const rows = await read('a.csv', '\ufeffid,text\n1,"a, ""b""\nc"\n2\n3,d\n');
  expect(rows).toEqual([
    { kind: 'row', index: 0, row: { id: '1', text: 'a, "b"\nc' } },
    { kind: 'broken', index: 1, text: '2', reason: 'line 4: expected 2 columns, got 1' },
    { kind: 'row', index: 2, row: { id: '3', text: 'd' } },
  ]);
});

test('what cannot be read is refused with what to do', async () => {
  await expect(read('a.parquet', 'x')).rejects.toMatchObject({ code: 'sdk/input-format' });
  await expect(read('twice.csv', 'a,a\n1,2\n')).rejects.toMatchObject({ code: 'sdk/csv-header' });
  await expect(readRows(join(folder, 'none.jsonl')).next()).rejects.toMatchObject({ code: 'sdk/no-input' });
});

test('a number that is no double makes a broken row', async () => {
  const file = join(folder, 'huge.jsonl');
  await writeFile(file, '{"n":1}\n{"n":1e999}\n');
  for await (const { bytes, rows, broken } of partitionFile(file)) {
    expect([rows, broken]).toEqual([1, 1]);
    expect(new TextDecoder().decode(bytes)).toContain('"row 2: a row holds JSON only; row.n is Infinity"');
  }
});

test('lines are cut wherever the chunks are', async () => {
  async function* chunks() {
    for (const byte of Buffer.from('ab\n\nc\u00e9\n')) yield Uint8Array.of(byte);
  }
  const lines: string[] = [];
  for await (const { text } of splitLines(chunks(), 10)) lines.push(text);
  expect(lines).toEqual(['ab', '', 'cé']);
});

test('partitions hold at most 1,000 rows or 256 KiB, live rows first', async () => {
  const file = join(folder, 'many.jsonl');
  await writeFile(file, Array.from({ length: 2_500 }, (_, n) => (n === 1_200 ? 'broken\n' : `{"n":${n}}\n`)).join(''));
  const partitions = [];
  for await (const partition of partitionFile(file)) partitions.push(partition);
  expect(partitions.map(({ rows, broken }) => [rows, broken])).toEqual([
    [1_000, 0],
    [999, 1],
    [500, 0],
  ]);
  const lines = new TextDecoder().decode(partitions[1]!.bytes).trimEnd().split('\n');
  expect(JSON.parse(lines[0]!)).toEqual({ mizu: 'rows', in: 1_000, out: 999, rejected: 1, steps: {} });
  expect(`${lines[0]}\n`.length % 128).toBe(0);
  expect(lines[1]).toBe('[1000,{"n":1000}]');
  expect(lines.at(-1)).toMatch(/^\[1200,\{"text":"broken"\},"input","line 1201: not JSON/);
  const big = Array.from(
    { length: 10 },
    (_, index): InputRow => ({ kind: 'row', index, row: { t: 'x'.repeat(100_000) } }),
  );
  const sizes: number[] = [];
  for await (const { bytes } of partitionRows(big, DEFAULT_SIZE)) sizes.push(bytes.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024 + 128);
  expect(sizeFor(900 * 1024 * 1024).bytes).toBeLessThan(1024 * 1024);
});
