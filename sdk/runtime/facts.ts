// docs/sdk.md#facts: tables of u32 words that travel between the tasks of a dedupe. A reader takes its own range of bytes only.
import { LEAF_BYTES } from '../../protocol/leaf.ts';
import { padHeader } from '../../protocol/rows.ts';
import type { GuestIo } from './io.ts';

/**
 * Object: one leaf of header `{"mizu":"facts","kind":…,"count":N,"groups":G,"words":W,"extra":X}`, then little-endian u32:
 * G + 1 record offsets, the records of group 0, 1, … (W words each), then X words per row of the source, by ordinal.
 */
export type FactsHeader = {
  readonly mizu: 'facts';
  readonly kind: string;
  /** Live rows of the source. */
  readonly count: number;
  readonly groups: number;
  readonly words: number;
  readonly extra: number;
};

/** Words that there is room for at first. */
const FIRST_CAPACITY = 1024;

/** Collects records by group. */
export type FactsWriter = {
  add(group: number, record: readonly number[]): void;
  /** Records of `1 + words` words, their group first. */
  addAll(records: Uint32Array): void;
  finish(io: GuestIo, extra: Uint32Array): void;
};

export function createFacts(
  kind: string,
  count: number,
  groups: number,
  words: number,
  extraWords: number,
): FactsWriter {
  // Each with its group before it.
  let records = new Uint32Array(FIRST_CAPACITY);
  let length = 0;
  const reserve = (more: number): void => {
    if (length + more <= records.length) return;
    const larger = new Uint32Array(2 * (length + more));
    larger.set(records);
    records = larger;
  };
  return {
    add: (group, record) => {
      reserve(1 + words);
      records[length++] = group;
      for (let i = 0; i < words; i++) records[length++] = record[i]!;
    },
    addAll: (added) => {
      reserve(added.length);
      records.set(added, length);
      length += added.length;
    },
    finish: (io, extra) => {
      io.write(padHeader({ mizu: 'facts', kind, count, groups, words, extra: extraWords }));
      io.write(io.group(bytesOf(records.subarray(0, length)), words, groups));
      if (extra.length > 0) io.write(bytesOf(extra));
    },
  };
}

export function readFactsHeader(io: GuestIo, input: number): FactsHeader {
  io.open(input);
  const header = io.next() ? (io.json() as FactsHeader) : null;
  if (header?.mizu !== 'facts') throw new Error(`input ${input} is not a facts object`);
  return header;
}

/** Where the records of one group are in the input, and how many. */
export function groupRange(
  io: GuestIo,
  input: number,
  header: FactsHeader,
  group: number,
): { readonly offset: number; readonly count: number } {
  const [from, to] = readWords(io, input, LEAF_BYTES + 4 * group, 2) as unknown as [number, number];
  return { offset: LEAF_BYTES + 4 * (header.groups + 1) + 4 * header.words * from, count: to - from };
}

/** The records of one group, `header.words` words each. */
export function readGroup(io: GuestIo, input: number, header: FactsHeader, group: number): Uint32Array {
  const { offset, count } = groupRange(io, input, header, group);
  return readWords(io, input, offset, header.words * count);
}

/** Where the `extra` words of the first row are. */
export function extraOffset(io: GuestIo, input: number, header: FactsHeader): number {
  const { offset, count } = groupRange(io, input, header, header.groups - 1);
  return offset + 4 * header.words * count;
}

function readWords(io: GuestIo, input: number, offset: number, count: number): Uint32Array {
  if (count === 0) return new Uint32Array(0);
  const bytes = io.read(input, offset, 4 * count);
  // A view needs an offset that is a multiple of 4, which a slice of a larger buffer need not have.
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, count)
    : new Uint32Array(bytes.slice().buffer);
}

export function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
