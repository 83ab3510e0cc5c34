// Runs every `stride`th shape of endless recursion; counts the ends by kind.
import wabt from 'wabt';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram } from '../../vm/program.ts';
import { recursionShapes, recursionWat } from './recursion.fixture.ts';

export async function runShapes(stride: number): Promise<Record<string, number>> {
  const { parseWat } = await wabt();
  const engine = createNativeEngine();
  const request = { inputs: [], gasLimit: 1n << 40n, timestampNs: 0n, seed: new Uint8Array(32) };
  const ends: Record<string, number> = {};
  for (const shape of recursionShapes().filter((_, index) => index % stride === 0)) {
    const parsed = parseWat('recursion.wat', recursionWat(shape));
    const wasm = parsed.toBinary({}).buffer;
    parsed.destroy();
    const program = engine.load({ ...createProgram({ module: loadModule(wasm) }), wasm, fromImage: false });
    if (program.kind !== 'native') throw new Error(program.reason);
    // Once in baseline code and, as it got hot, once in optimised code.
    for (let run = 0; run < 2; run++) {
      const kind = engine.run(program, request).fault?.kind ?? 'none';
      ends[kind] = (ends[kind] ?? 0) + 1;
    }
  }
  return ends;
}
