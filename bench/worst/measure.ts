// docs/vm.md#gas: runs a program that never ends until its gas is used up, and says how long a gas took.

import { assemble } from '../../test/modules/test-modules.fixture.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { cpuNs } from '../processor-time.ts';
import { GOAL_NS, type WorstCase } from './row.ts';

export type ModuleCase = {
  readonly name: string;
  /** WebAssembly text whose `_start` never returns. */
  readonly wat: string;
  /** Gas of a run; more if the measured part comes late. */
  readonly gas?: bigint;
  /** Gas of the part before, which is not measured: it touches pages or links words. */
  readonly from?: bigint;
  readonly inputs?: readonly Uint8Array[];
};

export type RawCase = { readonly name: string; readonly program: Program; readonly gas?: bigint };

const GAS = 2_000_000n;
const WARM_UP = 2_000n;
/**
 * The least of so many rounds counts: other work of the machine and the process, compiling and collecting garbage, only
 * adds to it. A case of a few milliseconds that seems expensive has more rounds.
 */
const ROUNDS = 2;
const MOST_ROUNDS = 8;
const DEAR_NS = GOAL_NS / 2;
const COMMON = { timestampNs: 0n, seed: new Uint8Array(32) } as const;

export function measureModule({ name, wat, from = 0n, gas = from + GAS, inputs = [] }: ModuleCase): WorstCase {
  const wasm = assemble(wat);
  const program = createProgram({ module: loadModule(wasm) });
  const source = { ...program, wasm, fromImage: false };
  const request = { ...COMMON, inputs, onLog: () => {} };
  // The first run is V8's quick code, later ones are its optimized code: the slower of both counts.
  let [quick, optimized] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; counts(round, Math.max(quick, optimized)); round++) {
    const engine = createNativeEngine();
    const loaded = engine.load(source);
    if (loaded.kind !== 'native') throw new Error(`${name}: ${loaded.reason}`);
    const run = (gasLimit: bigint): number => cpuNs(() => engine.run(loaded, { ...request, gasLimit }));
    const perGas = (): number => (run(gas) - (from > 0n ? run(from) : 0)) / Number(gas - from);
    run(WARM_UP);
    quick = Math.min(quick, perGas());
    optimized = Math.min(optimized, perGas());
  }
  return { name, native: Math.max(quick, optimized), step: measureStep(program, from, gas, inputs) };
}

export function measureRaw({ name, program, gas = GAS }: RawCase): WorstCase {
  return { name, step: measureStep(program, 0n, gas, []) };
}

/** Whether there is one more round. */
function counts(round: number, leastNs: number): boolean {
  return round < (leastNs > DEAR_NS ? MOST_ROUNDS : ROUNDS);
}

function measureStep(program: Program, from: bigint, gas: bigint, inputs: readonly Uint8Array[]): number {
  const request = { ...COMMON, program, inputs };
  createStepMachine({ ...request, gasLimit: WARM_UP }).runToEnd();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; counts(round, least); round++) {
    const machine = createStepMachine({ ...request, gasLimit: gas });
    machine.runTo(from);
    least = Math.min(least, cpuNs(() => machine.runToEnd()) / Number(gas - from));
  }
  return least;
}
