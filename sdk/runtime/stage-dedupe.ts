// docs/sdk.md#dedupe: equal keys over the whole dataset: keys (per partition) -> reduce (per bucket) -> apply (per partition).
import type { DedupeOperator } from '../workflow/operator.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { createFacts, readFactsHeader, readGroup } from './facts.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { createNearBands, createNearKey, FAILED_ORDINAL, NEAR_WORDS } from './near-keys.ts';
import { openRowset } from './rowset.ts';
import { keyText } from './split.ts';
import { vectorKeyOf } from './vector.ts';
import { DROP, KEEP, type StageOperator } from './verdict.ts';

/** key 128 bits, ordinal, index (`FAILED`: there is no key). */
const KEY_WORDS = 6;
/** band hash, ordinal. */
const BAND_WORDS = 2;
/** ordinal, index of the row that stays (`FAILED`: the row is rejected). */
export const DROP_WORDS = 2;

/** In place of a kept row's index: the key of the row itself failed. */
export const FAILED = 0xffffffff;
/** In place of a kept row's index: the row repeats none. */
const NONE = 0xfffffffe;

/** A row whose key fails is no one's duplicate; that it failed travels as a fact, and `createApply` rejects it. */
export function runKeys(context: Context, operator: DedupeOperator): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const { near: least, shingle, tokens } = operator;
  const near = least === null ? null : createNearBands({ near: least, shingle, tokens }, operator.buckets);
  const extraWords = near === null ? 0 : NEAR_WORDS;
  const facts = createFacts('keys', header.out, operator.buckets, near === null ? KEY_WORDS : BAND_WORDS, extraWords);
  const extra = new Uint32Array(header.out * extraWords);
  const addKey = (index: number, ordinal: number, key: string): void => {
    if (near === null) {
      const hash = io.hash(key, 0);
      facts.add(hash[0]! % operator.buckets, [hash[0]!, hash[1]!, hash[2]!, hash[3]!, ordinal, index]);
      return;
    }
    const { count, records, words } = createNearKey(io, key, ordinal, near);
    extra[ordinal * extraWords] = index;
    extra[ordinal * extraWords + 1] = count;
    extra.set(words, ordinal * extraWords + 2);
    facts.addAll(records);
  };
  let key: string | null = null;
  eachLiveRow(context, header, {
    attempt: (row) => {
      key = keyOf(operator, row);
    },
    commit: (index, ordinal) => {
      if (key !== null) addKey(index, ordinal, key);
    },
    made: operator.made,
    refuse: (_reason, ordinal) => {
      const record = near === null ? [0, 0, 0, 0, ordinal, FAILED] : [0, FAILED_ORDINAL + ordinal];
      facts.add(ordinal % operator.buckets, record);
    },
  });
  facts.finish(io, extra);
}

/** One bucket of exact keys, over all partitions: for each partition the ordinals that repeat an earlier row. */
export function runReduceExact(io: GuestIo, bucket: number): void {
  const partitions = io.inputCount() - FIRST_INPUT;
  const drops = createFacts('drops', 0, partitions, DROP_WORDS, 0);
  const first = new Map<string, number>();
  for (let partition = 0; partition < partitions; partition++) {
    const input = FIRST_INPUT + partition;
    const header = readFactsHeader(io, input);
    const records = readGroup(io, input, header, bucket);
    for (let i = 0; i < records.length; i += KEY_WORDS) {
      if (records[i + 5] === FAILED) {
        drops.add(partition, [records[i + 4]!, FAILED]);
        continue;
      }
      const key = String.fromCharCode(...split16(records, i));
      const kept = first.get(key);
      if (kept === undefined) first.set(key, records[i + 5]!);
      else drops.add(partition, [records[i + 4]!, kept]);
    }
  }
  drops.finish(io, new Uint32Array(0));
}

/** Drops (or rejects) the rows that any list names; input 1 are the rows, the lists follow. */
export function createApply(io: GuestIo, operator: DedupeOperator, partition: number): StageOperator {
  const keptBy = new Uint32Array(openRowset(io, FIRST_INPUT).out).fill(NONE);
  for (let input = FIRST_INPUT + 1; input < io.inputCount(); input++) {
    const records = readGroup(io, input, readFactsHeader(io, input), partition);
    const length = records.length;
    for (let i = 0; i < length; i += DROP_WORDS) keptBy[records[i]!] = records[i + 1]!;
  }
  return {
    name: operator.name,
    made: operator.made,
    blind: true,
    apply: (_row, { ordinal }) => {
      const kept = keptBy[ordinal];
      if (kept === NONE) return KEEP;
      if (kept === FAILED) {
        // Once more, for the reason.
        if (operator.semantic === null) keyOf(operator, io.row()[1]);
        else vectorKeyOf((operator.key as (row: object) => unknown)(io.row()[1]));
        return { kind: 'reject', reason: 'the key failed' };
      }
      return operator.onDuplicate === 'reject' ? { kind: 'reject', reason: `duplicate of row ${kept}` } : DROP;
    },
  };
}

/** Null: the row has none. A text that is near others is taken as it is. */
function keyOf(operator: DedupeOperator, row: object): string | null {
  const key = (operator.key as (row: object) => unknown)(row);
  if (key === null) return null;
  return operator.near !== null && typeof key === 'string' ? key : keyText(key);
}

// A Map key of 128 bits: eight UTF-16 units.
function split16(words: Uint32Array, at: number): number[] {
  const units: number[] = [];
  for (let i = at; i < at + 4; i++) units.push(words[i]! & 0xffff, words[i]! >>> 16);
  return units;
}
