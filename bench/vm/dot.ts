// docs/vm.md#dot: products of bytes a second in V8, in the native engine and stepped, and their gas.
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram } from '../../vm/program.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { cpuNs } from '../processor-time.ts';

export type DotBench = {
  readonly columns: number;
  readonly rows: number;
  /** All speeds are 10^9 products a second of processor time. V8 alone: */
  readonly v8Scalar: number;
  readonly v8Vector: number;
  /** Four rows at once, as an instruction for a matrix could. */
  readonly v8FourRows: number;
  /** The DataVM without and with the instruction. */
  readonly nativeScalar: number;
  readonly native: number;
  readonly stepped: number;
  /** The speed of V8's vectors over that of the instruction. */
  readonly ratio: number;
  readonly gasPerProduct: number;
  readonly gasPerProductScalar: number;
};

/** The last one is 128 MiB, which no cache holds. */
const SIZES = [
  [64, 1024],
  [256, 1024],
  [1024, 512],
  [4096, 64],
  [1024, 131_072],
] as const;
/** Pages in front of the matrix. */
const PAGES_BEFORE = 2;
const PRODUCTS = 2 ** 31;
/** Of products one by one there are fewer. */
const SLOWER = 16;
const ROUNDS = 7;

type Measured = { readonly hash: number; readonly gas?: bigint };
type Run = (passes: number) => Measured;

/** The best of seven rounds, all ways in turn; what a run does before its first pass is subtracted. */
export async function benchDot(): Promise<DotBench[]> {
  const rows: DotBench[] = [];
  for (const [columns, count] of SIZES) {
    const pages = PAGES_BEFORE + Math.ceil((columns * count) / 65_536);
    const v8 = await compile('dot-v8.ts', pages, ['--enable', 'simd']);
    rows.push(measure(columns, count, await compile('dot.ts', pages, []), v8));
  }
  return rows;
}

function measure(columns: number, rows: number, wasm: Uint8Array, simd: Uint8Array<ArrayBuffer>): DotBench {
  const program = createProgram({ module: loadModule(wasm) });
  const plain = new WebAssembly.Instance(new WebAssembly.Module(simd)).exports as Record<
    string,
    (...args: number[]) => number
  >;
  plain.fill!(rows * columns);
  const inputs = (instruction: number, passes: number): readonly Uint8Array[] => [
    new Uint8Array(Uint32Array.of(instruction, rows, columns, passes).buffer),
  ];
  const engine = createNativeEngine();
  const loaded = engine.load({ ...program, wasm, fromImage: false });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  const request = { gasLimit: 1n << 60n, timestampNs: 0n, seed: new Uint8Array(32) };
  const native =
    (instruction: number): Run =>
    (passes) => {
      const { output, gasUsed } = engine.run(loaded, { ...request, inputs: inputs(instruction, passes) });
      return { hash: new DataView(output.buffer, output.byteOffset).getUint32(0, true), gas: gasUsed };
    };
  const stepped: Run = (passes) => {
    const { output } = createStepMachine({ ...request, program, inputs: inputs(1, passes) }).runToEnd();
    return { hash: new DataView(output.buffer, output.byteOffset).getUint32(0, true) };
  };
  const inV8 =
    (name: string): Run =>
    (passes) => ({ hash: plain[name]!(rows, columns, passes) >>> 0 });
  const size = rows * columns;
  const passes = Math.max(1, Math.round(PRODUCTS / size));
  const fewer = Math.max(1, Math.round(passes / SLOWER));
  const ways = [
    createWay(inV8('runScalar'), fewer, size),
    createWay(inV8('runVector'), passes, size),
    createWay(inV8('runFourRows'), passes, size),
    createWay(native(0), fewer, size),
    createWay(native(1), passes, size),
    createWay(stepped, passes, size),
  ] as const;
  for (let round = 0; round < ROUNDS; round++) for (const way of ways) way.measure();
  const [v8Scalar, v8Vector, v8FourRows, nativeScalar, nativeDot, step] = ways;
  const hash = v8Scalar.once().hash;
  for (const way of ways) if (way.once().hash !== hash) throw new Error('two ways have different sums');
  return {
    columns,
    rows,
    v8Scalar: v8Scalar.speed(),
    v8Vector: v8Vector.speed(),
    v8FourRows: v8FourRows.speed(),
    nativeScalar: nativeScalar.speed(),
    native: nativeDot.speed(),
    stepped: step.speed(),
    ratio: v8Vector.speed() / nativeDot.speed(),
    gasPerProduct: nativeDot.gas(),
    gasPerProductScalar: nativeScalar.gas(),
  };
}

function createWay(run: Run, passes: number, size: number) {
  let [least, before] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  return {
    once: () => run(1),
    measure(): void {
      before = Math.min(
        before,
        cpuNs(() => run(0)),
      );
      least = Math.min(
        least,
        cpuNs(() => run(passes)),
      );
    },
    speed: () => (size * passes) / (least - before),
    gas: () => Number(run(passes).gas! - run(0).gas!) / (size * passes),
  };
}

async function compile(name: string, pages: number, flags: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const source = readFileSync(new URL(`./assembly/${name}`, import.meta.url), 'utf8');
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const memory = ['--initialMemory', String(pages), '--maximumMemory', String(pages)];
  const { error, stderr } = await asc.main(
    [name, '--outFile', 'dot.wasm', '-O3', '--runtime', 'stub', '--use', 'abort=', ...memory, ...flags],
    {
      readFile: (wanted) => (wanted === name ? source : null),
      writeFile: (_, contents) => {
        binary = contents as Uint8Array<ArrayBuffer>;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw new Error(`AssemblyScript: ${error?.message} ${stderr.toString()}`);
  return binary;
}
