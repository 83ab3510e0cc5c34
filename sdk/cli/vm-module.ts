// docs/vm.md#program: a module from a file, linked and lowered.
import { readFile } from 'node:fs/promises';
import { MizuError } from '../../protocol/errors.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import { linkWasi } from '../../vm/wasi/link.ts';

export type LoadedFile = {
  readonly source: Uint8Array;
  /** The core module: the source itself, or with the WASI adapter in it. */
  readonly core: Uint8Array;
  readonly program: Program;
};

export async function loadModuleFile(path: string): Promise<LoadedFile> {
  const source = await readInputFile(path, 'a WebAssembly module (.wasm)');
  const core = await linkWasi(source);
  return { source, core, program: createProgram({ module: loadModule(core) }) };
}

/** @throws MizuError `cli/file` */
export async function readInputFile(path: string, expected: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new MizuError({
      code: 'cli/file',
      message: `The file ${path} cannot be read.`,
      expected,
      actual: code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : String(code),
      hint: 'Check the path.',
      cause,
    });
  }
}
