// docs/sdk.md#cli: the `mizu` command. Only what the typed command needs is loaded, and only the definition until it
// runs.
import { Command, CommanderError } from 'commander';
import { formatError, MizuError } from '../protocol/errors.ts';
import { mapStack } from '../service/process/stacks.mjs';
import { exitCodeOf } from './exit-code.ts';
import { asTyped } from './invocation.ts';
import { ownVersion } from './manifest.ts';

type SetExitCode = (code: number) => void;

/** The names of commands that are loaded together, and how to load them. */
export type CommandGroup = readonly [names: readonly string[], load: (setExitCode: SetExitCode) => Promise<Command[]>];

/**
 * Runs one of the commands, which `--help` lists in this order, with `example` behind them. @@ Exit codes: 0 ok, 1 user
 * error, 2 the run failed or has no row, 3 the verification failed.
 */
export async function runCommandLine(
  argv: readonly string[],
  groups: readonly CommandGroup[],
  example: string,
): Promise<number> {
  let exitCode = 0;
  const setExitCode: SetExitCode = (code) => {
    exitCode = code;
  };
  const json = argv.includes('--json');
  endWithReader();
  try {
    const program = await createProgram(argv[0], groups, example, setExitCode);
    if (argv.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own message already.
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`${json ? errorLine(error) : asTyped(formatError(error))}\n`);
    if (!(error instanceof MizuError) && process.env.MIZU_DEBUG !== undefined)
      process.stderr.write(`${mapStack(String((error as Error).stack))}\n`);
    return error instanceof MizuError ? exitCodeOf(error.code) : 1;
  }
}

async function createProgram(
  first: string | undefined,
  groups: readonly CommandGroup[],
  example: string,
  setExitCode: SetExitCode,
): Promise<Command> {
  const program = new Command('mizu')
    .description('Deploy and run LLM-driven data workflows whose every row can be verified against the L1')
    .version(ownVersion(), '--version', 'print the version')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => process.stdout.write(asTyped(text)),
      writeErr: (text) => process.stderr.write(asTyped(text)),
    })
    .showHelpAfterError('(npx mizu --help lists all commands)')
    .addHelpText('after', `${EXIT_CODES}\n\nExample:\n${example}`);
  const asked = groups.filter(([names]) => first !== undefined && names.includes(first));
  // If no command fits, all are loaded: the list of commands, or the suggestion for a misspelt name, needs them.
  const loaded = await Promise.all((asked.length > 0 ? asked : groups).map(([, load]) => load(setExitCode)));
  // A command without a description only tells where it can be found.
  for (const command of loaded.flat()) program.addCommand(command, { hidden: command.description() === '' });
  inherit(program);
  return program;
}

// Added commands do not take over settings by themselves: exitOverride makes them throw instead of ending the process.
function inherit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}

// The reader of the output is gone, as in `mizu … | head`. 141 is what a shell reports of a program that SIGPIPE has
// ended.
function endWithReader(): void {
  if (process.stdout.listeners('error').includes(onBrokenPipe)) return;
  process.stdout.on('error', onBrokenPipe);
}

function onBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
}

function errorLine(error: unknown): string {
  if (!(error instanceof MizuError))
    return JSON.stringify({ error: { code: 'internal', message: formatError(error) } });
  const { code, message, expected, actual, hint, retryable } = error;
  const typed = hint === undefined ? undefined : asTyped(hint);
  return JSON.stringify({ error: { code, message, expected, actual, hint: typed, retryable } });
}

const EXIT_CODES = `
Exit codes: 0 ok, 1 user error, 2 the run failed or has no row, 3 the verification failed`;
