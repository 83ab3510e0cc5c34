#!/usr/bin/env node
// docs/sdk.md#package: the `mizu` command of the package. Of commands that it does not have it says where they are.
import { Command } from 'commander';
import { MizuError } from '../protocol/errors.ts';
import { COMMANDS } from './commands.ts';
import { type CommandGroup, runCommandLine } from './main.ts';

const ELSEWHERE = ['devnet', 'demo', 'da', 'sequencer', 'executor', 'validator', 'gateway', 'edge'];

const EXAMPLE = `  $ npx mizu init my-workflow
  $ npx mizu dev workflow.ts --input rows.jsonl`;

const elsewhere = ELSEWHERE.map((name): CommandGroup => [[name], async () => [pointer(name)]]);

function pointer(name: string): Command {
  return new Command(name)
    .argument('[arguments...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(() => {
      throw new MizuError({
        code: 'cli/other-package',
        message: `'mizu ${name}' starts a network or a part of one, which this package cannot: type it in a clone of the repository (mizu-network).`,
      });
    });
}

process.exitCode = await runCommandLine(process.argv.slice(2), [...COMMANDS, ...elsewhere], EXAMPLE);
