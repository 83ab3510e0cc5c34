// docs/sdk.md#near: near duplicates over the whole dataset: rows that share a band are compared, then connected components.
import type { DedupeOperator } from '../workflow/operator.ts';
import {
  bytesOf,
  createFacts,
  extraOffset,
  type FactsHeader,
  groupRange,
  readFactsHeader,
  readGroup,
} from './facts.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { NEAR_WORDS } from './near-keys.ts';
import { DROP_WORDS, FAILED } from './stage-dedupe.ts';

/** Two global row numbers: the later one is like the earlier one. Twice the same: its key failed. */
const EDGE_WORDS = 2;
/** In place of a row's index. */
const UNREAD = 0xffffffff;

/**
 * One bucket of bands, over all partitions: pairs that are near duplicates. A row is compared with the first row of each of its
 * bands, so the work for a row does not depend on how many others there are. Compiled: a comparison takes a fiftieth of QuickJS's gas.
 */
export function runReduceNear(io: GuestIo, operator: DedupeOperator, bucket: number): void {
  const edges = createFacts('edges', 0, 1, EDGE_WORDS, 0);
  // Near as f64, then u32: input, offset and number of the records, base and number of the rows, offset of their words.
  const options = new DataView(new ArrayBuffer(32));
  options.setFloat64(0, operator.near!, true);
  for (const { input, header, base } of openPartitions(io, io.inputCount() - FIRST_INPUT)) {
    const { offset, count } = groupRange(io, input, header, bucket);
    [input, offset, count, base, header.count, extraOffset(io, input, header)].forEach((word, i) => {
      options.setUint32(8 + 4 * i, word, true);
    });
    edges.addAll(io.nearPairs(new Uint8Array(options.buffer)));
  }
  edges.finish(io, new Uint32Array(0));
}

/** One task: unites all pairs and keeps the first row of each component. Inputs: keys of all partitions, then all edges. */
export function runCluster(io: GuestIo, partitionCount: number): void {
  const partitions = openPartitions(io, partitionCount);
  const last = partitions.at(-1);
  const rows = last === undefined ? 0 : last.base + last.header.count;
  const drops = createFacts('drops', 0, partitionCount, DROP_WORDS, 0);
  const failed: number[] = [];
  for (let input = FIRST_INPUT + partitionCount; input < io.inputCount(); input++) {
    const edges = readGroup(io, input, readFactsHeader(io, input), 0);
    for (const row of io.unite(bytesOf(edges), rows)) failed.push(row);
  }
  // Of rows that others repeat.
  const indexes = new Uint32Array(rows).fill(UNREAD);
  const indexOf = (row: number): number => {
    if (indexes[row] === UNREAD) {
      const { input, header, base } = partitions[partitionOf(partitions, row)]!;
      const offset = extraOffset(io, input, header) + 4 * NEAR_WORDS * (row - base);
      indexes[row] = new DataView(io.read(input, offset, 4).slice().buffer).getUint32(0, true);
    }
    return indexes[row]!;
  };
  partitions.forEach(({ base, header }, partition) => {
    const repeats = io.repeats(partition, base, header.count);
    const length = repeats.length;
    for (let i = 2; i < length; i += 1 + DROP_WORDS) repeats[i] = indexOf(repeats[i]!);
    drops.addAll(repeats);
  });
  for (const row of failed) {
    const own = partitionOf(partitions, row);
    drops.add(own, [row - partitions[own]!.base, FAILED]);
  }
  drops.finish(io, new Uint32Array(0));
}

type Partition = {
  readonly input: number;
  readonly header: FactsHeader;
  /** Global number of its first row. */
  readonly base: number;
};

function openPartitions(io: GuestIo, count: number): Partition[] {
  let base = 0;
  return Array.from({ length: count }, (_, i) => {
    const input = FIRST_INPUT + i;
    const header = readFactsHeader(io, input);
    base += header.count;
    return { input, header, base: base - header.count };
  });
}

/** Number of the partition that has the row. */
function partitionOf(partitions: readonly Partition[], row: number): number {
  let low = 0;
  let high = partitions.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (partitions[middle]!.base <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
