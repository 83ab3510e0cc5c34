import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { MAX_PARTITION_BYTES, MAX_PARTITIONS } from '../../protocol/constants.ts';
import { useInputs } from '../../test/sdk/input.fixture.ts';
import { type Partition, partitionFile, partitionRows, partitionSize } from './partition.ts';
import { encodeRowset, type InputRow, MAX_ROW_BYTES } from './rowset.ts';

const inputs = useInputs();

async function collect(partitions: AsyncIterable<Partition>): Promise<Partition[]> {
  const all: Partition[] = [];
  for await (const partition of partitions) all.push(partition);
  return all;
}

test('partitions hold at most 1,000 rows or 256 KiB, live rows first', async () => {
  const text = Array.from({ length: 2_500 }, (_, n) => (n === 1_200 ? 'broken\n' : `{"n":${n}}\n`)).join('');
  const partitions = await collect(partitionFile(await inputs.write('many.jsonl', text)));
  expect(partitions.map(({ rows, broken }) => [rows, broken])).toEqual([
    [1_000, 0],
    [999, 1],
    [500, 0],
  ]);
  const lines = new TextDecoder().decode(partitions[1]!.bytes).trimEnd().split('\n');
  expect(JSON.parse(lines[0]!)).toEqual({ mizu: 'rows', in: 1_000, out: 999, rejected: 1, operators: {} });
  expect(`${lines[0]}\n`.length % 128).toBe(0);
  expect(lines[1]).toBe('[1000,{"n":1000}]');
  expect(lines.at(-1)).toBe(
    '[1200,{"text":"broken"},"input","line 1201: not JSON: expected a value at character 1, got \\"b\\""]',
  );
  // The same rows are the same partitions, whatever they are written as.
  expect(await collect(partitionFile(await inputs.write('many.jsonl.gz', gzipSync(text))))).toEqual(partitions);
  const seen: InputRow[] = [];
  await collect(partitionFile(await inputs.write('three.csv', 'n\n1\n2\n3\n'), { quote: '' }, (row) => seen.push(row)));
  expect(seen).toHaveLength(3);
});

test('the further a stream goes the larger its partitions are: 1,024 of them hold 864 MiB', async () => {
  const sizes = Array.from({ length: MAX_PARTITIONS }, (_, place) => partitionSize(place).bytes);
  expect([sizes[0], sizes[127], sizes[128], sizes[255]].map((bytes) => bytes! / 1024)).toEqual([256, 256, 512, 512]);
  expect(new Set(sizes.slice(256))).toEqual(new Set([MAX_PARTITION_BYTES - 1024]));
  expect(sizes.reduce((sum, bytes) => sum + bytes, 0) / 1024 / 1024).toBeGreaterThan(863);
  const rows = Array.from({ length: 130_000 }, (_, index): InputRow => ({ kind: 'row', index, row: { n: index } }));
  const counts = (await collect(partitionRows(rows))).map((partition) => partition.rows);
  expect(counts).toEqual([...Array.from({ length: 128 }, () => 1_000), 2_000]);
});

test('no partition is larger than one may be, whatever the rows are', async () => {
  const text = 'x'.repeat(100_000);
  const rows = Array.from({ length: 60 }, (_, index): InputRow => {
    return { kind: 'row', index, row: { t: index % 7 === 0 ? text.repeat(5) : text } };
  });
  const lengths = (await collect(partitionRows(rows))).map(({ bytes }) => bytes.length);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_PARTITION_BYTES);
  const { length } = lengths;
  expect(await collect(partitionRows(rows, undefined, undefined, length))).toHaveLength(length);
  await expect(collect(partitionRows(rows, undefined, undefined, length - 1))).rejects.toMatchObject({
    code: 'sdk/input-too-large',
  });
});

test('a row that would be larger than it was written is a broken one', async () => {
  // Each number of 4 characters is written with 21, each zero byte with 6.
  const file = await inputs.write(
    'grown.jsonl',
    `{"n":[${Array.from({ length: 50_000 }, () => '1e20').join(',')}]}\n{"n":1}\n`,
  );
  const [partition] = await collect(partitionFile(file));
  expect([partition!.rows, partition!.broken]).toEqual([1, 1]);
  expect(new TextDecoder().decode(partition!.bytes)).toContain(
    `"row 1: expected at most ${MAX_ROW_BYTES} bytes of JSON, got 1100007"`,
  );
  const csv = await inputs.write('zeros.csv', `a\n${'b'.repeat(5_000)}${'\u0000'.repeat(100_000)}\nb\n`);
  const [zeros] = await collect(partitionFile(csv));
  expect([zeros!.rows, zeros!.broken]).toEqual([1, 1]);
});

test('what a program hands over and is no row is a broken one, with what can be shown of it', () => {
  const cyclic: Record<string, unknown> = { a: 1 };
  cyclic.self = cyclic;
  const rows = [{ n: Number.NaN, b: 1 }, cyclic, { n: 1n }, { a: 1 }].map(
    (row, index): InputRow => ({ kind: 'row', index, row }),
  );
  const [header, ...lines] = new TextDecoder().decode(encodeRowset(rows)).trimEnd().split('\n');
  expect(JSON.parse(header!)).toMatchObject({ in: 4, out: 1, rejected: 3 });
  expect(lines).toEqual([
    '[3,{"a":1}]',
    '[0,{"text":"{\\"n\\":null,\\"b\\":1}"},"input","row 1: a row holds JSON only; row.n is NaN"]',
    '[1,{"text":""},"input","row 2: a row has at most 128 levels of objects and arrays"]',
    '[2,{"text":""},"input","row 3: a row holds JSON only; row.n is a bigint"]',
  ]);
});
