// docs/vm.md#quickjs: makes chosen functions use more of the C stack, so that a check of the stack pointer bounds the slots too.
import { concat, createReader, encodeSigned, encodeU32, readU32 } from './bytes.ts';
import { countImports, type FunctionEntry, type LinkModule } from './module.ts';

/**
 * Each function of `pads` (index -> bytes) is called through a wrapper that lowers the stack pointer by so many bytes and puts it
 * back: the function itself becomes a new one at the end.
 */
export function padFrames(module: LinkModule, stackPointer: number, pads: ReadonlyMap<number, number>): LinkModule {
  const imported = countImports(module, 'function');
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
  module: LinkModule,
  entry: FunctionEntry,
  inner: number,
  stackPointer: number,
  bytes: number,
): FunctionEntry {
  const parameters = readU32(createReader(module.types[entry.type] as Uint8Array, 1));
  const move = (by: number) => [
    0x23,
    ...encodeU32(stackPointer),
    0x41,
    ...encodeSigned(BigInt(by)),
    0x6a,
    0x24,
    ...encodeU32(stackPointer),
  ];
  const values = Array.from({ length: parameters }, (_, local) => [0x20, ...encodeU32(local)]).flat();
  const code = [0x00, ...move(-bytes), ...values, 0x10, ...encodeU32(inner), ...move(bytes), 0x0b];
  return { type: entry.type, body: concat([Uint8Array.from(code)]) };
}
