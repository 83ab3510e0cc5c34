// docs/sdk.md#partitions: cuts rows into rowset partitions, streaming: one partition is in memory at a time.
import { MAX_PARTITION_BYTES, MAX_PARTITIONS } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { RowsetTag } from '../runtime/rowset.ts';
import type { InputOptions } from './format.ts';
import { readRows } from './read-rows.ts';
import { encodeInputRow, type InputRow, joinRowset } from './rowset.ts';

export type Partition = { readonly bytes: Uint8Array; readonly rows: number; readonly broken: number };

export type PartitionSize = { readonly bytes: number; readonly rows: number };

const KIB = 1024;
/** The header, padded. */
const HEADROOM_BYTES = 1_024;
const LARGEST = { bytes: MAX_PARTITION_BYTES - HEADROOM_BYTES, rows: Number.POSITIVE_INFINITY };
/** Nobody knows how long a stream is: the further it goes the larger its partitions are, so that 1,024 hold 864 MiB. */
const SIZES: readonly (PartitionSize & { readonly until: number })[] = [
  { until: 128, bytes: 256 * KIB, rows: 1_000 },
  { until: 256, bytes: 512 * KIB, rows: Number.POSITIVE_INFINITY },
];

/** The partitions of an input; the same rows give the same ones. `onRow` sees every row. @throws MizuError `sdk/input-too-large` */
export function partitionFile(
  file: string,
  options: InputOptions = {},
  onRow?: (row: InputRow) => void,
  tag: RowsetTag = {},
): AsyncGenerator<Partition> {
  return partitionRows(readRows(file, options), onRow, tag, MAX_PARTITIONS, options.partitionRows);
}

/** Most that the partition of this place holds. */
export function partitionSize(place: number): PartitionSize {
  return SIZES.find(({ until }) => place < until) ?? LARGEST;
}

export async function* partitionRows(
  rows: AsyncIterable<InputRow> | Iterable<InputRow>,
  onRow?: (row: InputRow) => void,
  tag: RowsetTag = {},
  limit = MAX_PARTITIONS,
  mostRows = Number.POSITIVE_INFINITY,
): AsyncGenerator<Partition> {
  if (mostRows < 1 || Number.isNaN(mostRows)) throw noRoom(mostRows);
  let live: string[] = [];
  let broken: string[] = [];
  let bytes = 0;
  let count = 0;
  const take = (): Partition => {
    if (++count > limit) throw tooLarge(mostRows);
    const partition = { bytes: joinRowset(live, broken, tag), rows: live.length, broken: broken.length };
    live = [];
    broken = [];
    bytes = 0;
    return partition;
  };
  for await (const row of rows) {
    onRow?.(row);
    const { line, live: isLive } = encodeInputRow(row, tag.input);
    const length = Buffer.byteLength(line) + 1;
    const filled = live.length + broken.length;
    const size = partitionSize(count);
    if (filled > 0 && (bytes + length > size.bytes || filled >= Math.min(size.rows, mostRows))) yield take();
    (isLive ? live : broken).push(line);
    bytes += length;
  }
  if (live.length + broken.length > 0) yield take();
}

export function tooLarge(mostRows = Number.POSITIVE_INFINITY): MizuError {
  const size = Number.isFinite(mostRows) ? `${mostRows} rows, as a task has room for no more` : '1 MiB';
  return new MizuError({
    code: 'sdk/input-too-large',
    message: 'The input is too large for one run.',
    expected: `at most ${MAX_PARTITIONS} partitions of ${size}`,
    actual: 'more',
    hint: 'Split the input and make several runs.',
  });
}

function noRoom(actual: number): MizuError {
  return new MizuError({
    code: 'sdk/input-options',
    message: 'A partition has room for no row.',
    expected: 'partitionRows of 1 or more',
    actual: String(actual),
    hint: 'Leave --partition-rows out: the quote says how many rows a task has room for.',
  });
}
