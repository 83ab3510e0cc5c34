// docs/vm.md#engines: the cost of the rewrite: the same module, rewritten and not, in one process.
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { createHost, type Host, HostExit } from '../../vm/host.ts';
import { HOST_MODULE } from '../../vm/host-functions.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine, type NativeSource } from '../../vm/native/engine.ts';
import { REWRITE_PARTS, type RewritePart } from '../../vm/native/rewrite.ts';
import { createProgram } from '../../vm/program.ts';
import { createQuickJsImage, createQuickJsProgram } from '../../vm/quickjs/program.ts';
import type { ProgramRun } from '../../vm/run.ts';
import { JAVASCRIPT_WORKLOADS, javaScriptInputs } from './javascript.ts';

export type NativeBench = {
  readonly name: string;
  /** Milliseconds of processor time. */
  readonly plainMs: number;
  readonly rewrittenMs: number;
  readonly ratio: number;
  /**
   * For QuickJS: the ratio of the module without one part of the rewrite, in the same rounds. The difference from
   * `ratio` is the cost of that part.
   */
  readonly ratioWithout?: Readonly<Record<RewritePart, number>>;
  readonly gas: bigint;
};

const WORKLOADS = ['loops', 'sorting', 'calls', 'text', 'floats'] as const;
const ROUNDS = 20;
const WARM_UP = 4;
const REQUEST: ProgramRun = { inputs: [], gasLimit: 1n << 60n, timestampNs: 0n, seed: new Uint8Array(32) };

/** Measures each workload both ways, alternating, in processor time; the best of 20 rounds after 4 to warm up. */
export async function benchNative(): Promise<NativeBench[]> {
  const rows: NativeBench[] = [];
  const wasm = await compileWorkloads();
  const module = loadModule(wasm);
  for (const entry of WORKLOADS) {
    const source = { ...createProgram({ module, entry }), wasm, entry, fromImage: false };
    rows.push(measure(entry, wasm, source, REQUEST));
  }
  const request = { ...REQUEST, inputs: javaScriptInputs() };
  for (const [name, bundle] of Object.entries(JAVASCRIPT_WORKLOADS)) {
    const { wasm: shared, image } = await createQuickJsImage(bundle);
    const program = createProgram({ module: loadModule(shared), image });
    const source = { ...program, wasm: shared, fromImage: true };
    rows.push(measure(name, await createQuickJsProgram(bundle), source, request, REWRITE_PARTS));
  }
  return rows;
}

/** `plain` starts from its own state, as the rewritten program does from its image. */
function measure(
  name: string,
  plain: Uint8Array,
  source: NativeSource,
  request: ProgramRun,
  parts: readonly RewritePart[] = [],
): NativeBench {
  const engines = [undefined, ...parts].map((without) => {
    const engine = createNativeEngine(without);
    const program = engine.load(source);
    if (program.kind !== 'native') throw new Error(program.reason);
    return { without, engine, program, ms: Number.POSITIVE_INFINITY };
  });
  const plainModule = new WebAssembly.Module(plain as BufferSource);
  let plainMs = Number.POSITIVE_INFINITY;
  let gas = 0n;
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    let expected = new Uint8Array();
    const runPlain = preparePlain(plainModule, source.entry ?? '_start', request);
    const plainTime = processorTime(() => {
      expected = runPlain();
    });
    if (round >= 0) plainMs = Math.min(plainMs, plainTime);
    for (const measured of engines) {
      let output = new Uint8Array();
      const time = processorTime(() => {
        const result = measured.engine.run(measured.program, request);
        if (result.status !== 0) throw new Error(`${name} ended with status ${result.status}`);
        output = result.output as Uint8Array<ArrayBuffer>;
        if (measured.without === undefined) gas = result.gasUsed;
      });
      if (Buffer.compare(output, expected) !== 0)
        throw new Error(`${name} does not give the output of the plain module`);
      if (round >= 0) measured.ms = Math.min(measured.ms, time);
    }
  }
  const [whole, ...lacking] = engines as [(typeof engines)[number], ...typeof engines];
  const ratios = Object.fromEntries(lacking.map(({ without, ms }) => [without, ms / plainMs]));
  return {
    name,
    plainMs,
    rewrittenMs: whole.ms,
    ratio: whole.ms / plainMs,
    ...(parts.length === 0 ? {} : { ratioWithout: ratios as Record<RewritePart, number> }),
    gas,
  };
}

/** A new instance of the module as V8 takes it; running it gives its output. */
function preparePlain(module: WebAssembly.Module, entry: string, request: ProgramRun): () => Uint8Array<ArrayBuffer> {
  const host = createHost(request, () => new Uint8Array(memory!.buffer));
  const { exports } = new WebAssembly.Instance(module, { [HOST_MODULE]: plainImports(host) });
  const memory = exports.memory as WebAssembly.Memory | undefined;
  return () => {
    try {
      (exports[entry] as () => void)();
    } catch (thrown) {
      if (!(thrown instanceof HostExit) || thrown.code !== 0) throw thrown;
    }
    return host.output() as Uint8Array<ArrayBuffer>;
  };
}

// Sizes and offsets are i64 for the module.
function plainImports(host: Host) {
  return {
    ...host,
    input_size: (index: number) => BigInt(host.input_size(index)),
    input_read: (target: number, index: number, offset: bigint, length: number) =>
      host.input_read(target, index, Number(offset), length),
  };
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

/** Processor time, because others use the processors too; background compilation is over after a few rounds. */
function processorTime(run: () => void): number {
  const start = process.cpuUsage();
  run();
  return process.cpuUsage(start).user / 1000;
}
