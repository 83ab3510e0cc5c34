// docs/sdk.md#near: near duplicates over the whole dataset: candidates by band, checked by signature, then connected components.
import type { DedupeStep } from '../workflow/step.ts';
import { createExtraReader, createFacts, type FactsHeader, readFactsHeader, readGroup } from './facts.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { isNear, type NearEntry, readNearEntry } from './near-keys.ts';
import { DROP_WORDS, FAILED, FAILED_ORDINAL } from './stage-dedupe.ts';

/** Two global row numbers: the later one is like the earlier one. Twice the same: its key failed. */
const EDGE_WORDS = 2;
/** Members of a band bucket that are unlike each other and yet share its hash: more are not compared. */
const MAX_REPRESENTATIVES = 16;

/** One bucket of bands, over all partitions: the pairs that are near duplicates by their signatures. */
export function runReduceNear(io: GuestIo, step: DedupeStep, bucket: number): void {
  const partitions = openPartitions(io, io.inputCount() - FIRST_INPUT);
  const near = step.near!;
  const representatives = new Map<number, number[]>();
  const entries = new Map<number, NearEntry>();
  const edges = createFacts('edges', 0, 1, EDGE_WORDS, 0);
  const seen = new Set<number>();
  const entryOf = (partition: Partition, row: number): NearEntry => {
    let entry = entries.get(row);
    if (entry === undefined) {
      entry = readNearEntry(partition.extra(row - partition.base));
      entries.set(row, entry);
    }
    return entry;
  };
  for (const partition of partitions) {
    const records = readGroup(io, partition.input, partition.header, bucket);
    for (let i = 0; i < records.length; i += 2) {
      const ordinal = records[i + 1]!;
      if (ordinal >= FAILED_ORDINAL) {
        const failed = partition.base + ordinal - FAILED_ORDINAL;
        edges.add(0, [failed, failed]);
        continue;
      }
      const row = partition.base + ordinal;
      const list = representatives.get(records[i]!);
      if (list === undefined) {
        representatives.set(records[i]!, [row]);
        continue;
      }
      const like = list.find((other) => {
        const pair = other * 2 ** 26 + row;
        if (seen.has(pair)) return true;
        if (!isNear(entryOf(partitionOf(partitions, other), other), entryOf(partition, row), near)) return false;
        seen.add(pair);
        edges.add(0, [other, row]);
        return true;
      });
      if (like === undefined && list.length < MAX_REPRESENTATIVES) list.push(row);
    }
  }
  edges.finish(io, new Uint32Array(0));
}

/** One task: unites all pairs and keeps the first row of each component. Inputs: keys of all partitions, then all edges. */
export function runCluster(io: GuestIo, partitionCount: number): void {
  const partitions = openPartitions(io, partitionCount);
  const parent = new Map<number, number>();
  const failed: number[] = [];
  const find = (row: number): number => {
    let root = row;
    for (let up = parent.get(root); up !== undefined; up = parent.get(root)) root = up;
    for (let at = row; at !== root; ) {
      const up = parent.get(at)!;
      parent.set(at, root);
      at = up;
    }
    return root;
  };
  for (let input = FIRST_INPUT + partitionCount; input < io.inputCount(); input++) {
    const edges = readGroup(io, input, readFactsHeader(io, input), 0);
    for (let i = 0; i < edges.length; i += EDGE_WORDS) {
      if (edges[i] === edges[i + 1]) failed.push(edges[i]!);
      const [a, b] = [find(edges[i]!), find(edges[i + 1]!)];
      if (a !== b) parent.set(Math.max(a, b), Math.min(a, b));
    }
  }
  const drops = createFacts('drops', 0, partitionCount, DROP_WORDS, 0);
  for (const row of [...parent.keys()].sort((a, b) => a - b)) {
    const kept = find(row);
    const keptIn = partitionOf(partitions, kept);
    const own = partitionOf(partitions, row);
    drops.add(partitions.indexOf(own), [row - own.base, keptIn.extra(kept - keptIn.base)[0]!]);
  }
  for (const row of failed) {
    const own = partitionOf(partitions, row);
    drops.add(partitions.indexOf(own), [row - own.base, FAILED]);
  }
  drops.finish(io, new Uint32Array(0));
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

function partitionOf(partitions: readonly Partition[], row: number): Partition {
  let low = 0;
  let high = partitions.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (partitions[middle]!.base <= row) low = middle;
    else high = middle - 1;
  }
  return partitions[low]!;
}
