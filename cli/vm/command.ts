// docs/vm.md: `mizu vm`, the DataVM on one machine: run a module, look into one, prove its steps.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { CheckOptions } from './check.ts';
import type { VmRunOptions } from './run.ts';
import type { ProveOptions, TraceOptions } from './trace.ts';

/** Gas for seconds of work on a usual machine: it ends an endless loop. */
const DEFAULT_GAS = 100_000_000_000n;
/** 2020-01-01. Go's runtime refuses a clock that stands at zero. */
const DEFAULT_TIME = 1_577_836_800_000_000_000n;
const MAX_GAS = 1n << 62n;
const MAX_COUNT = 1_000_000;

/**
 * `mizu vm run`, `inspect`, `trace`, `prove` and `check`. Refusals are thrown as MizuError (exit code 1). A run that
 * faults or exits with another code than 0 says so on standard error and throws a CommanderError with exit code 2.
 */
export function vmCommand(): Command {
  const command = new Command('vm').description('run, inspect, step and prove WebAssembly modules on the DataVM');
  withRequest(command.command('run').description('run a WASI command: standard input to standard output'))
    .option('--json', 'print the result as one JSON line on standard error')
    .addHelpText('after', '\nExample:\n  $ npx mizu vm run wc.wasm --arg -l < rows.jsonl > count.txt')
    .action(async (path: string, options: VmRunOptions) => {
      const { runModule } = await import('./run.ts');
      if (!(await runModule(path, options))) throw new CommanderError(2, 'mizu.runFailed', 'The run failed.');
    });
  command
    .command('inspect')
    .description('tell what a module imports, exports, uses and lowers to')
    .argument('<module>', 'WebAssembly module (.wasm)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu vm inspect wc.wasm --json')
    .action(async (path: string, options: { json?: boolean }) => {
      const { inspectModule, printInspection } = await import('./inspect.ts');
      const inspection = await inspectModule(path);
      process.stdout.write(options.json ? `${JSON.stringify(inspection)}\n` : printInspection(inspection));
    });
  withRequest(command.command('trace').description('tell what a program does, instruction by instruction'))
    .addOption(new Option('--at <k>', 'steps before the first that is told').default(0n, '0').argParser(parsePosition))
    .addOption(new Option('--count <n>', 'steps that are told').default(20).argParser(parseCount))
    .addHelpText('after', '\nExample:\n  $ npx mizu vm trace wc.wasm --at 1000 --count 5 < rows.jsonl')
    .action(async (path: string, options: TraceOptions) => {
      const { traceModule } = await import('./trace.ts');
      await traceModule(path, options);
    });
  withRequest(command.command('prove').description('print the one-step proof of one instruction'))
    .addOption(
      new Option('--at <k>', 'steps before the one that is proven').argParser(parsePosition).makeOptionMandatory(),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu vm prove wc.wasm --at 1000 --json < rows.jsonl')
    .action(async (path: string, options: ProveOptions) => {
      const { proveModule } = await import('./trace.ts');
      await proveModule(path, options);
    });
  withRequest(
    command
      .command('check')
      .description('compare the engines on a run, and prove random steps of it to the L1 verifier'),
  )
    .addOption(new Option('--samples <n>', 'steps that are proven').default(100).argParser(parseCount))
    .addOption(new Option('--sample-seed <n>', 'which ones').default(1).argParser(parseCount))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu vm check wc.wasm --samples 200 < rows.jsonl')
    .action(async (path: string, options: CheckOptions) => {
      const { checkModule } = await import('./check.ts');
      if (!(await checkModule(path, options))) throw new CommanderError(2, 'mizu.checkFailed', 'The check failed.');
    });
  return command;
}

/** Adds a module and the options that describe a run of it. */
function withRequest(command: Command): Command {
  return command
    .argument('<module>', 'WebAssembly module (.wasm)')
    .option('--arg <value>', 'argument of the program; may be repeated', collect, [])
    .option('--env <name=value>', 'environment variable; may be repeated', collectEnvironment, [])
    .option('--input <file>', 'further input: file descriptor 3, 4, …; may be repeated', collect, [])
    .addOption(
      new Option('--gas <n>', 'gas limit in instructions')
        .default(DEFAULT_GAS, String(DEFAULT_GAS))
        .argParser(parseGas),
    )
    .addOption(
      new Option('--time <time>', 'what its clocks tell, as ISO 8601')
        .default(DEFAULT_TIME, '2020-01-01')
        .argParser(parseTime),
    )
    .addOption(
      new Option('--seed <hex>', 'seed of its random numbers, 32 bytes')
        .default(new Uint8Array(32), 'zeros')
        .argParser(parseSeed),
    );
}

function collect(value: string, values: readonly string[]): string[] {
  if (value.includes('\0')) throw new InvalidArgumentError('It must not contain a NUL character.');
  return [...values, value];
}

function collectEnvironment(value: string, values: readonly string[]): string[] {
  if (!/^[^=]+=/.test(value)) throw new InvalidArgumentError('Expected NAME=value.');
  return collect(value, values);
}

function parseGas(value: string): bigint {
  if (!/^\d[\d_]*$/.test(value))
    throw new InvalidArgumentError('Expected a number of instructions, for example 1000000.');
  const gas = BigInt(value.replaceAll('_', ''));
  if (gas >= MAX_GAS) throw new InvalidArgumentError('Expected less than 2^62.');
  return gas;
}

function parsePosition(value: string): bigint {
  if (!/^\d[\d_]*$/.test(value)) throw new InvalidArgumentError('Expected a number of steps, for example 1000.');
  return BigInt(value.replaceAll('_', ''));
}

function parseCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT)
    throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_COUNT}.`);
  return count;
}

function parseTime(value: string): bigint {
  const milliseconds = Date.parse(value);
  if (!Number.isFinite(milliseconds) || milliseconds < 0) {
    throw new InvalidArgumentError('Expected a time since 1970, for example 2026-01-31T12:00:00Z.');
  }
  return BigInt(milliseconds) * 1_000_000n;
}

function parseSeed(value: string): Uint8Array {
  const digits = value.replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw new InvalidArgumentError('Expected 64 hex digits.');
  return new Uint8Array(Buffer.from(digits, 'hex'));
}
