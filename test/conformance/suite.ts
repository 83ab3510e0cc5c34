// docs/vm.md#engines: runs files of the WebAssembly core test suite, as wast2json writes them.
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import { loadModule } from '../../vm/load.ts';
import { exportBits } from './bits.ts';
import { type Engines, instantiate } from './engines.ts';
import { createFileResult, type FileResult } from './result.ts';
import type { CallOutcome, TestInstance } from './test-instance.ts';

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

/** One for each engine, or why the module is refused. */
type Loaded = { readonly instances: readonly TestInstance[] } | { readonly refusal: string };
type Judge = (command: Command, complaints: readonly (string | undefined)[]) => Promise<void>;

/** What no engine runs; all else that is refused is a feature that the DataVM lacks. */
const BROKEN = ['vm/malformed', 'vm/invalid', 'vm/data-out-of-bounds', 'vm/table-out-of-bounds'];
const IMPORTED: Loaded = { refusal: 'a module that a refused one imports from: a program is a single module' };

/** Runs one `NAME.json`; the engines must also agree on the gas. */
export async function runSuiteFile(path: string, engines: Engines): Promise<FileResult> {
  const folder = dirname(path);
  const { commands } = JSON.parse(readFileSync(path, 'utf8')) as { commands: Command[] };
  const result = createFileResult(basename(path), engines.names);
  const named = new Map<string, Loaded>();
  let current: Loaded | undefined;
  const registered = new Set<Loaded>();
  // Instances whose state a refused module would have changed: what follows on them is void.
  const altered = new Set<Loaded>();
  const loadNext = (command: Command): Loaded => {
    const loaded = load(join(folder, command.filename!), engines);
    if ('refusal' in loaded) for (const other of registered) altered.add(other);
    return loaded;
  };
  const judge: Judge = async (command, complaints) => {
    const at = `line ${command.line} ${command.type}`;
    const proofs = await engines.checkProofs(result);
    engines.names.forEach((name, i) => {
      const complaint = complaints[i] ?? (name === 'evm' ? proofs : undefined);
      result.judge(name, complaint === undefined ? undefined : `${at}: ${complaint}`, isAssertion(command));
    });
  };
  for (const command of commands) {
    if (isAssertion(command)) result.assertions++;
    switch (command.type) {
      case 'module': {
        try {
          current = loadNext(command);
        } catch (error) {
          current = { refusal: 'a module that does not load' };
          await judge(
            command,
            engines.names.map(() => String(error)),
          );
        }
        if (command.name !== undefined) named.set(command.name, current);
        if ('instances' in current)
          await judge(
            command,
            complaintsOf(
              current.instances.map((i) => i.start()),
              'values',
            ),
          );
        break;
      }
      case 'register':
        registered.add(command.name === undefined ? current! : named.get(command.name)!);
        break;
      case 'action':
      case 'assert_return':
      case 'assert_trap':
      case 'assert_exhaustion': {
        const action = command.action!;
        const wanted = action.module === undefined ? current! : named.get(action.module)!;
        const target = altered.has(wanted) ? IMPORTED : wanted;
        if ('refusal' in target) result.refuse(target.refusal, isAssertion(command));
        else if (action.type !== 'invoke')
          result.refuse('a global read from outside the program', isAssertion(command));
        else await judge(command, checkAction(command, target.instances));
        break;
      }
      case 'assert_invalid':
      case 'assert_malformed':
      case 'assert_unlinkable':
      case 'assert_uninstantiable':
        if (command.module_type === 'text') result.text++;
        else await checkRefusal(command, loadNext, engines.names.length, judge, result);
        break;
      default:
        throw new Error(`${path}: unknown command ${command.type}`);
    }
  }
  return result;
}

function isAssertion({ type }: Command): boolean {
  return type.startsWith('assert_');
}

function load(path: string, engines: Engines): Loaded {
  try {
    const module = exportBits(loadModule(readFileSync(path)));
    return { instances: engines.names.map((name) => instantiate(name, module, engines.sampler)) };
  } catch (error) {
    if (error instanceof MizuError && !BROKEN.includes(error.code)) return { refusal: reasonOf(error) };
    throw error;
  }
}

/** Without the place in the module. */
function reasonOf({ code, message }: MizuError): string {
  return `${code}: ${message.replace(/ at (byte|offset) \d+/, '').replace(/^The module (uses|imports) /, '')}`;
}

function checkAction(command: Command, instances: readonly TestInstance[]): (string | undefined)[] {
  const args = command.action!.args.map(({ value }) => BigInt(value));
  const outcomes = instances.map((i) => i.invoke(command.action!.field, args));
  if (command.type === 'assert_trap' || command.type === 'assert_exhaustion') return complaintsOf(outcomes, 'fault');
  const expected = command.type === 'action' ? [] : command.expected!;
  return complaintsOf(outcomes, 'values').map((complaint, i) => {
    const outcome = outcomes[i]!;
    if (complaint !== undefined || outcome.kind !== 'values') return complaint;
    const wrong = expected.findIndex((value, at) => !matches(value, outcome.values[at]!));
    return wrong < 0 ? undefined : `expected ${JSON.stringify(expected[wrong])}, got ${outcome.values[wrong]}`;
  });
}

async function checkRefusal(
  command: Command,
  loadNext: (command: Command) => Loaded,
  engines: number,
  judge: Judge,
  result: FileResult,
): Promise<void> {
  const same = (complaint: string | undefined) => Array.from({ length: engines }, () => complaint);
  try {
    const loaded = loadNext(command);
    if ('refusal' in loaded) result.refuse(loaded.refusal, true);
    // A module whose instantiation traps is a program that faults.
    else
      await judge(
        command,
        complaintsOf(
          loaded.instances.map((i) => i.start()),
          'fault',
        ),
      );
  } catch (error) {
    await judge(command, same(error instanceof MizuError ? undefined : String(error)));
  }
}

/** Of each engine: another kind of outcome than wanted, or another result than the first engine's. */
function complaintsOf(outcomes: readonly CallOutcome[], kind: CallOutcome['kind']): (string | undefined)[] {
  const [first] = outcomes;
  return outcomes.map((outcome) => {
    if (outcome.kind !== kind) return `expected ${kind}, got ${describe(outcome)}`;
    if (kind === 'fault' || describe(outcome) === describe(first!)) return undefined;
    return `engines differ: ${describe(first!)} against ${describe(outcome)}`;
  });
}

function describe(outcome: CallOutcome): string {
  return outcome.kind === 'fault' ? outcome.message : `(${outcome.values.join(', ')}) for ${outcome.gasUsed} gas`;
}

function matches({ type, value }: Value, bits: bigint): boolean {
  const [mask, quiet] = type.endsWith('32') ? [0x7fffffffn, 0x7fc00000n] : [0x7fffffffffffffffn, 0x7ff8000000000000n];
  if (value === 'nan:canonical') return (bits & mask) === quiet;
  if (value === 'nan:arithmetic') return (bits & quiet) === quiet;
  return BigInt(value) === bits;
}
