// docs/sdk.md#order: runs a chain over rows that are cut anywhere, to be compared with plain JavaScript.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { encodeRowset } from '../input/rowset.ts';
import type { EngineName } from './engine.ts';
import { createLocalEngine, type LocalRun, runPartitions } from './run-local.ts';

export type Chain = {
  readonly bundled: BundledWorkflow;
  /** `cuts` are the places where a partition ends; twice the same one makes an empty partition. */
  run(rows: readonly object[], cuts?: readonly number[]): Promise<LocalRun>;
};

/** `chain` follows `dataset<any>('w')`. Not fused, each row step is a stage of its own. */
export async function openChain(chain: string, engine: EngineName = 'node', head = '', fused = true): Promise<Chain> {
  const folder = await mkdtemp(join(tmpdir(), 'mizu-chain-'));
  try {
    const file = join(folder, 'w.ts');
    await writeFile(file, `import { dataset, z } from 'mizu';\n${head}\nexport default dataset<any>('w')${chain};\n`);
    const bundled = await bundleWorkflow(file, fused);
    const local = await createLocalEngine(bundled, { engine });
    return {
      bundled,
      run: (rows, cuts = []) => {
        const inputs = rows.map((row, index) => ({ kind: 'row' as const, index, row }));
        const borders = [0, ...[...cuts].map((cut) => Math.min(cut, rows.length)).sort((a, b) => a - b), rows.length];
        const partitions = borders.slice(1).map((to, i) => encodeRowset(inputs.slice(borders[i], to)));
        return runPartitions(bundled, local, partitions);
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Up to 5 cuts of up to `rows` rows. */
export const anyCuts = (rows: number): fc.Arbitrary<number[]> => fc.array(fc.nat(rows), { maxLength: 5 });

/** Keys of which many are equal, and some only look it. */
export const anyKey = fc.constantFrom<unknown>(
  'a',
  'b',
  '',
  1,
  '1',
  -0,
  0,
  true,
  null,
  [1],
  { x: 1, '10': 2 },
  { '10': 2, x: 1 },
  '\u{1f600}',
  '\uffee',
);
