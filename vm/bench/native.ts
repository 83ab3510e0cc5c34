// docs/vm.md#engines: what the rewrite costs: the same module, rewritten and not, in one process.
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { loadModule } from '../load.ts';
import { createNativeEngine } from '../native/engine.ts';
import { createProgram } from '../program.ts';

export type NativeBench = {
  readonly name: string;
  readonly plainMs: number;
  readonly rewrittenMs: number;
  readonly ratio: number;
  readonly gas: bigint;
};

const WORKLOADS = ['loops', 'sorting', 'calls', 'text', 'floats'] as const;
const ROUNDS = 20;
const GAS = 1n << 60n;

/** Measures each workload both ways, alternating; the best of 20 rounds after 2 to warm up. */
export async function benchNative(): Promise<NativeBench[]> {
  const wasm = await compileWorkloads();
  const module = loadModule(wasm);
  const plainModule = new WebAssembly.Module(wasm as BufferSource);
  const engine = createNativeEngine();
  const request = { inputs: [], gasLimit: GAS, timestampNs: 0n, seed: new Uint8Array(32) };
  const rows: NativeBench[] = [];
  for (const name of WORKLOADS) {
    const program = engine.load({ ...createProgram({ module, entry: name }), wasm, entry: name, fromImage: false });
    if (program.kind !== 'native') throw new Error(program.reason);
    const plain: number[] = [];
    const rewritten: number[] = [];
    let gas = 0n;
    for (let round = -2; round < ROUNDS; round++) {
      const instance = new WebAssembly.Instance(plainModule);
      const plainMs = time(() => (instance.exports[name] as () => void)());
      const rewrittenMs = time(() => {
        const { status, gasUsed } = engine.run(program, request);
        if (status !== 0) throw new Error(`${name} ended with status ${status}`);
        gas = gasUsed;
      });
      if (round < 0) continue;
      plain.push(plainMs);
      rewritten.push(rewrittenMs);
    }
    const plainMs = Math.min(...plain);
    const rewrittenMs = Math.min(...rewritten);
    rows.push({ name, plainMs, rewrittenMs, ratio: rewrittenMs / plainMs, gas });
  }
  return rows;
}

async function compileWorkloads(): Promise<Uint8Array> {
  const source = readFileSync(new URL('./assembly/workloads.ts', import.meta.url), 'utf8');
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ['workloads.ts', '--outFile', 'workloads.wasm', '-O3', '--runtime', 'incremental', '--use', 'abort='],
    {
      readFile: (name) => (name === 'workloads.ts' ? source : null),
      writeFile: (_, contents) => {
        binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw new Error(`AssemblyScript: ${error?.message} ${stderr.toString()}`);
  return binary;
}

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
