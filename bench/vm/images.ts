// docs/vm.md#images: what a task of a program with a large image takes, in a new instance each time and in a kept one.
import { assemble } from '../../test/modules/test-modules.fixture.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine, type NativeProgram } from '../../vm/native/engine.ts';
import { createProgram } from '../../vm/program.ts';
import type { ProgramRun } from '../../vm/run.ts';
import { cpuMs } from '../processor-time.ts';

export type ImageBench = {
  readonly imageMiB: number;
  readonly memoryMiB: number;
  /** Milliseconds of processor time of a run: in a new instance, into which the image is copied. */
  readonly newMs: number;
  /** In the instance of the run before. */
  readonly keptMs: number;
};

/** MiB of the image, and of the memory. */
const SIZES = [
  [16, 20],
  [100, 104],
  [100, 200],
  [512, 520],
] as const;
const PAGES_PER_MIB = 16;
const ROUNDS = 7;
const WRITTEN_AT = 70_000;
const REQUEST: ProgramRun = { inputs: [], gasLimit: 1_000n, timestampNs: 0n, seed: new Uint8Array(32) };

/** The least of seven rounds. */
export function benchImages(): ImageBench[] {
  return SIZES.map(([imageMiB, memoryMiB]) => {
    const wasm = assemble(
      `(module (memory ${memoryMiB * PAGES_PER_MIB}) (func (export "_start") (i32.store (i32.const ${WRITTEN_AT}) (i32.const 5))))`,
    );
    const small = { memory: new Uint8Array(0), pages: memoryMiB * PAGES_PER_MIB, globals: [] };
    // The engine does not look at the image's root, which takes seconds to compute.
    const program = { ...createProgram({ module: loadModule(wasm), image: small }), memory: noise(imageMiB * 2 ** 20) };
    const engine = createNativeEngine();
    const load = (): NativeProgram => {
      const loaded = engine.load({ ...program, wasm, fromImage: true });
      if (loaded.kind !== 'native') throw new Error(loaded.reason);
      return loaded;
    };
    const least = (loaded: () => NativeProgram) =>
      Math.min(...Array.from({ length: ROUNDS }, () => cpuMs(() => engine.run(loaded(), REQUEST))));
    const newMs = least(load);
    const kept = load();
    engine.run(kept, REQUEST);
    return { imageMiB, memoryMiB, newMs, keptMs: least(() => kept) };
  });
}

function noise(bytes: number): Uint8Array {
  const words = new Uint32Array(bytes / 4);
  let last = 1;
  for (let at = 0; at < words.length; at++) words[at] = last = (Math.imul(last, 1_664_525) + 1_013_904_223) >>> 0;
  return new Uint8Array(words.buffer);
}
