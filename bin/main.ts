// docs/sdk.md#cli: `mizu` in this repository: the commands for workflows, those of a network on this machine, and its services.
import { COMMANDS } from '../cli/commands.ts';
import { type CommandGroup, runCommandLine } from '../cli/main.ts';

const NETWORK: readonly CommandGroup[] = [
  [['devnet'], async (setExitCode) => [(await import('../devnet/command.ts')).devnetCommand(setExitCode)]],
  [['demo'], async (setExitCode) => [(await import('../demo/demo.ts')).demoCommand(setExitCode)]],
];

const SERVICES: readonly CommandGroup[] = [
  [
    ['da', 'sequencer', 'executor', 'validator', 'gateway', 'edge'],
    async (setExitCode) => (await import('../devnet/services.ts')).serviceCommands(setExitCode),
  ],
];

const EXAMPLE = `  $ npx mizu devnet
  $ npx mizu run examples/licences/workflow.ts --input licences.jsonl --output out`;

/** The exit code of `mizu` with these arguments. */
export function main(argv: readonly string[]): Promise<number> {
  return runCommandLine(argv, [...NETWORK, ...COMMANDS, ...SERVICES], EXAMPLE);
}
