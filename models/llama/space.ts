// docs/models.md#llama-image: places in the image, given out one behind the other, and what is written there.
import { MizuError } from '../../protocol/errors.ts';
import { MEMORY_PAGES_MAX } from '../../protocol/isa.ts';
import { LEAF_BYTES } from '../../protocol/leaf.ts';

/** What is written to a place when all places are known. */
type Write = (bytes: Uint8Array, view: DataView) => void;

/** The buffers that the engine takes behind the image have room in these. */
const KEPT_BYTES = 16 << 20;
const MAX_BYTES = MEMORY_PAGES_MAX * 65_536 - KEPT_BYTES;

export type Space = ReturnType<typeof createSpace>;

/** From an address on, in whole leaves, so that a proof of a vector has as few leaves as there can be. */
export function createSpace(first: number) {
  let end = first;
  const writes: Write[] = [];
  const take = (sizeBytes: number): number => {
    const at = end;
    end += Math.ceil(sizeBytes / LEAF_BYTES) * LEAF_BYTES;
    if (end <= MAX_BYTES) return at;
    throw new MizuError({
      code: 'sdk/model-too-large',
      message: 'The model does not fit into the memory of a program.',
      expected: `at most ${MAX_BYTES} bytes of weights, tokenizer, cache and buffers`,
      actual: `more than ${end}`,
      hint: 'Take a smaller model, a kernel of fewer bits (--kernel int8 or int4), or a shorter context (--context).',
    });
  };
  const place = (bytes: Uint8Array): number => {
    const at = take(bytes.length);
    writes.push((image) => image.set(bytes, at));
    return at;
  };
  return {
    /** The address of so many bytes, which are zero unless something is written there. */
    take,
    /** The address of bytes that the image begins with. */
    place,
    placeFloats: (floats: Float32Array) =>
      place(littleEndian(floats, 4, (view, at, value) => view.setFloat32(at, value, true))),
    placeIntegers: (integers: ArrayLike<number>) =>
      place(littleEndian(integers, 4, (view, at, value) => view.setInt32(at, value, true))),
    /** Calls it when the image is made. */
    later: (write: Write) => {
      writes.push(write);
    },
    end: () => end,
    /** The bytes from address 0 to `to`. */
    make(to: number): Uint8Array {
      const bytes = new Uint8Array(to);
      const view = new DataView(bytes.buffer);
      for (const write of writes) write(bytes, view);
      return bytes;
    },
  };
}

function littleEndian(
  values: ArrayLike<number>,
  sizeBytes: number,
  put: (view: DataView, at: number, value: number) => void,
): Uint8Array {
  const bytes = new Uint8Array(values.length * sizeBytes);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) put(view, i * sizeBytes, values[i]!);
  return bytes;
}
