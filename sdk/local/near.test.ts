import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareKept, gramsOf, languageTexts, similarityOf } from '../../test/sdk/recall.fixture.ts';
import { fillTemplates } from '../../test/sdk/templates.fixture.ts';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { encodeRowset } from '../input/rowset.ts';
import { mix32 } from '../runtime/hash.ts';
import { createNearBands, createNearKey } from '../runtime/near-keys.ts';
import { isNear } from '../runtime/near-task.ts';
import { createMemoryIo } from './memory-io.ts';
import { createLocalEngine, type LocalRun, runPartitions } from './run-local.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-near-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
async function bundleNear(options: string): Promise<BundledWorkflow> {
  const file = join(folder, `w${files++}.ts`);
  const operator = `.dedupe('d', (r: any) => r.text, { onDuplicate: 'reject', ${options} })`;
  await writeFile(file, `import { dataset } from 'mizu';\nexport default dataset('w')${operator};\n`);
  return bundleWorkflow(file);
}

type TextRow = { readonly text: string };

function cut(rows: readonly TextRow[], size: number): Uint8Array[] {
  const inputs = rows.map((row, index) => ({ kind: 'row' as const, index, row }));
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
    encodeRowset(inputs.slice(i * size, (i + 1) * size)),
  );
}

/** Of each row the first row of its component. */
function keptFor(run: LocalRun, count: number): number[] {
  const kept = Array.from({ length: count }, (_, row) => row);
  for (const { index, reason } of run.rejects) kept[index] = Number(/^duplicate of row (\d+)$/.exec(reason)![1]);
  return kept;
}

/** docs/sdk.md#near by the word: every row against the first row of each of its bands. */
function keptByDefinition(rows: readonly TextRow[], near: number): number[] {
  const { io } = createMemoryIo({}, []);
  const banding = createNearBands({ near, shingle: 3, tokens: 'words' }, 1);
  const first = new Map<number, number>();
  const kept = rows.map((_, row) => row);
  const entries = rows.map(({ text }, row) => {
    const { records, count, words } = createNearKey(io, text, row, banding);
    const bands = records.filter((_, i) => i % 3 === 1);
    return { bands, entry: Uint32Array.of(row, count, ...words), row };
  });
  for (const { bands, entry, row } of entries) {
    for (const band of bands) {
      const other = first.get(band);
      if (other === undefined) first.set(band, row);
      else if (other !== row && isNear(entries[other]!.entry, entry, near)) {
        const [a, b] = [kept[other]!, kept[row]!];
        for (let i = 0; i <= row; i++) if (kept[i] === Math.max(a, b)) kept[i] = Math.min(a, b);
      }
    }
  }
  return kept;
}

test('partitions, buckets and engine change nothing: each row is compared with the first row of each of its bands', async () => {
  const rows = fillTemplates(400).flatMap(({ text }, i) =>
    i % 10 === 3 ? [{ text }, { text: `${text} Thank you very much indeed!` }, { text: text.repeat(3) }] : [{ text }],
  );
  for (const [near, buckets, size, name] of [
    [0.5, 4, 7, 'node'],
    [0.8, 1, 100, 'node'],
    [0.8, 3, 150, 'native'],
  ] as const) {
    const expected = keptByDefinition(rows, near);
    expect(expected.filter((kept, row) => kept !== row).length).toBeGreaterThan(40);
    const bundled = await bundleNear(`near: ${near}, buckets: ${buckets}`);
    const engine = await createLocalEngine(bundled, { engine: name });
    expect(keptFor(await runPartitions(bundled, engine, cut(rows, size)), rows.length)).toEqual(expected);
  }
});

test('at least 99 % of the pairs at the threshold and above are found, and no others by much', async () => {
  for (const near of [0.5, 0.8, 0.95]) {
    const bundled = await bundleNear(`near: ${near}`);
    const engine = await createLocalEngine(bundled, { engine: 'node' });
    let [pairs, found] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 160 }), async (seed, longest) => {
        const texts = plantDuplicates(seed, longest);
        const rows = texts.map((words) => ({ text: words.join(' ') }));
        const kept = keptFor(await runPartitions(bundled, engine, cut(rows, 40)), rows.length);
        const sets = texts.map(gramsOf);
        for (let b = 0; b < texts.length; b++) {
          let most = 0;
          for (let a = 0; a < b; a++) {
            const similarity = similarityOf(sets[a]!, sets[b]!);
            most = Math.max(most, similarity);
            if (similarity < near) continue;
            pairs++;
            if (kept[a] === kept[b]) found++;
          }
          // Long texts are compared by 128 bins: three deviations below.
          if (kept[b] !== b && texts[b]!.length > 0) expect(most).toBeGreaterThan(near - 0.03 - 0.14);
        }
      }),
      { numRuns: 8, seed: 7 },
    );
    expect(pairs).toBeGreaterThan(100);
    expect(found / pairs).toBeGreaterThanOrEqual(0.99);
  }
});

test('in every script what is alike is joined and nothing else, on node as on native', async () => {
  const texts = languageTexts();
  const rows = texts.map((text) => ({ text }));
  const bundled = await bundleNear('near: 0.8');
  const node = await createLocalEngine(bundled, { engine: 'node' });
  const kept = keptFor(await runPartitions(bundled, node, cut(rows, 50)), rows.length);
  const native = await createLocalEngine(bundled);
  const run = await runPartitions(bundled, native, cut(rows, 50));
  expect(keptFor(run, rows.length)).toEqual(kept);
  // A row of 150 characters beyond ASCII: some are a shingle each.
  expect(Number(run.stages[0]!.gasUsed) / rows.length).toBeLessThan(6_000_000);

  // What is more are texts of more than 64 shingles, whose similarity is estimated.
  expect(compareKept(texts, kept, 0.8)).toEqual({ pairs: 480, joined: 480, more: 18, wrong: 0 });
});

test('characters and the size of a shingle are options', async () => {
  const rows = [
    { text: 'colour of the harbour' },
    { text: 'color of the harbor' },
    { text: 'a wall' },
    { text: 'A wall?' },
  ];
  const keptWith = async (options: string): Promise<number[]> => {
    const bundled = await bundleNear(options);
    const engine = await createLocalEngine(bundled, { engine: 'node' });
    return keptFor(await runPartitions(bundled, engine, cut(rows, 2)), rows.length);
  };
  expect(await keptWith('near: 0.6')).toEqual([0, 1, 2, 2]);
  expect(await keptWith(`near: 0.6, tokens: 'characters'`)).toEqual([0, 0, 2, 2]);
  expect(await keptWith(`near: 0.8, tokens: 'characters', shingle: 1`)).toEqual([0, 0, 2, 2]);
  expect(await keptWith('near: 0.3, shingle: 1')).toEqual([0, 0, 2, 2]);
  expect(await keptWith('near: 0.3, shingle: 8')).toEqual([0, 1, 2, 2]);
});

/** Texts of random words, and after each some that differ from it in one of 3 to 60 words. */
function plantDuplicates(seed: number, longest: number): string[][] {
  let state = seed;
  const draw = (below: number): number => {
    state = mix32(state + 0x9e3779b9);
    return state % below;
  };
  return Array.from({ length: 30 }, () => {
    const words = Array.from({ length: 1 + draw(longest) }, () => `w${draw(20_000)}`);
    return [0, 1, 2].map((copy) => {
      const every = 3 + draw(58);
      return words.map((word) => (copy > 0 && draw(every) === 0 ? `x${draw(20_000)}` : word));
    });
  }).flat();
}
