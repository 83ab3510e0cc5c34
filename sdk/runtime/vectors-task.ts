// docs/sdk.md#semantic: `io.similarVectors` of one task as the DataVM's compiled code has it (vm/quickjs/assembly/similar-vectors.ts): outside of the DataVM, and its oracle.
import type { GuestIo } from './io.ts';
import { FAILED } from './stage-dedupe.ts';
import { EMBEDDING_SIZE } from './vector.ts';

const SIZE = EMBEDDING_SIZE;
const RECORD_BYTES = 8 + 4 * SIZE;

export function createVectorsTask(
  read: (input: number, offset: number, length: number) => Uint8Array,
): Pick<GuestIo, 'similarVectors'> {
  const kept: { readonly index: number; readonly vector: Int32Array; readonly square: number }[] = [];
  return {
    similarVectors: (partition) => {
      const options = new DataView(partition.buffer, partition.byteOffset, partition.byteLength);
      const threshold = options.getFloat64(0, true);
      const [input, offset, count, group] = [8, 12, 16, 20].map((at) => options.getUint32(at, true));
      const words = new Int32Array(read(input!, offset!, RECORD_BYTES * count!).slice().buffer);
      const records: number[] = [];
      for (let i = 0; i < count!; i++) {
        const at = (2 + SIZE) * i;
        const [ordinal, index] = [words[at]!, words[at + 1]! >>> 0];
        const vector = words.subarray(at + 2, at + 2 + SIZE);
        const square = productOf(vector, vector);
        const least = threshold * threshold * square;
        const isLike = (other: { readonly vector: Int32Array; readonly square: number }): boolean => {
          const product = productOf(vector, other.vector);
          return product > 0 && product * product >= least * other.square;
        };
        const first = index === FAILED ? FAILED : kept.find(isLike)?.index;
        if (first === undefined) kept.push({ index, vector, square });
        else records.push(group!, ordinal, first);
      }
      return Uint32Array.from(records);
    },
  };
}

/** Exact: the sum is below 2^42. */
function productOf(a: Int32Array, b: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < SIZE; i++) sum += a[i]! * b[i]!;
  return sum;
}
