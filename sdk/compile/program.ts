// docs/vm.md#program: the DataVM program of a bundle, and the objects that a deploy puts on DA.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramEntry } from '../../protocol/definition.ts';
import { keccakHex, objectRoot, treeRoot } from '../../protocol/tree.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, encodeHeader, type Program } from '../../vm/program.ts';
import { QUICKJS_GLUE_BASE64 } from '../../vm/quickjs/generated/glue-wasm.ts';
import { PRELUDE } from '../../vm/quickjs/prelude.ts';
import { createQuickJsProgram } from '../../vm/quickjs/program.ts';
import { WASI_ADAPTER_BASE64 } from '../../vm/wasi/generated/adapter-wasm.ts';

export type BuiltProgram = {
  readonly program: Program;
  readonly wasm: Uint8Array;
  readonly entry: ProgramEntry;
  /** Code, image, slots, data, wasm: what the certificate covers, in order. */
  readonly objects: readonly Uint8Array[];
};

/** Part of the cache's key: raised when the same bundle yields another program. */
const CACHE_VERSION = 1;
const ENGINE = keccakHex(new TextEncoder().encode(PRELUDE + QUICKJS_GLUE_BASE64 + WASI_ADAPTER_BASE64));

/** `cacheFolder` keeps modules by the hash of their bundle. @throws MizuError `vm/bundle` */
export async function buildProgram(bundle: string, cacheFolder?: string): Promise<BuiltProgram> {
  const wasm = await cached(bundle, cacheFolder);
  const program = createProgram({ module: loadModule(wasm) });
  return {
    program,
    wasm,
    entry: {
      header: encodeHeader(program.header),
      codeLength: program.code.length,
      imageTreeRoot: treeRoot(program.memory),
      imageLength: program.memory.length,
      slotsTreeRoot: treeRoot(program.slots),
      slotsLength: program.slots.length,
      dataLength: program.data.length,
      wasmRoot: objectRoot(wasm),
      wasmLength: wasm.length,
    },
    objects: [program.code, program.memory, program.slots, program.data, wasm],
  };
}

async function cached(bundle: string, folder: string | undefined): Promise<Uint8Array> {
  if (folder === undefined) return createQuickJsProgram(bundle);
  const path = join(
    folder,
    `${keccakHex(new TextEncoder().encode(`${CACHE_VERSION}\n${ENGINE}\n${bundle}`)).slice(2, 42)}.wasm`,
  );
  const known = await readFile(path).catch(() => null);
  if (known !== null && WebAssembly.validate(known)) return new Uint8Array(known);
  const wasm = await createQuickJsProgram(bundle);
  await mkdir(folder, { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, wasm);
  await rename(draft, path);
  return wasm;
}
