// docs/sdk.md#simulate: the programs of a workflow's simulators, read beside its file when it is compiled.
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MAX_SIMULATOR_BYTES, type SimulatorRef } from '../../edge/backends/simulate-request.ts';
import { loadSimulator, MAX_SIMULATOR_PAGES, type Simulator } from '../../edge/backends/simulation.ts';
import type { ProgramEntry } from '../../protocol/definition.ts';
import { formatError, MizuError } from '../../protocol/errors.ts';
import { objectRef } from '../../protocol/tree.ts';
import { programToEntry } from '../../vm/entry.ts';
import { linkWasi } from '../../vm/wasi/link.ts';
import type { OperatorDescription } from './describe-guest.ts';

/** A program that is deployed with the workflow. */
export type WorkflowSimulator = Simulator & {
  readonly ref: SimulatorRef;
  readonly entry: ProgramEntry;
  /** Code, image, slots, data, wasm: what the certificate covers, in order. */
  readonly objects: readonly Uint8Array[];
};

/** Programs of other operators count too: docs/messages.md#user. */
const MAX_SIMULATORS = 63;

/**
 * By the name of the operator. One file is one program, however many operators name it.
 * @throws MizuError `sdk/simulator`
 */
export async function loadSimulators(
  file: string,
  operators: readonly OperatorDescription[],
): Promise<ReadonlyMap<string, WorkflowSimulator>> {
  const loaded = new Map<string, WorkflowSimulator>();
  const byPath = new Map<string, WorkflowSimulator>();
  for (const { name, program } of operators) {
    if (program === undefined) continue;
    const path = resolve(dirname(resolve(file)), program);
    const simulator = byPath.get(path) ?? (await load(name, path));
    byPath.set(path, simulator);
    loaded.set(name, simulator);
    if (byPath.size > MAX_SIMULATORS) throw unusable(name, `at most ${MAX_SIMULATORS} programs`, 'more');
  }
  return loaded;
}

/** Each program once, in the order of the operators. */
export function programsOf(simulators: ReadonlyMap<string, WorkflowSimulator>): WorkflowSimulator[] {
  return [...new Map([...simulators.values()].map((one) => [one.ref.root, one])).values()];
}

async function load(operator: string, path: string): Promise<WorkflowSimulator> {
  const expected = `a WASI command of at most ${MAX_SIMULATOR_BYTES} bytes at ${path}`;
  const wasm = await readBounded(path).catch((cause: Error) => {
    throw unusable(operator, expected, cause.message, cause);
  });
  try {
    const core = await linkWasi(wasm);
    if (core.length > MAX_SIMULATOR_BYTES) throw new RangeError(`${core.length} bytes with the WASI adapter`);
    const simulator = loadSimulator(core);
    const { program } = simulator;
    const { pagesInitial } = program.header;
    if (pagesInitial > MAX_SIMULATOR_PAGES)
      throw new RangeError(`it starts with ${pagesInitial} pages of memory, at most ${MAX_SIMULATOR_PAGES} are given`);
    return {
      ...simulator,
      ref: objectRef(core),
      entry: programToEntry(program, core),
      objects: [program.code, program.memory, program.slots, program.data, core],
    };
  } catch (cause) {
    throw unusable(operator, expected, cause instanceof MizuError ? formatError(cause) : String(cause), cause);
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new TypeError('it is no file');
    if (stat.size > MAX_SIMULATOR_BYTES) throw new RangeError(`it has ${stat.size} bytes`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

function unusable(operator: string, expected: string, actual: string, cause?: unknown): MizuError {
  return new MizuError({
    code: 'sdk/simulator',
    message: `Operator '${operator}': its program cannot be used.`,
    expected,
    actual,
    hint: 'Compile it for WASI preview 1 as a command (Rust: wasm32-wasip1; clang: --target=wasm32-wasi), and name the file from the folder of the workflow file.',
    cause,
  });
}
