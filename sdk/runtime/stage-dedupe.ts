// docs/sdk.md#dedupe: equal keys over the whole dataset: keys (per partition) -> reduce (per bucket) -> apply (per partition).
import type { DedupeStep } from '../workflow/step.ts';
import { canonical } from './canonical.ts';
import { createFacts, readFactsHeader, readGroup } from './facts.ts';
import { hashText } from './hash.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { createNearBands, createNearKey, NEAR_WORDS } from './near-keys.ts';
import { openRowset, rejectLine, rowIndex, rowText } from './rowset.ts';
import type { Intake } from './stage-rows.ts';

/** key 128 bits, ordinal, index. */
const KEY_WORDS = 6;
/** band hash, ordinal. */
const BAND_WORDS = 2;
/** ordinal, index of the row that stays. */
export const DROP_WORDS = 2;

/** A row whose key function throws, or yields no JSON, is nobody's duplicate. */
export function runKeys(io: GuestIo, step: DedupeStep): void {
  const header = openRowset(io, FIRST_INPUT);
  const near = step.near === null ? null : createNearBands(step.near);
  const extraWords = near === null ? 0 : NEAR_WORDS;
  const facts = createFacts('keys', header.out, step.buckets, near === null ? KEY_WORDS : BAND_WORDS, extraWords);
  const extra = new Uint32Array(header.out * extraWords);
  for (let ordinal = 0; ordinal < header.out && io.next(); ordinal++) {
    const [index, row] = io.json() as [number, object];
    const key = keyOf(step, row);
    if (key === null) continue;
    if (near === null) {
      const hash = hashText(canonical(key), 0);
      facts.add(hash[0]! % step.buckets, [hash[0]!, hash[1]!, hash[2]!, hash[3]!, ordinal, index]);
      continue;
    }
    const { count, bands, words } = createNearKey(typeof key === 'string' ? key : canonical(key), near);
    extra[ordinal * extraWords] = index;
    extra[ordinal * extraWords + 1] = count;
    extra.set(words, ordinal * extraWords + 2);
    for (let i = 0; i < bands.length; i++) facts.add(bands[i]! % step.buckets, [bands[i]!, ordinal]);
  }
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
      const key = String.fromCharCode(...split16(records, i));
      const kept = first.get(key);
      if (kept === undefined) first.set(key, records[i + 5]!);
      else drops.add(partition, [records[i + 4]!, kept]);
    }
  }
  drops.finish(io, new Uint32Array(0));
}

/** Drops (or rejects) the rows that any list names; input 1 are the rows, the lists follow. */
export function createApply(io: GuestIo, step: DedupeStep, partition: number): Intake {
  const keptBy = new Map<number, number>();
  for (let input = FIRST_INPUT + 1; input < io.inputCount(); input++) {
    const records = readGroup(io, input, readFactsHeader(io, input), partition);
    for (let i = 0; i < records.length; i += DROP_WORDS) keptBy.set(records[i]!, records[i + 1]!);
  }
  return {
    name: step.name,
    take: (ordinal, line, parse, run, rejects) => {
      const kept = keptBy.get(ordinal);
      if (kept !== undefined) {
        if (step.onDuplicate === 'reject') {
          rejects.push(rejectLine(rowIndex(line), rowText(line), step.name, `duplicate of row ${kept}`));
        }
        return;
      }
      const [index, row] = parse() as [number, object];
      run.push(index, row, line);
    },
  };
}

function keyOf(step: DedupeStep, row: object): unknown {
  try {
    const key = (step.key as (row: object) => unknown)(Object.freeze(row)) ?? null;
    canonical(key);
    return key;
  } catch {
    return null;
  }
}

// A Map key of 128 bits: eight UTF-16 units.
function split16(words: Uint32Array, at: number): number[] {
  const units: number[] = [];
  for (let i = at; i < at + 4; i++) units.push(words[i]! & 0xffff, words[i]! >>> 16);
  return units;
}
