// docs/sdk.md#cli: the `mizu` command. Only what the typed command needs is loaded.
import { Command, CommanderError } from 'commander';
import { formatError, MizuError } from '../../protocol/errors.ts';
import { mapStack } from '../../service/stacks.mjs';
import { datasetCommand } from './dataset.ts';
import { deployCommand } from './deploy.ts';
import { devCommand } from './dev.ts';
import { escapeCommand } from './escape.ts';
import { quoteCommand } from './quote.ts';
import { renewCommand } from './renew.ts';
import { runCommand } from './run.ts';
import { runsCommand, whyCommand } from './runs.ts';
import { verifyCommand } from './verify.ts';
import { watchCommand } from './watch.ts';

type SetExitCode = (code: number) => void;

const SERVICE_NAMES = ['sequencer', 'executor', 'validator', 'da', 'gateway', 'edge'];

// These load parts of the network: only when they are asked for, or listed by --help.
const HEAVY: readonly { readonly names: readonly string[]; load(setExitCode: SetExitCode): Promise<Command[]> }[] = [
  { names: ['devnet'], load: async (setExitCode) => [(await import('./devnet.ts')).devnetCommand(setExitCode)] },
  { names: ['demo'], load: async (setExitCode) => [(await import('./demo.ts')).demoCommand(setExitCode)] },
  { names: ['invite'], load: async () => [(await import('./invite.ts')).inviteCommand()] },
  { names: ['vm'], load: async () => [(await import('./vm.ts')).vmCommand()] },
  { names: SERVICE_NAMES, load: async (setExitCode) => (await import('./services.ts')).serviceCommands(setExitCode) },
];

/** Exit codes: 0 ok, 1 user error, 2 the run failed, 3 the verification failed. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const setExitCode: SetExitCode = (code) => {
    exitCode = code;
  };
  const json = argv.includes('--json');
  endWithReader();
  try {
    const program = await createProgram(argv[0], setExitCode);
    if (argv.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own message already.
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`${json ? errorLine(error) : formatError(error)}\n`);
    if (!(error instanceof MizuError) && process.env.MIZU_DEBUG !== undefined)
      process.stderr.write(`${mapStack(String((error as Error).stack))}\n`);
    return error instanceof MizuError && error.code.startsWith('verify/') ? 3 : 1;
  }
}

async function createProgram(first: string | undefined, setExitCode: SetExitCode): Promise<Command> {
  const program = new Command('mizu')
    .description('Deploy and run LLM-driven data workflows whose every row can be verified against the L1')
    .helpCommand(false)
    .showHelpAfterError('(npx mizu --help lists all commands)')
    .addHelpText('after', HELP);
  const own = [
    devCommand(),
    quoteCommand(),
    deployCommand(),
    runCommand(setExitCode),
    watchCommand(setExitCode),
    renewCommand(),
    runsCommand(),
    whyCommand(),
    datasetCommand(),
    verifyCommand(),
    escapeCommand(),
  ];
  const isOwn = own.some((command) => command.name() === first);
  const heavy = isOwn
    ? []
    : HEAVY.filter(({ names }) => first === undefined || first.startsWith('-') || names.includes(first));
  // Nothing fits: then the suggestion for a misspelt name needs them all.
  const wanted = isOwn || heavy.length > 0 ? heavy : HEAVY;
  const loaded = (await Promise.all(wanted.map(({ load }) => load(setExitCode)))).flat();
  for (const command of [
    ...loaded.filter((one) => ['demo', 'devnet'].includes(one.name())),
    ...own,
    ...loaded.filter((one) => !['demo', 'devnet'].includes(one.name())),
  ]) {
    program.addCommand(command);
  }
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

// `mizu … | head`: who read the output is gone. 141 is what a shell says of a program that SIGPIPE has ended.
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
  return JSON.stringify({ error: { code, message, expected, actual, hint, retryable } });
}

const HELP = `
Exit codes: 0 ok, 1 user error, 2 the run failed, 3 the verification failed

Example:
  $ npx mizu devnet
  $ npx mizu run examples/licences/workflow.ts --input licences.jsonl --output out`;
