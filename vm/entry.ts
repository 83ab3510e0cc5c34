// docs/messages.md#user: a program as a definition names it, by the roots and lengths of its parts.
import type { ProgramEntry } from '../protocol/definition.ts';
import { encodeProgramHeader } from '../protocol/program.ts';
import { objectRoot, treeRoot } from '../protocol/tree.ts';
import type { Program } from './program.ts';

/** A program with all that deploying it puts on DA. */
export type BuiltProgram = {
  readonly program: Program;
  /** The module, a hint to the native engine. */
  readonly wasm: Uint8Array;
  readonly entry: ProgramEntry;
  /** Code, image, slots, data, wasm: what the certificate covers, in order. */
  readonly objects: readonly Uint8Array[];
};

/** Hashes all parts. */
export function toBuiltProgram(program: Program, wasm: Uint8Array): BuiltProgram {
  const { code, memory, slots, data } = program;
  return { program, wasm, entry: programToEntry(program, wasm), objects: [code, memory, slots, data, wasm] };
}

/** `wasm` is the module that is deployed with the program, a hint to the native engine. */
export function programToEntry({ header, code, memory, slots, data }: Program, wasm: Uint8Array): ProgramEntry {
  return {
    header: encodeProgramHeader(header),
    codeLength: code.length,
    imageTreeRoot: treeRoot(memory),
    imageLength: memory.length,
    slotsTreeRoot: treeRoot(slots),
    slotsLength: slots.length,
    dataLength: data.length,
    wasmRoot: objectRoot(wasm),
    wasmLength: wasm.length,
  };
}
