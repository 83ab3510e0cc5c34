// docs/models.md#loading: finds a provable model by its name: in the cache folder, or among those that the SDK can build.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MizuError } from '../protocol/errors.ts';
import { hashProgram } from '../protocol/program.ts';
import type { BuiltProgram } from '../vm/entry.ts';
import {
  listFolders,
  MODELS_FOLDER,
  type ProvableModel,
  readManifest,
  readModelProgram,
  writeModel,
} from './folder.ts';
import { badModel, type ModelManifest, parseManifest } from './manifest.ts';
import { isProvable, provableName, shortNameOf } from './name.ts';

export { isProvable, type ModelManifest, type ProvableModel };

export type LoadOptions = {
  /** Models lie in `models/` in it. Without one only what the SDK can build is found, and it is built each time. */
  readonly cacheFolder?: string | undefined;
};

/** A model that the SDK can build: its manifest, which is committed, and how. */
type BuiltIn = { readonly manifest: URL; build(): Promise<BuiltProgram> };

const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  small: {
    manifest: new URL('./small/manifest.json', import.meta.url),
    build: async () => (await import('./small/build.ts')).buildSmall(),
  },
  'use-lite': {
    manifest: new URL('./use-lite/manifest.json', import.meta.url),
    build: async () => (await import('./use-lite/build.ts')).buildUseLite(),
  },
  'use-lite-int8': {
    manifest: new URL('./use-lite/manifest-int8.json', import.meta.url),
    build: async () => (await import('./use-lite/build.ts')).buildUseLite({ bytes: true }),
  },
};

/** Whether the SDK builds the model of this name, which is without `datavm/`. */
export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(BUILT_IN, name);
}

/** Once a process: hashing and reading a large model takes a second. */
const loaded = new Map<string, Promise<ProvableModel>>();

/**
 * The model of this name, with `datavm/`.
 * @throws MizuError `sdk/no-model`, `sdk/bad-model`, `sdk/no-weights`
 */
export async function loadModel(name: string, { cacheFolder }: LoadOptions = {}): Promise<ProvableModel> {
  const key = `${cacheFolder ?? ''}\n${name}`;
  const known = loaded.get(key) ?? load(name, cacheFolder);
  loaded.set(key, known);
  try {
    return await known;
  } catch (error) {
    loaded.delete(key);
    throw error;
  }
}

/** Manifests of all models that `loadModel` finds, by their names. */
export async function listModels({ cacheFolder }: LoadOptions = {}): Promise<ModelManifest[]> {
  const cached = cacheFolder === undefined ? [] : await listFolders(join(cacheFolder, MODELS_FOLDER));
  const names = [...new Set([...Object.keys(BUILT_IN), ...cached])].sort();
  const found = await Promise.all(names.map((name) => findManifest(name, cacheFolder)));
  return found.filter((manifest) => manifest !== null);
}

/** Without its program. @throws MizuError `sdk/no-model`, `sdk/bad-model` */
export async function loadManifest(name: string, options: LoadOptions = {}): Promise<ModelManifest> {
  const short = shortNameOf(name);
  const found = short === undefined ? null : await findManifest(short, options.cacheFolder);
  if (found === null) throw await noModel(name, options);
  return found;
}

async function findManifest(name: string, cacheFolder: string | undefined): Promise<ModelManifest | null> {
  const own = BUILT_IN[name];
  if (own !== undefined) return parseManifest(await readFile(own.manifest, 'utf8'), own.manifest.pathname);
  return cacheFolder === undefined ? null : readManifest(join(cacheFolder, MODELS_FOLDER, name));
}

async function load(name: string, cacheFolder: string | undefined): Promise<ProvableModel> {
  const manifest = await loadManifest(name, { cacheFolder });
  const model = { name: provableName(manifest.name), manifest };
  if (model.name !== name) throw badModel(name, `the manifest of ${name}`, `that of ${model.name}`);
  const folder = cacheFolder === undefined ? undefined : join(cacheFolder, MODELS_FOLDER, manifest.name);
  const own = BUILT_IN[manifest.name];
  if (folder !== undefined && (own === undefined || (await isCached(folder, manifest))))
    return { ...model, built: await readModelProgram(folder, manifest) };
  const built = await (own as BuiltIn).build();
  const programId = hashProgram(built.program.header);
  // The manifest is of other sources than these.
  if (programId !== manifest.programId) throw badModel(name, `the program ${manifest.programId}`, programId);
  if (folder !== undefined) await writeModel(folder, manifest, built);
  return { ...model, built };
}

/** What an earlier version of the SDK has built is built anew. */
async function isCached(folder: string, { programId }: ModelManifest): Promise<boolean> {
  return (await readManifest(folder).catch(() => null))?.programId === programId;
}

async function noModel(name: string, options: LoadOptions): Promise<MizuError> {
  const names = (await listModels(options)).map(({ name }) => provableName(name));
  return new MizuError({
    code: 'sdk/no-model',
    message: `There is no provable model '${name}'.`,
    expected: `one of ${names.join(', ')}`,
    actual: name,
    hint: `Correct the name, or put the model's folder into ${join(options.cacheFolder ?? '.mizu/cache', MODELS_FOLDER)}: docs/models.md#folder.`,
  });
}
