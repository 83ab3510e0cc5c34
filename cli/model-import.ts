// docs/models.md#import: `mizu model import`, with which a file of weights becomes a provable model.
import { Command, InvalidArgumentError, Option } from 'commander';
import { CACHE_FOLDER } from './cache-folder.ts';
import { createOutput } from './output.ts';

type Flags = {
  readonly name: string;
  readonly kernel: 'f32' | 'int8' | 'int4';
  readonly context?: number;
  readonly template?: 'chatml' | 'llama-2' | 'llama-3' | 'zephyr' | 'plain';
  readonly licence?: string;
  readonly json?: boolean;
};

const MAX_CONTEXT = 131_072;
const MIB = 1 << 20;

export function modelImportCommand(): Command {
  return new Command('import')
    .description('make a provable model of a file of weights: GGUF, or safetensors with its tokenizer.json')
    .argument('<file>', 'a .gguf or .safetensors file of a model of llama’s architecture')
    .requiredOption('--name <name>', 'what workflows call it behind datavm/')
    .addOption(
      new Option('--kernel <kernel>', 'how the weights are kept').choices(['f32', 'int8', 'int4']).default('int8'),
    )
    .option('--context <tokens>', 'of a prompt and its answer together', parseContext)
    .addOption(
      new Option('--template <name>', 'how messages become a prompt').choices([
        'chatml',
        'llama-2',
        'llama-3',
        'zephyr',
        'plain',
      ]),
    )
    .option('--licence <expression>', 'an SPDX expression')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu model import stories15M.gguf --name stories --licence MIT')
    .action(importFile);
}

async function importFile(file: string, { json = false, ...flags }: Flags): Promise<void> {
  const output = createOutput(json);
  const { importModel } = await import('../models/llama/import.ts');
  const { name, manifest, built } = await importModel(file, { ...flags, cacheFolder: CACHE_FOLDER });
  const { memory, header } = built.program;
  const sizes = { imageBytes: memory.length, memoryBytes: header.pagesInitial * 65_536 };
  output.data({ event: 'imported', model: name, programId: manifest.programId, licence: manifest.licence, ...sizes });
  output.say(`${name}: program ${manifest.programId}`);
  const size = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
  output.say(`image ${size(sizes.imageBytes)}, memory ${size(sizes.memoryBytes)}, licence ${manifest.licence}`);
}

function parseContext(text: string): number {
  const tokens = Number(text);
  if (!Number.isInteger(tokens) || tokens < 2 || tokens > MAX_CONTEXT)
    throw new InvalidArgumentError(`Expected 2 to ${MAX_CONTEXT} tokens, got ${text}.`);
  return tokens;
}
