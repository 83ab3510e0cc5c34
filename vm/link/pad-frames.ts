// docs/vm.md#quickjs: makes chosen functions use more of the C stack, so that a check of the stack pointer bounds the
// slots too.
import type { FunctionBody, ModuleSections } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import { createByteWriter, put } from '../wasm/write.ts';

/**
 * Each function of `pads` (index -> bytes) is called through a wrapper that lowers the stack pointer by so many bytes
 * and raises it again: the function itself becomes a new one at the end.
 */
export function padFrames(
  module: ModuleSections,
  stackPointer: number,
  pads: ReadonlyMap<number, number>,
): ModuleSections {
  const imported = module.imports.length;
  const functions = [...module.functions];
  for (const [index, bytes] of pads) {
    const entry = functions[index - imported];
    if (entry === undefined) throw new Error(`function ${index} does not exist`);
    const inner = imported + functions.push(entry) - 1;
    functions[index - imported] = wrapper(module, entry, inner, stackPointer, bytes);
  }
  return { ...module, functions };
}

function wrapper(
  module: ModuleSections,
  { type }: FunctionBody,
  inner: number,
  stackPointer: number,
  bytes: number,
): FunctionBody {
  const w = createByteWriter(64);
  const move = (by: number): void => {
    put.globalGet(w, stackPointer);
    put.i32Const(w, by);
    w.byte(WASM.i32Add);
    put.globalSet(w, stackPointer);
  };
  w.byte(0);
  move(-bytes);
  module.types[type]!.params.forEach((_, local) => {
    put.localGet(w, local);
  });
  put.call(w, inner);
  move(bytes);
  put.end(w);
  const code = w.finish();
  return { type, bytes: code, start: 0, end: code.length };
}
