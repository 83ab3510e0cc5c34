// docs/vm.md#code: a growing array of 16-byte instructions.
import { INSTRUCTION_BYTES } from '../../protocol/isa.ts';
import { moduleTooLarge } from '../wasm/read.ts';

export type CodeBuffer = {
  /** Index of the next instruction. */
  length(): number;
  /** Appends an instruction; `high` and `low` are the halves of `imm`. */
  emit(op: number, a?: number, b?: number, c?: number, high?: number, low?: number): void;
  /** Overwrites the low half of an instruction's `imm`: the target of a jump or call. */
  patch(index: number, low: number): void;
  /** Forgets the instructions from `index` on. */
  truncate(index: number): void;
  finish(): Uint8Array;
};

/** Instructions that may be written before it is known that they are not needed. */
const SLACK = 4096;

/** @throws MizuError `vm/too-large` from `emit`, as soon as there are more than `limit` instructions */
export function createCodeBuffer(limit: number): CodeBuffer {
  let bytes = new Uint8Array(4096 * INSTRUCTION_BYTES);
  let view = new DataView(bytes.buffer);
  let size = 0;
  const grow = (): void => {
    if (size / INSTRUCTION_BYTES > limit + SLACK)
      throw moduleTooLarge('instructions', limit, size / INSTRUCTION_BYTES, 0);
    const larger = new Uint8Array(
      Math.min(bytes.length * 2, Math.max(bytes.length + INSTRUCTION_BYTES, (limit + SLACK + 1) * INSTRUCTION_BYTES)),
    );
    larger.set(bytes);
    bytes = larger;
    view = new DataView(bytes.buffer);
  };
  return {
    length: () => size / INSTRUCTION_BYTES,
    emit(op, a = 0, b = 0, c = 0, high = 0, low = 0) {
      if (size === bytes.length) grow();
      view.setUint16(size, op);
      view.setUint16(size + 2, a);
      view.setUint16(size + 4, b);
      view.setUint16(size + 6, c);
      view.setUint32(size + 8, high);
      view.setUint32(size + 12, low);
      size += INSTRUCTION_BYTES;
    },
    patch(index, low) {
      view.setUint32(index * INSTRUCTION_BYTES + 12, low);
    },
    truncate(index) {
      size = index * INSTRUCTION_BYTES;
    },
    finish: () => bytes.slice(0, size),
  };
}
