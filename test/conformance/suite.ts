// docs/vm.md#engines: runs files of the WebAssembly core test suite, as wast2json writes them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import { loadModule } from '../../vm/load.ts';
import { exportBits } from './bits.ts';
import { type EngineName, instantiate, type Outcome, type TestInstance } from './engines.ts';
import type { StepSampler } from './step-engine.ts';

export type FileResult = {
  readonly file: string;
  passed: number;
  /** Assertions on modules that use a feature which the DataVM refuses. */
  refused: number;
  /** Assertions on the text format, which the DataVM does not read. */
  text: number;
  readonly failures: string[];
};

type Value = { readonly type: string; readonly value: string };
type Action = {
  readonly type: string;
  readonly module?: string;
  readonly field: string;
  readonly args: readonly Value[];
};
type Command = {
  readonly type: string;
  readonly line: number;
  readonly filename?: string;
  readonly name?: string;
  readonly module_type?: string;
  readonly action?: Action;
  readonly expected?: readonly Value[];
};

/** Runs one `NAME.json` in the given engines; with two they must also agree on the gas. `sampler`: takes steps to be proven. */
export function runSuiteFile(
  folder: string,
  file: string,
  engines: readonly EngineName[],
  sampler?: StepSampler,
): FileResult {
  const { commands } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { commands: Command[] };
  const result: FileResult = { file, passed: 0, refused: 0, text: 0, failures: [] };
  const named = new Map<string, TestInstance[] | undefined>();
  let current: TestInstance[] | undefined;
  // Instances that other modules may import from. A refused module would have changed their state: what follows on them is void.
  const registered = new Set<TestInstance[]>();
  const altered = new Set<TestInstance[]>();
  const loadNext = (command: Command): TestInstance[] | undefined => {
    const instances = load(folder, command, engines, sampler);
    if (instances === undefined) for (const instance of registered) altered.add(instance);
    return instances;
  };
  const judge = (command: Command, complaint: string | undefined): void => {
    if (complaint === undefined) result.passed++;
    else result.failures.push(`line ${command.line} ${command.type}: ${complaint}`);
  };
  for (const command of commands) {
    switch (command.type) {
      case 'module': {
        current = loadNext(command);
        if (command.name !== undefined) named.set(command.name, current);
        if (current === undefined) break;
        judge(command, complaintOf(agree(current.map((i) => i.start())), 'values'));
        break;
      }
      case 'register': {
        const instance = command.name === undefined ? current : named.get(command.name);
        if (instance !== undefined) registered.add(instance);
        break;
      }
      case 'action':
      case 'assert_return':
      case 'assert_trap':
      case 'assert_exhaustion': {
        const action = command.action!;
        const target = action.module === undefined ? current : named.get(action.module);
        if (target === undefined || altered.has(target) || action.type !== 'invoke') {
          result.refused++;
          break;
        }
        judge(command, checkAction(command, target));
        break;
      }
      case 'assert_invalid':
      case 'assert_malformed':
      case 'assert_unlinkable':
      case 'assert_uninstantiable':
        if (command.module_type === 'text') result.text++;
        else judge(command, checkRefusal(command, loadNext));
        break;
      default:
        judge(command, 'unknown command');
    }
  }
  return result;
}

function load(
  folder: string,
  command: Command,
  engines: readonly EngineName[],
  sampler: StepSampler | undefined,
): TestInstance[] | undefined {
  try {
    const module = exportBits(loadModule(readFileSync(join(folder, command.filename!))));
    return engines.map((engine) => instantiate(engine, module, sampler));
  } catch (error) {
    if (error instanceof MizuError && error.code !== 'vm/malformed' && error.code !== 'vm/invalid') return undefined;
    throw error;
  }
}

function checkAction(command: Command, target: readonly TestInstance[]): string | undefined {
  const args = command.action!.args.map(({ value }) => BigInt(value));
  const outcome = agree(target.map((i) => i.invoke(command.action!.field, args)));
  if (command.type === 'assert_trap' || command.type === 'assert_exhaustion') return complaintOf(outcome, 'fault');
  const complaint = complaintOf(outcome, 'values');
  if (complaint !== undefined || typeof outcome === 'string' || outcome.kind !== 'values') return complaint;
  const expected = command.type === 'action' ? [] : command.expected!;
  const wrong = expected.findIndex((value, i) => !matches(value, outcome.values[i]!));
  return wrong < 0 ? undefined : `expected ${JSON.stringify(expected[wrong])}, got ${outcome.values[wrong]}`;
}

function checkRefusal(
  command: Command,
  loadNext: (command: Command) => TestInstance[] | undefined,
): string | undefined {
  try {
    const instances = loadNext(command);
    // A module whose instantiation traps is a program that faults.
    return instances === undefined || instances.every((i) => i.start().kind === 'fault') ? undefined : 'was accepted';
  } catch (error) {
    return error instanceof MizuError ? undefined : String(error);
  }
}

function agree(outcomes: readonly Outcome[]): Outcome | string {
  const first = outcomes[0]!;
  for (const other of outcomes) {
    if (other.kind !== first.kind) return `engines differ: ${describe(first)} against ${describe(other)}`;
    if (describe(other) !== describe(first) && first.kind === 'values')
      return `engines differ: ${describe(first)} against ${describe(other)}`;
  }
  return first;
}

function complaintOf(outcome: Outcome | string, kind: Outcome['kind']): string | undefined {
  if (typeof outcome === 'string') return outcome;
  return outcome.kind === kind ? undefined : `expected ${kind}, got ${describe(outcome)}`;
}

function describe(outcome: Outcome): string {
  return outcome.kind === 'fault' ? outcome.message : `(${outcome.values.join(', ')}) for ${outcome.gasUsed} gas`;
}

function matches({ type, value }: Value, bits: bigint): boolean {
  const [mask, quiet] = type.endsWith('32') ? [0x7fffffffn, 0x7fc00000n] : [0x7fffffffffffffffn, 0x7ff8000000000000n];
  if (value === 'nan:canonical') return (bits & mask) === quiet;
  if (value === 'nan:arithmetic') return (bits & quiet) === quiet;
  return BigInt(value) === bits;
}
