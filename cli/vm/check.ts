// docs/machine.md: `mizu vm check`: compares the native engine with the step machine, and some steps with the
// verifier's real bytecode.

import { createOneStepVerifier } from '../../dispute/osp.ts';
import { STATUS_FAULT } from '../../protocol/constants.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import type { RunResult } from '../../vm/run.ts';
import type { TraceResult } from '../../vm/step/ending.ts';
import { fetchInstruction } from '../../vm/step/fetch.ts';
import { cannotFetch } from '../../vm/step/machine.ts';
import { createStepMachine, type StepMachine, type StepRequest } from '../../vm/step/step-machine.ts';
import { nameOf } from '../../vm/step/trace.ts';
import { readVmRequest, type VmRequestOptions } from './request.ts';

export type CheckOptions = VmRequestOptions & {
  readonly samples: number;
  /** Seed of the positions that are proven. */
  readonly sampleSeed: number;
  readonly json?: boolean;
};

export type OpCheck = { readonly name: string; samples: number; maxGas: bigint; totalGas: bigint };

export type EngineCheck = {
  readonly steps: bigint;
  readonly status: number;
  readonly gasUsed: bigint;
  readonly stepsPerSecond: number;
  readonly ops: readonly OpCheck[];
  /** What did not agree; empty if everything did. */
  readonly failures: readonly string[];
};

/** False if the engines or the verifier do not agree. */
export async function checkModule(path: string, options: CheckOptions): Promise<boolean> {
  const { file, request } = await readVmRequest(path, options);
  const engine = createNativeEngine();
  const { program, loaded } = engine.lower({ wasm: file.core });
  if (loaded.kind === 'mismatch') throw new Error(`the module has no native form: ${loaded.reason}`);
  const native = engine.run(loaded, request);
  const check = await checkRun({ program, ...request }, native, options);
  process.stdout.write(options.json ? `${toJson(check)}\n` : printCheck(check));
  for (const failure of check.failures) process.stderr.write(`${failure}\n`);
  return check.failures.length === 0;
}

/**
 * Runs the whole run in the step machine, compares it with the native result, and has `samples` steps of it verified:
 * the last one and random ones.
 */
export async function checkRun(
  request: StepRequest,
  native: RunResult,
  { samples, sampleSeed }: { readonly samples: number; readonly sampleSeed: number },
): Promise<EngineCheck> {
  const failures: string[] = [];
  const ops = new Map<string, OpCheck>();
  const verifier = await createOneStepVerifier();
  const machine = createStepMachine(request);
  let milliseconds = 0;
  const timed = <T>(go: () => T): T => {
    const from = performance.now();
    const result = go();
    milliseconds += performance.now() - from;
    return result;
  };
  for (const position of drawPositions(lengthOf(request, native), samples, sampleSeed)) {
    timed(() => machine.runTo(position));
    // The native result promised more steps than there are: that is reported below.
    if (machine.result() !== undefined) break;
    const name = instructionName(machine);
    const before = machine.hash();
    const verdict = await verifier.step(machine.prove());
    machine.runTo(position + 1n);
    if (verdict.kind === 'revert') failures.push(`step ${position}, ${name}: the proof is refused: ${verdict.reason}`);
    else if (verdict.before !== before || verdict.after !== machine.hash())
      failures.push(`step ${position}, ${name}: the verifier comes to ${verdict.after}, not to ${machine.hash()}`);
    else count(ops, name, verdict.gas.transaction);
  }
  const result = timed(() => machine.runToEnd());
  failures.unshift(...differences(native, result));
  const steps = machine.position();
  return {
    steps,
    status: result.status,
    gasUsed: result.gasUsed,
    stepsPerSecond: (1000 * Number(steps)) / milliseconds,
    ops: [...ops.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
    failures,
  };
}

/**
 * Steps of the run if the native result is right: one for each gas. After a fault all gas is used, and a kernel's
 * programs pay for their own gas: in these cases the steps are counted by the step machine.
 */
function lengthOf(request: StepRequest, { status, gasUsed }: RunResult): bigint {
  if (status !== STATUS_FAULT && request.kernel === undefined) return gasUsed;
  const machine = createStepMachine(request);
  machine.runToEnd();
  return machine.position();
}

function instructionName(machine: StepMachine): string {
  const current = machine.machine()!;
  return nameOf(cannotFetch(current) ? undefined : fetchInstruction(current));
}

function differences(native: RunResult, stepped: TraceResult): string[] {
  const told = (result: RunResult | TraceResult) =>
    `status ${result.status}, ${result.gasUsed} gas, output ${objectRoot(result.output)}`;
  return told(native) === told(stepped) ? [] : [`native: ${told(native)}; stepped: ${told(stepped)}`];
}

/** Positions in ascending order, each once; the last step is always among them. */
function drawPositions(steps: bigint, samples: number, seed: number): bigint[] {
  const positions = new Set<bigint>([steps - 1n]);
  let state = BigInt(seed);
  for (let i = 1; i < samples; i++) {
    // Knuth's MMIX generator; its upper bits are the good ones.
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    positions.add(((state >> 16n) * steps) >> 48n);
  }
  return [...positions].sort((left, right) => (left < right ? -1 : 1));
}

function count(ops: Map<string, OpCheck>, name: string, gas: bigint): void {
  const op = ops.get(name) ?? { name, samples: 0, maxGas: 0n, totalGas: 0n };
  op.samples++;
  op.totalGas += gas;
  if (gas > op.maxGas) op.maxGas = gas;
  ops.set(name, op);
}

function printCheck({ steps, status, gasUsed, stepsPerSecond, ops, failures }: EngineCheck): string {
  const samples = ops.reduce((sum, op) => sum + op.samples, 0);
  const total = ops.reduce((sum, op) => sum + op.totalGas, 0n);
  const highest = ops.reduce((most, op) => Math.max(most, Number(op.maxGas)), 0);
  const row = (name: string, count: string | number, mean: string | bigint, max: string | bigint | number): string =>
    `${name.padEnd(24)} ${String(count).padStart(8)} ${String(mean).padStart(10)} ${String(max).padStart(10)}`;
  return [
    `${steps} steps, status ${status}, ${gasUsed} gas; ${(stepsPerSecond / 1e6).toFixed(0)} M steps/s`,
    failures.length === 0 ? 'native result = stepped result; every sampled step is proven' : 'FAILED',
    ...(samples === 0
      ? []
      : [
          '',
          row('instruction', 'samples', 'mean gas', 'max gas'),
          ...ops.map((op) => row(op.name, op.samples, op.totalGas / BigInt(op.samples), op.maxGas)),
          row(`all (${ops.length})`, samples, total / BigInt(samples), highest),
        ]),
    '',
  ].join('\n');
}

function toJson(check: EngineCheck): string {
  return JSON.stringify(check, (_key, value) => (typeof value === 'bigint' ? value.toString() : value));
}
