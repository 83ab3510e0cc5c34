import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { encodeRowset } from '../input/rowset.ts';
import { mix32 } from '../runtime/hash.ts';
import { createLocalEngine, type LocalRun, runPartitions } from './run-local.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-semantic-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Row = { readonly vector: unknown };

let files = 0;
async function bundleSemantic(semantic: number, more = ''): Promise<BundledWorkflow> {
  const file = join(folder, `w${files++}.ts`);
  const operator = `.dedupe('d', (r: any) => r.vector, { semantic: ${semantic}, onDuplicate: 'reject'${more} })`;
  await writeFile(file, `import { dataset } from 'mizu';\nexport default dataset('w')${operator};\n`);
  return bundleWorkflow(file);
}

function cut(rows: readonly Row[], size: number): Uint8Array[] {
  const inputs = rows.map((row, index) => ({ kind: 'row' as const, index, row }));
  if (rows.length === 0) return [encodeRowset([])];
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
    encodeRowset(inputs.slice(i * size, (i + 1) * size)),
  );
}

/** Index and reason of each row that does not stay. */
function outOf({ rejects }: LocalRun): [number, string][] {
  return rejects
    .map(({ index, reason }): [number, string] => [index, reason.split('\n')[0]!])
    .sort(([a], [b]) => a - b);
}

const keptOf = (rows: readonly Row[], run: LocalRun): Row[] => {
  const out = new Set(outOf(run).map(([index]) => index));
  return rows.filter((_, index) => !out.has(index));
};

let state = 1;
const chance = (): number => mix32(state++) / 2 ** 32 - 0.5;

function unit(values: readonly number[]): number[] {
  const length = Math.hypot(...values);
  return values.map((value) => Math.round((value / length) * 65_536));
}

/** Directions, and others that lie around them at many angles. */
function vectors(directions: number, count: number): Row[] {
  const centres = Array.from({ length: directions }, () => Array.from({ length: 512 }, chance));
  return Array.from({ length: count }, (_, i) => {
    const noise = (i % 7) / 7;
    return { vector: unit(centres[mix32(i + 99) % directions]!.map((value) => value + noise * chance())) };
  });
}

/** Of a few numbers that are large beside the others, or all small: the bytes that they are rounded to say little. */
function uneven(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => {
    const few = i % 3 === 0 ? 40_000 : 0;
    return {
      vector: Array.from({ length: 512 }, (_, at) =>
        at === i % 2 ? few + 700 * (i % 5) : Math.round(chance() * (1 + (i % 4) * 9)),
      ),
    };
  });
}

/** docs/sdk.md#semantic by the word, in whole numbers without bound. */
function byDefinition(rows: readonly Row[], percent: bigint): [number, string][] {
  const product = (a: readonly number[], b: readonly number[]): bigint => {
    let sum = 0;
    for (let i = 0; i < 512; i++) sum += a[i]! * b[i]!;
    return BigInt(sum);
  };
  const kept: { readonly vector: number[]; readonly index: number; readonly square: bigint }[] = [];
  const out: [number, string][] = [];
  rows.forEach((row, index) => {
    const vector = row.vector as number[];
    const square = product(vector, vector);
    const first = kept.find((other) => {
      const both = product(vector, other.vector);
      return both > 0n && both * both * 10_000n >= percent * percent * square * other.square;
    });
    if (first === undefined) kept.push({ vector, index, square });
    else out.push([index, `duplicate of row ${first.index}`]);
  });
  return out;
}

test('rows stay as every pair says that is compared in whole numbers, over partitions and engines, and once is as good as twice', async () => {
  const rows = [...vectors(12, 200), ...uneven(60)];
  for (const [percent, size, name] of [
    [90n, 300, 'native'],
    [95n, 37, 'native'],
    [99n, 50, 'node'],
    [30n, 60, 'native'],
  ] as const) {
    const expected = byDefinition(rows, percent);
    const bundled = await bundleSemantic(Number(percent) / 100);
    const engine = await createLocalEngine(bundled, { engine: name });
    const run = await runPartitions(bundled, engine, cut(rows, size));
    expect(outOf(run)).toEqual(expected);
    const rest = keptOf(rows, run);
    expect(rest.length).toBe(rows.length - expected.length);
    expect(outOf(await runPartitions(bundled, engine, cut(rest, 41)))).toEqual([]);
  }
  expect(byDefinition(rows, 90n).length).toBeGreaterThan(50);
  expect(byDefinition(rows, 99n).length).toBeLessThan(byDefinition(rows, 90n).length);
});

test('what is no vector is rejected with its reason; rows without one, or with zeros, are no one’s duplicates', async () => {
  const [{ vector }, other] = vectors(2, 9).filter((_, i) => i % 7 === 0) as [{ vector: number[] }, Row];
  const zeros = new Array<number>(512).fill(0);
  const at = (index: number, value: unknown): unknown[] => vector.map((own, i) => (i === index ? value : own));
  const rows: Row[] = [
    { vector },
    { vector: null },
    { vector: null },
    { vector: zeros },
    { vector: zeros },
    { vector: vector.map((value) => -value) },
    { vector: vector.map((value) => Math.trunc(value / 2) * 2) },
    { vector: [...vector] },
    { vector: vector.slice(1) },
    { vector: 'text' },
    { vector: at(3, 0.5) },
    { vector: at(4, null) },
    { vector: at(5, 65_537) },
    { vector: undefined },
    other,
  ];
  const bundled = await bundleSemantic(1);
  for (const name of ['node', 'native'] as const) {
    const engine = await createLocalEngine(bundled, { engine: name });
    expect(outOf(await runPartitions(bundled, engine, cut(rows, 4)))).toMatchObject([
      [7, 'duplicate of row 0'],
      [8, expect.stringContaining('a vector of 512 numbers, not of 511')],
      [9, expect.stringContaining('a vector as embed gives it, or null, not')],
      [10, expect.stringContaining('number 3 of the key is a whole number from -65536 to 65536, not 0.5')],
      [11, expect.stringContaining('number 4')],
      [12, expect.stringContaining('number 5')],
      [13, expect.stringContaining('a vector as embed gives it, or null, not')],
    ]);
    expect(outOf(await runPartitions(bundled, engine, cut([], 4)))).toEqual([]);
  }
});

test('its options are checked', async () => {
  for (const [semantic, more] of [
    [0.2, ''],
    [1.1, ''],
    [0.9, ', near: 0.8'],
    [0.9, ', buckets: 2'],
    [0.9, ', shingle: 2'],
  ] as const)
    await expect(bundleSemantic(semantic, more)).rejects.toMatchObject({ code: 'sdk/bad-option' });
});
