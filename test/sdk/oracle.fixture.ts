// docs/sdk.md#order: runs a chain over rows that are cut anywhere, to be compared with plain JavaScript.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type BundledWorkflow, bundleWorkflow } from '../../sdk/compile/compile.ts';
import { encodeRowset, type InputRow } from '../../sdk/input/rowset.ts';
import type { EngineName } from '../../sdk/local/engine.ts';
import { createLocalEngine, type LocalRun, runPartitions } from '../../sdk/local/run-local.ts';
import type { RowsetTag } from '../../sdk/runtime/rowset.ts';

export type OracleChain = {
  readonly bundled: BundledWorkflow;
  /** `cuts` are the places where a partition ends; twice the same one makes an empty partition. */
  run(rows: readonly object[], cuts?: readonly number[], others?: readonly OtherRows[]): Promise<LocalRun>;
  /** With partitions as they are. */
  runInputs(inputs: readonly Uint8Array[]): Promise<LocalRun>;
};

/** Rows of another input than the dataset's own; a text is a line that is no row. */
export type OtherRows = {
  readonly name: string;
  readonly rows: readonly (object | string)[];
  readonly cuts?: readonly number[];
};

/** `chain` follows `dataset<any>('w')`. Not fused, each row operator is a stage of its own. */
export async function openOracleChain(
  chain: string,
  engine: EngineName = 'node',
  head = '',
  fused = true,
  from?: string,
): Promise<OracleChain> {
  const folder = await mkdtemp(join(tmpdir(), 'mizu-chain-'));
  try {
    const file = join(folder, 'w.ts');
    await writeFile(
      file,
      `import { dataset, input, z } from 'mizu';\n${head}\nexport default dataset<any>('w')${chain};\n`,
    );
    const bundled = await bundleWorkflow(file, fused, { from });
    const local = await createLocalEngine(bundled, { engine });
    return {
      bundled,
      run: (rows, cuts = [], others = []) => {
        const joined = others.flatMap((other) => cut(other.rows, other.cuts ?? [], { input: other.name }));
        return runPartitions(bundled, local, [...cut(rows, cuts), ...joined]);
      },
      runInputs: (inputs) => runPartitions(bundled, local, inputs),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function cut(rows: readonly (object | string)[], cuts: readonly number[], tag: RowsetTag = {}): Uint8Array[] {
  const inputs = rows.map((row, index): InputRow => {
    return typeof row === 'string'
      ? { kind: 'broken', index, text: row, reason: 'no row' }
      : { kind: 'row', index, row };
  });
  const borders = [0, ...[...cuts].map((at) => Math.min(at, rows.length)).sort((a, b) => a - b), rows.length];
  return borders.slice(1).map((to, i) => encodeRowset(inputs.slice(borders[i], to), tag));
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
