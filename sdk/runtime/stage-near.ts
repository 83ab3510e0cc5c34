// docs/sdk.md#near: near duplicates over the whole dataset: candidates by band, checked by signature, then connected components.
import type { DedupeStep } from '../workflow/step.ts';
import { bytesOf, createExtraReader, createFacts, type FactsHeader, readFactsHeader, readGroup } from './facts.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { isNear, type NearEntry, readNearEntry } from './near-keys.ts';
import { DROP_WORDS, FAILED } from './stage-dedupe.ts';

/** Two global row numbers: the later one is like the earlier one. Twice the same: its key failed. */
const EDGE_WORDS = 2;
/** Entries of rows that others were compared with are kept for the next comparison, up to so many (0.5 KiB each). */
const MAX_KEPT = 4096;

/**
 * One bucket of bands, over all partitions: pairs that are near duplicates. A row is compared with the first row of each of its
 * bands, so the work for a row does not depend on how many others there are.
 */
export function runReduceNear(io: GuestIo, step: DedupeStep, bucket: number): void {
  const partitions = openPartitions(io, io.inputCount() - FIRST_INPUT);
  const near = step.near!;
  const groups = createGroups(partitions);
  const kept = new Map<number, NearEntry>();
  const edges = createFacts('edges', 0, 1, EDGE_WORDS, 0);
  const entryOf = (row: number): NearEntry => {
    let entry = kept.get(row);
    if (entry === undefined) {
      const { base, extra } = partitions[partitionOf(partitions, row)]!;
      entry = readNearEntry(extra(row - base));
      if (kept.size === MAX_KEPT) kept.clear();
      kept.set(row, entry);
    }
    return entry;
  };
  for (const { input, header, base, extra } of partitions) {
    const pairs = candidates(io, readGroup(io, input, header, bucket), base);
    let current = -1;
    let entry: NearEntry | null = null;
    for (let i = 0; i < pairs.length; i += 2) {
      const [first, row] = [pairs[i]!, pairs[i + 1]!];
      if (first === row) {
        edges.add(0, [row, row]);
        continue;
      }
      if (row !== current) {
        current = row;
        entry = null;
      }
      if (groups.find(first) === groups.find(row)) continue;
      entry ??= readNearEntry(extra(row - base));
      if (!isNear(io, entryOf(first), entry, near)) continue;
      groups.join(first, row);
      edges.add(0, [first, row]);
    }
  }
  edges.finish(io, new Uint32Array(0));
}

function candidates(io: GuestIo, records: Uint32Array, base: number): Uint32Array {
  return new Uint32Array(io.candidates(bytesOf(records), base).buffer);
}

/** One task: unites all pairs and keeps the first row of each component. Inputs: keys of all partitions, then all edges. */
export function runCluster(io: GuestIo, partitionCount: number): void {
  const partitions = openPartitions(io, partitionCount);
  const groups = createGroups(partitions);
  const failed: number[] = [];
  for (let input = FIRST_INPUT + partitionCount; input < io.inputCount(); input++) {
    const edges = readGroup(io, input, readFactsHeader(io, input), 0);
    for (let i = 0; i < edges.length; i += EDGE_WORDS) {
      if (edges[i] === edges[i + 1]) failed.push(edges[i]!);
      else groups.join(edges[i]!, edges[i + 1]!);
    }
  }
  const drops = createFacts('drops', 0, partitionCount, DROP_WORDS, 0);
  partitions.forEach(({ base, header }, partition) => {
    for (let ordinal = 0; ordinal < header.count; ordinal++) {
      const kept = groups.find(base + ordinal);
      if (kept === base + ordinal) continue;
      const keptIn = partitions[partitionOf(partitions, kept)]!;
      drops.add(partition, [ordinal, keptIn.extra(kept - keptIn.base)[0]!]);
    }
  });
  for (const row of failed) {
    const own = partitionOf(partitions, row);
    drops.add(own, [row - partitions[own]!.base, FAILED]);
  }
  drops.finish(io, new Uint32Array(0));
}

/** Which rows belong together; `find` tells the first row of a row's group. */
function createGroups(partitions: readonly Partition[]): {
  find(row: number): number;
  join(a: number, b: number): void;
} {
  const last = partitions.at(-1);
  const parent = Uint32Array.from({ length: last === undefined ? 0 : last.base + last.header.count }, (_, row) => row);
  const find = (row: number): number => {
    let at = row;
    for (let up = parent[at]!; up !== at; up = parent[at]!) {
      parent[at] = parent[up]!;
      at = parent[at]!;
    }
    return at;
  };
  const join = (a: number, b: number): void => {
    const [x, y] = [find(a), find(b)];
    if (x < y) parent[y] = x;
    else parent[x] = y;
  };
  return { find, join };
}

type Partition = {
  readonly input: number;
  readonly header: FactsHeader;
  /** Global number of its first row. */
  readonly base: number;
  readonly extra: (ordinal: number) => Uint32Array;
};

function openPartitions(io: GuestIo, count: number): Partition[] {
  let base = 0;
  return Array.from({ length: count }, (_, i) => {
    const input = FIRST_INPUT + i;
    const header = readFactsHeader(io, input);
    base += header.count;
    return { input, header, base: base - header.count, extra: createExtraReader(io, input, header) };
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
