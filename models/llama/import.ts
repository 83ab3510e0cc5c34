// docs/models.md#import: a file of a model becomes a provable model in the cache folder.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import { hashProgram } from '../../protocol/program.ts';
import { MODELS_FOLDER, type ProvableModel, writeModel } from '../folder.ts';
import { type ModelManifest, parseManifest } from '../manifest.ts';
import { isBuiltIn } from '../model.ts';
import { provableName, shortNameOf } from '../name.ts';
import { buildLlama, defaultContext } from './build.ts';
import { fromGguf } from './from-gguf.ts';
import { fromSafetensors } from './from-safetensors.ts';
import { readGguf } from './gguf.ts';
import type { LlamaModel } from './model.ts';
import type { WeightKernel } from './quantise.ts';
import { readSafetensors } from './safetensors.ts';
import { type ByteSource, badFile, withFile } from './source.ts';
import type { TemplateName } from './template.ts';

export type ImportOptions = {
  /** Without `datavm/`. */
  readonly name: string;
  readonly cacheFolder: string;
  readonly kernel: WeightKernel;
  /** Tokens of a prompt and its answer together; absent: the model's own, at most 2,048. */
  readonly context?: number | undefined;
  readonly template?: TemplateName | undefined;
  /** An SPDX expression; absent: what a GGUF file says of itself. */
  readonly licence?: string | undefined;
  readonly version?: string | undefined;
};

const GGUF_MAGIC = 'GGUF';
const HASHED_AT_ONCE = 1 << 24;
const MAX_TEXT_BYTES = 1 << 28;

/**
 * Reads a GGUF or a safetensors file, writes the model's folder and gives the model.
 * @throws MizuError `sdk/model-file`, `sdk/model-template`, `sdk/model-too-large` or `sdk/bad-name`
 */
export async function importModel(path: string, options: ImportOptions): Promise<ProvableModel> {
  const { name, cacheFolder, kernel, template } = options;
  requireName(name);
  const { built, licence, hash } = withFile(path, (source) => {
    const { model, licence } = readModel(path, source);
    const context = options.context ?? defaultContext(model);
    if (context > model.shape.context)
      throw badFile(`a context of at most ${model.shape.context}, for which the model is made`, `${context}`);
    return { built: buildLlama(model, { kernel, context, template }), licence, hash: hashFile(source) };
  });
  const manifest: ModelManifest = {
    class: 'A',
    licence: options.licence ?? licence ?? 'NOASSERTION',
    name,
    programId: hashProgram(built.program.header),
    source: `${basename(path)}, SHA-256 ${hash}, as ${kernel}`,
    tasks: ['generate', 'classify', 'score', 'judge', 'converse'],
    version: options.version ?? '1',
  };
  const folder = join(cacheFolder, MODELS_FOLDER, name);
  // What is written must be what is read again.
  await writeModel(folder, parseManifest(JSON.stringify(manifest), folder), built);
  return { name: provableName(name), manifest, built };
}

function requireName(name: string): void {
  if (shortNameOf(provableName(name)) === name && !isBuiltIn(name)) return;
  throw new MizuError({
    code: 'sdk/bad-name',
    message: 'A model cannot have this name.',
    expected: '1 to 64 characters of a-z, 0-9 and -, no - first, and no name of a model that the SDK has',
    actual: name,
    hint: 'Take another name.',
  });
}

function readModel(path: string, source: ByteSource): { model: LlamaModel; licence: string | undefined } {
  if (new TextDecoder().decode(source.read(0, Math.min(4, source.sizeBytes))) === GGUF_MAGIC) {
    const file = readGguf(source);
    const licence = file.metadata.get('general.license');
    return { model: fromGguf(file), licence: typeof licence === 'string' ? licence : undefined };
  }
  if (!path.endsWith('.safetensors')) throw badFile('a GGUF file or one that ends with .safetensors', basename(path));
  const beside = (name: string) => readText(join(dirname(path), name));
  const required = (name: string) => {
    const text = beside(name);
    if (text === undefined) throw badFile(`${name} beside the weights`, 'none');
    return text;
  };
  const texts = {
    config: required('config.json'),
    tokenizer: required('tokenizer.json'),
    tokenizerConfig: beside('tokenizer_config.json'),
    template: beside('chat_template.jinja'),
  };
  return { model: fromSafetensors(readSafetensors(source), texts), licence: undefined };
}

function readText(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > MAX_TEXT_BYTES)
      throw badFile(`${basename(path)} of at most ${MAX_TEXT_BYTES} characters`, 'more');
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** In hexadecimal, as model hubs write it. */
function hashFile(source: ByteSource): string {
  const hash = createHash('sha256');
  for (let at = 0; at < source.sizeBytes; at += HASHED_AT_ONCE)
    hash.update(source.read(at, Math.min(HASHED_AT_ONCE, source.sizeBytes - at)));
  return hash.digest('hex');
}
