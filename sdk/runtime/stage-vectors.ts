// docs/sdk.md#semantic: rows whose vectors have the direction of an earlier row's: keys (per partition) -> reduce (one task).
import type { DedupeOperator } from '../workflow/operator.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { createFacts, groupRange, readFactsHeader } from './facts.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { openRowset } from './rowset.ts';
import { DROP_WORDS, FAILED } from './stage-dedupe.ts';
import { EMBEDDING_SIZE, vectorKeyOf } from './vector.ts';

/** The pairs of so many take some 7 of the 17 billion gas that a task may have. */
export const MAX_VECTORS = 16_384;
/** Ordinal, index (`FAILED`: there is no vector), coordinates as i32. */
const RECORD_WORDS = 2 + EMBEDDING_SIZE;

/** The vectors of a partition. A row without one, or whose vector is zero, sends nothing. */
export function runVectorKeys(context: Context, operator: DedupeOperator): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const facts = createFacts('vectors', header.out, 1, RECORD_WORDS, 0);
  const record = new Uint32Array(1 + RECORD_WORDS);
  let vector: Int32Array | null = null;
  const send = (ordinal: number, index: number): void => {
    record[1] = ordinal;
    record[2] = index;
    facts.addAll(record);
  };
  eachLiveRow(context, header, {
    attempt: (row) => {
      vector = vectorKeyOf((operator.key as (row: object) => unknown)(row));
    },
    commit: (index, ordinal) => {
      if (vector === null) return;
      record.set(vector, 3);
      send(ordinal, index);
    },
    made: operator.made,
    refuse: (_reason, ordinal) => send(ordinal, FAILED),
  });
  facts.finish(io, new Uint32Array(0));
}

/** All partitions in their order. */
export function runVectorReduce(io: GuestIo, operator: DedupeOperator): void {
  const partitions = io.inputCount() - FIRST_INPUT;
  const drops = createFacts('drops', 0, partitions, DROP_WORDS, 0);
  const ranges = Array.from({ length: partitions }, (_, i) => {
    return groupRange(io, FIRST_INPUT + i, readFactsHeader(io, FIRST_INPUT + i), 0);
  });
  const vectors = ranges.reduce((sum, { count }) => sum + count, 0);
  if (vectors > MAX_VECTORS)
    throw new RangeError(
      `semantic dedupe ${operator.name}: there are ${vectors} vectors, expected at most ${MAX_VECTORS}, since each is compared with all that are kept. Dedupe by an equal or near text first, or give rows no vector (null)`,
    );
  ranges.forEach(({ offset, count }, partition) => {
    const options = new DataView(new ArrayBuffer(24));
    options.setFloat64(0, operator.semantic!, true);
    [FIRST_INPUT + partition, offset, count, partition].forEach((word, i) => {
      options.setUint32(8 + 4 * i, word, true);
    });
    drops.addAll(io.similarVectors(new Uint8Array(options.buffer)));
  });
  drops.finish(io, new Uint32Array(0));
}
