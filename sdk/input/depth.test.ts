import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLocal } from '../local/run-local.ts';
import { MAX_ROW_DEPTH } from '../runtime/canonical.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-depth-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const arrays = (levels: number): unknown => (levels === 0 ? 0 : [arrays(levels - 1)]);
const objects = (levels: number): unknown => (levels === 0 ? 0 : { z: 1, a: objects(levels - 1) });

test('the DataVM takes the deepest row through every kind of operator; what is deeper costs itself', async () => {
  const file = join(folder, 'w.ts');
  await writeFile(
    file,
    `import { dataset, z } from 'mizu';
export default dataset('deep', z.object({ v: z.any(), z: z.number() }))
  .map('same', (row) => ({ z: row.z, v: row.v }))
  .validate('any', z.looseObject({ v: z.any() }))
  .dedupe('dup', (row) => row.v)
  .map('copy', (row) => JSON.parse(JSON.stringify(row)))
  .generate('title', { model: 'builtin/small', prompt: (row) => JSON.stringify(row.v).slice(0, 20) })
  .map('deeper', (row) => (row.z === 1 ? { v: [[row.v]], z: 1 } : row));
`,
  );
  const inner = MAX_ROW_DEPTH - 1;
  const rows = [arrays(inner), objects(inner), arrays(inner + 1), objects(5_000), [1]].map((v) => ({ v, z: 0 }));
  rows.push({ v: arrays(inner - 1), z: 1 });
  const { parts, rejects } = await runLocal(file, rows);
  expect(parts.train?.map(({ v }) => v)).toEqual([arrays(inner), objects(inner), [1]]);
  expect(rejects.map(({ index, operator, reason }) => [index, operator, reason])).toEqual([
    [2, 'input', 'row 3: a row has at most 128 levels of objects and arrays'],
    [3, 'input', 'row 4: a row has at most 128 levels of objects and arrays'],
    [5, 'deeper', 'RangeError: a row has at most 128 levels of objects and arrays (w.ts:8)'],
  ]);
});
