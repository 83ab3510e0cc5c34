// docs/models.md#folder: a provable model on disk: its manifest, and the parts of its program, which its id fixes.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createReader, createWriter } from '../protocol/bytes.ts';
import { type ProgramEntry, readProgram, writeProgram } from '../protocol/definition.ts';
import { SLOT_TREE_DEPTH } from '../protocol/isa.ts';
import { decodeProgramHeader, hashProgram } from '../protocol/program.ts';
import { depthOf, liftTreeRoot, objectRoot } from '../protocol/tree.ts';
import { type BuiltProgram, toBuiltProgram } from '../vm/entry.ts';
import { memoryDepth } from '../vm/program.ts';
import { badModel, formatManifest, type ModelManifest, parseManifest } from './manifest.ts';

/** A provable model: what is said of it, and its program. */
export type ProvableModel = {
  /** With `datavm/`. */
  readonly name: string;
  readonly manifest: ModelManifest;
  readonly built: BuiltProgram;
};

/** In the cache folder: it has a folder for each model. */
export const MODELS_FOLDER = 'models';
const MANIFEST = 'manifest.json';
const ENTRY = 'program.bin';
/** In the order of a program's objects: docs/messages.md#user. */
const PARTS = ['code.bin', 'image.bin', 'slots.bin', 'data.bin', 'module.wasm'] as const;

let drafts = 0;

/** Null if there is none. @throws MizuError `sdk/bad-model` */
export async function readManifest(folder: string): Promise<ModelManifest | null> {
  const path = join(folder, MANIFEST);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw badModel(path, 'a file that can be read', error.message, error);
  });
  return text === null ? null : parseManifest(text, path);
}

/** Reads all parts and compares what they hash to with the id. @throws MizuError `sdk/bad-model` */
export async function readModelProgram(folder: string, { programId }: ModelManifest): Promise<BuiltProgram> {
  let built: BuiltProgram;
  let entry: ProgramEntry;
  try {
    const reader = createReader(new Uint8Array(await readFile(join(folder, ENTRY))), ENTRY);
    entry = readProgram(reader);
    reader.end();
    const parts = await Promise.all(PARTS.map(async (part) => new Uint8Array(await readFile(join(folder, part)))));
    const [code, memory, slots, data, wasm] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    built = toBuiltProgram({ header: decodeProgramHeader(entry.header), code, memory, slots, data }, wasm);
  } catch (cause) {
    throw badModel(folder, `${ENTRY} and ${PARTS.join(', ')}`, (cause as Error).message, cause);
  }
  const id = hashProgram(built.program.header);
  if (id !== programId) throw badModel(folder, `the program ${programId}`, `the header of ${id}`);
  const differing = findDifference(built, entry);
  if (differing !== undefined) throw badModel(folder, `the program ${programId}`, `${differing} that is not its own`);
  return built;
}

/** It appears when it is whole, in place of what was there. */
export async function writeModel(folder: string, manifest: ModelManifest, built: BuiltProgram): Promise<void> {
  const draft = `${folder}.${process.pid}-${++drafts}`;
  await mkdir(draft, { recursive: true });
  try {
    const entry = createWriter();
    writeProgram(entry, built.entry);
    await writeFile(join(draft, ENTRY), entry.finish());
    for (const [i, part] of PARTS.entries()) await writeFile(join(draft, part), built.objects[i] as Uint8Array);
    await writeFile(join(draft, MANIFEST), formatManifest(manifest));
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process was quicker: it is the same model.
    if ((await readManifest(folder).catch(() => null))?.programId !== manifest.programId) throw error;
  }
}

/** Names of the folders that have a manifest, in order. */
export async function listFolders(parent: string): Promise<string[]> {
  const names = await readdir(parent).catch(() => [] as string[]);
  const found = await Promise.all(
    names.map(async (name) => (await readManifest(join(parent, name)).catch(() => null)) !== null),
  );
  return names.filter((_, i) => found[i]).sort();
}

// The header fixes all parts but the module, a hint, which the entry names.
function findDifference({ program, entry: own }: BuiltProgram, entry: ProgramEntry): string | undefined {
  const { header, code, memory, slots, data } = program;
  if (objectRoot(code) !== header.codeRoot) return 'code';
  const depth = depthOf(memory.length);
  if (liftTreeRoot(own.imageTreeRoot, depth, memoryDepth(header.pagesMax)) !== header.memoryRoot) return 'an image';
  if (liftTreeRoot(own.slotsTreeRoot, depthOf(slots.length), SLOT_TREE_DEPTH) !== header.slotsRoot) return 'slots';
  if (objectRoot(data) !== header.dataRoot) return 'data';
  return own.wasmRoot === entry.wasmRoot ? undefined : 'a module';
}
