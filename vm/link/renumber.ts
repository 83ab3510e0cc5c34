// docs/vm.md#program: gives the indices in a function's code other numbers, and leaves every other byte as it is.
import { visitBody } from '../decode/body.ts';
import type { FunctionBody } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import { createCursor, readU32 } from '../wasm/read.ts';
import { createByteWriter } from '../wasm/write.ts';

/** The spaces whose indices change. Data segments and the table keep their numbers: only the main module has them. */
export type IndexSpace = 'function' | 'type' | 'global';

/** Called for each index in the code of a function: `start` is the offset of its encoding in the body's bytes. */
export type VisitIndex = (space: IndexSpace, index: number, start: number, signed: boolean) => void;

export function visitIndices(body: FunctionBody, visit: VisitIndex): void {
  visitBody(body, () => ({ op, at, a }) => {
    switch (op) {
      case WASM.call:
        visit('function', a, at + 1, false);
        break;
      case WASM.callIndirect:
        visit('type', a, at + 1, false);
        break;
      case WASM.globalGet:
      case WASM.globalSet:
        visit('global', a, at + 1, false);
        break;
      case WASM.block:
      case WASM.loop:
      case WASM.if:
        // A negative block type is a value type, or none; so an index is written as a signed number.
        if (a >= 0) visit('type', a, at + 1, true);
        break;
    }
  });
}

/** The same function with the type `type`, and every index replaced by `renumber(space, index)`. */
export function renumberBody(
  body: FunctionBody,
  type: number,
  renumber: (space: IndexSpace, index: number) => number,
): FunctionBody {
  const { bytes, start, end } = body;
  const w = createByteWriter(end - start + 64);
  let copied = start;
  visitIndices(body, (space, index, at, signed) => {
    w.copy(bytes, copied, at);
    if (signed) w.s32(renumber(space, index));
    else w.u32(renumber(space, index));
    copied = endOfNumber(bytes, at, end);
  });
  w.copy(bytes, copied, end);
  const renumbered = w.finish();
  return { type, bytes: renumbered, start: 0, end: renumbered.length };
}

function endOfNumber(bytes: Uint8Array, at: number, end: number): number {
  const cursor = createCursor(bytes, at, end);
  readU32(cursor);
  return cursor.at;
}
