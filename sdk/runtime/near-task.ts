// docs/sdk.md#near: `io.nearPairs`, `io.unite` and `io.repeats` of one task as the DataVM's compiled code has them (vm/quickjs/assembly/near-pairs.ts, components.ts): outside of the DataVM, and its oracle.
import type { GuestIo } from './io.ts';
import { isEstimateAtLeast, isJaccardAtLeast, packSignature } from './minhash.ts';
import { FAILED_ORDINAL, longBins, MAX_SET, NEAR_WORDS } from './near-keys.ts';

/** The estimate scatters by sqrt(J(1-J)/128), 0.035 at 0.8: pairs at the threshold should be found, not tossed for. */
const TOLERANCE = 0.03;

export function createNearTask(
  read: (input: number, offset: number, length: number) => Uint8Array,
): Pick<GuestIo, 'nearPairs' | 'unite' | 'repeats'> {
  const firstWith = new Map<number, number>();
  const joined = createComponents();
  const partitions: { readonly base: number; readonly wordsOf: (ordinal: number) => Uint32Array }[] = [];
  const wordsOf = (row: number): Uint32Array => {
    const { base, wordsOf: own } = partitions.findLast((partition) => partition.base <= row)!;
    return own(row - base);
  };
  return {
    nearPairs: (bucket) => {
      const view = new DataView(bucket.buffer, bucket.byteOffset, bucket.byteLength);
      const near = view.getFloat64(0, true);
      const [input, from, count, base, , words] = Array.from({ length: 6 }, (_, i) => view.getUint32(8 + 4 * i, true));
      const size = 4 * NEAR_WORDS;
      partitions.push({ base: base!, wordsOf: (ordinal) => toWords(read(input!, words! + size * ordinal, size)) });
      const records = toWords(read(input!, from!, 8 * count!));
      const pairs: number[] = [];
      const tried = new Set<string>();
      for (let at = 0; at < records.length; at += 2) {
        const [band, ordinal] = [records[at]!, records[at + 1]!];
        const row = base! + (ordinal % FAILED_ORDINAL);
        const first = firstWith.get(band);
        if (ordinal >= FAILED_ORDINAL) pairs.push(0, row, row);
        else if (first === undefined) firstWith.set(band, row);
        else if (first !== row && !tried.has(`${first} ${row}`) && joined.firstOf(first) !== joined.firstOf(row)) {
          tried.add(`${first} ${row}`);
          if (!isNear(wordsOf(first), wordsOf(row), near)) continue;
          joined.join(first, row);
          pairs.push(0, first, row);
        }
      }
      return Uint32Array.from(pairs);
    },
    unite: (bytes, rows) => {
      const pairs = toWords(bytes);
      const own: number[] = [];
      for (let at = 0; at < pairs.length; at += 2) {
        const [a, b] = [pairs[at]!, pairs[at + 1]!];
        if (a >= rows || b >= rows) throw new RangeError(`row ${Math.max(a, b)} of ${rows}`);
        if (a === b) own.push(a);
        else joined.join(a, b);
      }
      return Uint32Array.from(own);
    },
    repeats: (group, base, count) => {
      const ordinals = Array.from({ length: count }, (_, ordinal) => ordinal);
      return Uint32Array.from(
        ordinals
          .filter((ordinal) => joined.firstOf(base + ordinal) !== base + ordinal)
          .flatMap((ordinal) => [group, ordinal, joined.firstOf(base + ordinal)]),
      );
    },
  };
}

/** Whether two rows are alike, by what stands in their `NEAR_WORDS` words: exactly for two short texts, else by an estimate. */
export function isNear(a: Uint32Array, b: Uint32Array, near: number): boolean {
  if (a[1]! <= MAX_SET && b[1]! <= MAX_SET) return isJaccardAtLeast(setOf(a), setOf(b), near);
  return isEstimateAtLeast(signatureOf(a), signatureOf(b), near - TOLERANCE);
}

function setOf(words: Uint32Array): Int32Array {
  return new Int32Array(words.slice(2, 2 + words[1]!).buffer);
}

function signatureOf(words: Uint32Array): Uint16Array {
  return words[1]! > MAX_SET ? new Uint16Array(words.slice(2).buffer) : packSignature(longBins(setOf(words)));
}

function toWords(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}

/** Which rows belong together; `firstOf` tells the first of a row's. */
function createComponents(): { firstOf(row: number): number; join(a: number, b: number): void } {
  const parents = new Map<number, number>();
  const firstOf = (row: number): number => {
    let at = row;
    for (let up = parents.get(at); up !== undefined; up = parents.get(at)) {
      const above = parents.get(up);
      if (above !== undefined) parents.set(at, above);
      at = up;
    }
    return at;
  };
  const join = (a: number, b: number): void => {
    const [x, y] = [firstOf(a), firstOf(b)];
    if (x !== y) parents.set(Math.max(x, y), Math.min(x, y));
  };
  return { firstOf, join };
}
