// docs/sdk.md#input: cuts rows into rowset partitions, streaming: one partition is in memory at a time.
import { stat } from 'node:fs/promises';
import { MAX_PARTITION_BYTES, MAX_PARTITIONS } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { readRows } from './read-rows.ts';
import { encodeInputRow, type InputRow, joinRowset } from './rowset.ts';

export type Partition = { readonly bytes: Uint8Array; readonly rows: number; readonly broken: number };

export type PartitionSize = { readonly bytes: number; readonly rows: number };

export const DEFAULT_SIZE: PartitionSize = { bytes: 256 * 1024, rows: 1_000 };
/** Header and the last row's overhang. */
const HEADROOM_BYTES = 1_024;
const GROW_BYTES = 96 * 1024 * 1024;

/** The partitions of a file; the same file gives the same ones. `onRow` sees every row. @throws MizuError `sdk/input-too-large` */
export async function* partitionFile(file: string, onRow?: (row: InputRow) => void): AsyncGenerator<Partition> {
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  yield* partitionRows(readRows(file), sizeFor(size), onRow);
}

/** Larger files get larger partitions, so that 1,024 hold them: up to 1 MiB each. */
export function sizeFor(fileBytes: number): PartitionSize {
  const factor = Math.max(1, Math.ceil(fileBytes / GROW_BYTES));
  const bytes = Math.min(DEFAULT_SIZE.bytes * factor, MAX_PARTITION_BYTES - HEADROOM_BYTES);
  return { bytes, rows: fileBytes > GROW_BYTES / 4 ? Number.POSITIVE_INFINITY : DEFAULT_SIZE.rows };
}

export async function* partitionRows(
  rows: AsyncIterable<InputRow> | Iterable<InputRow>,
  size: PartitionSize,
  onRow?: (row: InputRow) => void,
): AsyncGenerator<Partition> {
  let live: string[] = [];
  let broken: string[] = [];
  let bytes = 0;
  let count = 0;
  const take = (): Partition => {
    if (++count > MAX_PARTITIONS) throw tooLarge();
    const partition = { bytes: joinRowset(live, broken), rows: live.length, broken: broken.length };
    live = [];
    broken = [];
    bytes = 0;
    return partition;
  };
  for await (const row of rows) {
    onRow?.(row);
    const { line, live: isLive } = encodeInputRow(row);
    const length = Buffer.byteLength(line) + 1;
    const filled = live.length + broken.length;
    if (filled > 0 && (bytes + length > size.bytes || filled >= size.rows)) yield take();
    (isLive ? live : broken).push(line);
    bytes += length;
  }
  if (live.length + broken.length > 0) yield take();
}

function tooLarge(): MizuError {
  return new MizuError({
    code: 'sdk/input-too-large',
    message: 'The input is too large for one run.',
    expected: `at most ${MAX_PARTITIONS} partitions of 1 MiB`,
    actual: 'more',
    hint: 'Split the file and make several runs.',
  });
}
