// docs/edge.md#simulations: runs a simulator once: the same program, input and seed give the same bytes everywhere.
import { MizuError } from '../../protocol/errors.ts';
import { keccak } from '../../protocol/tree.ts';
import { createNativeEngine, NativeFailed, type NativeProgram } from '../../vm/native/engine.ts';
import type { Program } from '../../vm/program.ts';
import type { RunFault, RunResult } from '../../vm/run.ts';
import { MAX_SIMULATOR_OUTPUT_BYTES } from './simulate-request.ts';

/** 256 MiB, of the program's own maximum at most. */
export const MAX_SIMULATOR_PAGES = 4_096;
/** Characters of standard error that a failure repeats, its last ones. */
const MAX_LOG = 200;

export type SimulationOf = { readonly input: string; readonly seed: number; readonly gasLimit: number };

export type Simulated =
  | { readonly kind: 'output'; readonly output: string; readonly gasUsed: number }
  /** The program is to blame, so everyone comes to the same. */
  | { readonly kind: 'fault'; readonly reason: string; readonly gasUsed: number }
  /** This machine did not get to a result: that says nothing about the program. */
  | { readonly kind: 'unfinished'; readonly reason: string };

export type Simulator = {
  readonly program: Program;
  run(simulation: SimulationOf): Simulated;
};

/** V8 keeps what it has compiled for a few programs. */
const engine = createNativeEngine();
const encoder = new TextEncoder();
const PARAMETERS = encoder.encode('asimulator\0');

/**
 * `core` is what `linkWasi` gives.
 * @throws MizuError `vm/…` if it is no program of the DataVM, `vm/unfit-program`
 */
export function loadSimulator(core: Uint8Array): Simulator {
  const { program, loaded } = engine.lower({ wasm: core });
  if (loaded.kind === 'mismatch') throw noNativeForm(loaded.reason);
  return { program, run: (simulation) => run(loaded, simulation) };
}

function run(program: NativeProgram, { input, seed, gasLimit }: SimulationOf): Simulated {
  let log = '';
  const decoder = new TextDecoder();
  const request = {
    inputs: [PARAMETERS, encoder.encode(input)],
    gasLimit: BigInt(gasLimit),
    timestampNs: 0n,
    seed: seedBytes(seed),
    onLog: (bytes: Uint8Array) => {
      log = (log + decoder.decode(bytes.subarray(-4 * MAX_LOG), { stream: true })).slice(-MAX_LOG);
    },
  };
  try {
    return settle(engine.run(program, request, MAX_SIMULATOR_PAGES), gasLimit, () => log);
  } catch (error) {
    if (!(error instanceof NativeFailed)) throw error;
    const given = error.needsMemory ? `it wants more than ${MAX_SIMULATOR_PAGES / 16} MiB of memory` : error.message;
    return { kind: 'unfinished', reason: given };
  }
}

function settle({ status, output, gasUsed, fault }: RunResult, gasLimit: number, log: () => string): Simulated {
  const failed = (reason: string): Simulated => ({ kind: 'fault', reason, gasUsed: Number(gasUsed) });
  const told = log().trim() === '' ? '' : `: ${log().trim()}`;
  if (fault !== undefined) return failed(`${describeFault(fault, gasLimit)}${told}`);
  if (status !== 0) return failed(`exit code ${status}${told}`);
  if (output.length > MAX_SIMULATOR_OUTPUT_BYTES)
    return failed(`${output.length} bytes of output, at most ${MAX_SIMULATOR_OUTPUT_BYTES} are kept`);
  const text = decodeOutput(output);
  return text === undefined
    ? failed('the output is not UTF-8')
    : { kind: 'output', output: text, gasUsed: Number(gasUsed) };
}

// V8's own words for a trap are those of its version, and a row's result is the same on every machine.
function describeFault({ kind, message }: RunFault, gasLimit: number): string {
  if (kind === 'out-of-gas') return `it has used up its gas, ${gasLimit}`;
  return kind === 'trap' ? 'it has trapped' : message;
}

// The input is no part of it: two inputs with one seed meet the same chance.
function seedBytes(seed: number): Uint8Array {
  return keccak(encoder.encode(`mizu/simulator-seed\n${seed}`));
}

/** A byte order mark is text like any other: nothing is taken off. */
function decodeOutput(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function noNativeForm(reason: string): MizuError {
  return new MizuError({
    code: 'edge/no-simulator',
    message: 'The program has no native form.',
    expected: 'a module that the native engine runs',
    actual: reason,
  });
}
