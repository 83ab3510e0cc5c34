// docs/sdk.md#run: one pass over an input file: its partitions' roots, its numbers, and a sample of its rows.
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { hashInputs } from '../../protocol/messages.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import type { InputOptions } from '../input/format.ts';
import { type Partition, partitionFile, partitionRows } from '../input/partition.ts';
import type { InputRow } from '../input/rowset.ts';
import { mix32 } from '../runtime/hash.ts';

export type Survey = {
  readonly file: string;
  /** How it was read. */
  readonly options: InputOptions;
  readonly refs: readonly ObjectRef[];
  /** Names the input: the same rows in the same partitions. */
  readonly inputsHash: Hex;
  readonly rows: number;
  readonly broken: number;
  readonly bytes: number;
  /** Rows chosen by a hash of their line number, in the file's order. */
  readonly sample: readonly InputRow[];
  /** Makes the partitions once more, if they are not those of the file. */
  readonly open?: () => AsyncIterable<Partition>;
};

/** @throws MizuError `sdk/no-input`, `sdk/empty-input`, `sdk/input-…`, `sdk/csv-…` */
export function surveyInput(file: string, sampleSize: number, options: InputOptions = {}): Promise<Survey> {
  return survey(file, options, sampleSize, (onRow) => partitionFile(file, options, onRow));
}

/** Of rows that are read from elsewhere, each time anew; they keep their index. `file` says where they stand. @throws MizuError `sdk/empty-input` */
export async function surveyRows(
  file: string,
  sampleSize: number,
  rows: () => AsyncIterable<InputRow>,
): Promise<Survey> {
  const found = await survey(file, {}, sampleSize, (onRow) => partitionRows(rows(), onRow));
  return { ...found, open: () => partitionRows(rows()) };
}

async function survey(
  file: string,
  options: InputOptions,
  sampleSize: number,
  partitions: (onRow?: (row: InputRow) => void) => AsyncIterable<Partition>,
): Promise<Survey> {
  const refs: ObjectRef[] = [];
  const chosen: { key: number; row: InputRow }[] = [];
  let [rows, broken, bytes] = [0, 0, 0];
  const onRow = (row: InputRow): void => {
    if (row.kind !== 'row') return;
    const key = mix32(row.index + 1);
    if (chosen.length === sampleSize && key >= chosen.at(-1)!.key) return;
    const at = chosen.findIndex((other) => other.key > key);
    chosen.splice(at < 0 ? chosen.length : at, 0, { key, row });
    if (chosen.length > sampleSize) chosen.pop();
  };
  for await (const partition of partitions(sampleSize > 0 ? onRow : undefined)) {
    refs.push(objectRef(partition.bytes));
    rows += partition.rows;
    broken += partition.broken;
    bytes += partition.bytes.length;
  }
  if (refs.length === 0) throw emptyInput(file);
  const sample = chosen.map(({ row }) => row).sort((a, b) => a.index - b.index);
  return { file, options, refs, inputsHash: hashInputs(refs), rows, broken, bytes, sample };
}

function emptyInput(file: string): MizuError {
  return new MizuError({
    code: 'sdk/empty-input',
    message: `${file} has no rows.`,
    expected: 'one row or more',
    actual: 'nothing, or a header alone',
    hint: 'Check the path given with --input.',
  });
}
