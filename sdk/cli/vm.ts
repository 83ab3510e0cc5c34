// docs/vm.md: `mizu vm`, the DataVM on one machine: run a module, look into one.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { inspectModule, printInspection } from './vm-inspect.ts';
import { runModule } from './vm-run.ts';

/** Seconds of work on a usual machine, so that an endless loop ends. */
const DEFAULT_GAS = 100_000_000_000n;
/** 2020-01-01. Go's runtime refuses a clock that stands at zero. */
const DEFAULT_TIME = 1_577_836_800_000_000_000n;
const MAX_GAS = 1n << 62n;

/**
 * `mizu vm run` and `mizu vm inspect`. Refusals are thrown as MizuError (exit code 1); a run that faults or exits with another
 * code than 0 says so on standard error and throws a CommanderError of exit code 2.
 */
export function vmCommand(): Command {
  const command = new Command('vm').description('run and inspect WebAssembly modules on the DataVM');
  command
    .command('run')
    .description('run a WASI command: standard input to standard output')
    .argument('<module>', 'WebAssembly module (.wasm)')
    .option('--arg <value>', 'argument of the program; may be repeated', collect, [])
    .option('--env <name=value>', 'environment variable; may be repeated', collectEnvironment, [])
    .option('--input <file>', 'further input: file descriptor 3, 4, …; may be repeated', collect, [])
    .addOption(new Option('--gas <n>', 'gas limit in instructions').default(DEFAULT_GAS, '10^11').argParser(parseGas))
    .addOption(
      new Option('--time <time>', 'what its clocks tell, as ISO 8601')
        .default(DEFAULT_TIME, '2020-01-01')
        .argParser(parseTime),
    )
    .addOption(
      new Option('--seed <hex>', 'seed of its random numbers, 32 bytes')
        .default(new Uint8Array(32), 'zeros')
        .argParser(parseSeed),
    )
    .option('--json', 'print the result as one JSON line on standard error')
    .addHelpText('after', '\nExample:\n  mizu vm run wc.wasm --arg -l < rows.jsonl > count.txt')
    .action(async (path: string, options: Parameters<typeof runModule>[1]) => {
      if (!(await runModule(path, options))) throw new CommanderError(2, 'mizu.runFailed', 'The run failed.');
    });
  command
    .command('inspect')
    .description('tell what a module imports, exports, uses and lowers to')
    .argument('<module>', 'WebAssembly module (.wasm)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  mizu vm inspect wc.wasm --json')
    .action(async (path: string, options: { json?: boolean }) => {
      const inspection = await inspectModule(path);
      process.stdout.write(options.json ? `${JSON.stringify(inspection)}\n` : printInspection(inspection));
    });
  return command;
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
