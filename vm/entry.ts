// docs/messages.md#user: a program as a definition names it, by the roots and lengths of its parts.
import type { ProgramEntry } from '../protocol/definition.ts';
import { encodeProgramHeader } from '../protocol/program.ts';
import { objectRoot, treeRoot } from '../protocol/tree.ts';
import type { Program } from './program.ts';

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
