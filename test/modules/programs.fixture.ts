// Programs for the tests of the pool: from WebAssembly text, or from bytes that no assembler writes.
import type { ProgramParts } from '../../node/workers/exec-job.ts';
import type { Hex } from '../../protocol/hex.ts';
import { encodeProgramHeader, hashProgram } from '../../protocol/program.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import { assemble } from './test-modules.fixture.ts';

export type TestProgram = { readonly parts: ProgramParts; readonly programId: Hex; readonly program: Program };

export function testProgram(source: string | Uint8Array): TestProgram {
  const wasm = typeof source === 'string' ? assemble(source) : source;
  const program = createProgram({ module: loadModule(wasm) });
  const { header, code, memory, slots, data } = program;
  const parts = { header: encodeProgramHeader(header), code, image: memory, slots, data, wasm };
  return { parts, programId: hashProgram(header), program };
}
