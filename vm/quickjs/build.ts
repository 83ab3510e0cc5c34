// docs/vm.md#program: the DataVM program of a bundle, and the objects that a deploy puts on DA.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createReader, createWriter } from '../../protocol/bytes.ts';
import { DIGEST_BYTES, keccak, keccakHex } from '../../protocol/tree.ts';
import { type BuiltProgram, toBuiltProgram } from '../entry.ts';
import { loadModule } from '../load.ts';
import { type LoweredModule, lowerModule } from '../lower/module.ts';
import { assembleProgram, type Image } from '../program.ts';
import { WASI_ADAPTER_BASE64 } from '../wasi/generated/adapter-wasm.ts';
import type { Module } from '../wasm/module.ts';
import { QUICKJS_GLUE_BASE64 } from './generated/glue-wasm.ts';
import { PRELUDE } from './prelude.ts';
import { createQuickJsImage, quickJsModule } from './program.ts';

/** Part of the cache's key: raised when the same bundle yields another image. */
const CACHE_VERSION = 2;
/** Of what every program has besides its bundle. */
export const ENGINE = keccakHex(new TextEncoder().encode(PRELUDE + QUICKJS_GLUE_BASE64 + WASI_ADAPTER_BASE64));

export type BuildOptions = {
  /** Keeps images by the hash of their bundle. */
  readonly cacheFolder?: string | undefined;
  /** What is done to the image before it becomes the program's. */
  readonly finish?: (image: Image) => Image;
};

/** @throws MizuError `vm/bundle` */
export async function buildProgram(bundle: string, { cacheFolder, finish }: BuildOptions = {}): Promise<BuiltProgram> {
  const { wasm, module, lowered } = await lowerQuickJs();
  const image = await cached(bundle, cacheFolder);
  return toBuiltProgram(assembleProgram(module, lowered, finish?.(image) ?? image), wasm);
}

type Lowered = { readonly wasm: Uint8Array; readonly module: Module; readonly lowered: LoweredModule };

let shared: Promise<Lowered> | undefined;

/** QuickJS is the same module, and the same code, in all programs: lowered once per process (0.2 s). */
function lowerQuickJs(): Promise<Lowered> {
  shared ??= quickJsModule().then((wasm) => {
    const module = loadModule(wasm);
    return { wasm, module, lowered: lowerModule(module, { entry: '_start', callStart: false }) };
  });
  return shared;
}

async function cached(bundle: string, folder: string | undefined): Promise<Image> {
  const build = async () => (await createQuickJsImage(bundle)).image;
  if (folder === undefined) return build();
  const key = keccakHex(new TextEncoder().encode(`${CACHE_VERSION}\n${ENGINE}\n${bundle}`)).slice(2, 42);
  const path = join(folder, `${key}.image`);
  const known = await readFile(path).then(
    (file) => decodeImage(new Uint8Array(file)),
    () => undefined,
  );
  if (known !== undefined) return known;
  const image = await build();
  await mkdir(folder, { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, encodeImage(image));
  await rename(draft, path);
  return image;
}

/** keccak-256 of the rest ‖ pages u32 ‖ number of globals u32 ‖ globals u64 ‖ memory. */
function encodeImage({ memory, pages, globals }: Image): Uint8Array {
  const writer = createWriter().u32(pages).u32(globals.length);
  for (const bits of globals) writer.u64(bits);
  const rest = writer.bytes(memory).finish();
  return createWriter().bytes(keccak(rest)).bytes(rest).finish();
}

/** Undefined if the file is damaged: then it is built again. */
function decodeImage(file: Uint8Array): Image | undefined {
  const rest = file.subarray(DIGEST_BYTES);
  if (keccak(rest).some((byte, index) => byte !== file[index])) return undefined;
  const reader = createReader(rest, 'cached image');
  const pages = reader.u32('pages');
  const globals = Array.from({ length: reader.u32('globals') }, () => reader.u64('global'));
  return { pages, globals, memory: reader.rest() };
}
