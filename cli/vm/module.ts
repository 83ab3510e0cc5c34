// docs/vm.md#program: reads a module from a file, links and lowers it.
import { readFile } from 'node:fs/promises';
import { MizuError } from '../../protocol/errors.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import { linkWasi } from '../../vm/wasi/link.ts';

export type ModuleFile = {
  readonly source: Uint8Array;
  /** The core module: the source itself, or with the WASI adapter in it. */
  readonly core: Uint8Array;
};
export type LoadedFile = ModuleFile & { readonly program: Program };

/** The module is linked, but not lowered. */
export async function readModuleFile(path: string): Promise<ModuleFile> {
  const source = await readInputFile(path, 'a WebAssembly module (.wasm)');
  return { source, core: await linkWasi(source) };
}

export async function loadModuleFile(path: string): Promise<LoadedFile> {
  const file = await readModuleFile(path);
  return { ...file, program: programOfModule(file) };
}

export function programOfModule({ core }: ModuleFile): Program {
  return createProgram({ module: loadModule(core) });
}

/** @throws MizuError `cli/file` if the file cannot be read */
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
