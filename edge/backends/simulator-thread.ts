// docs/edge.md#simulator: one thread of the pool; its program is loaded once.
import { workerData } from 'piscina';
import { keccak } from '../../protocol/tree.ts';
import { createNativeEngine, type NativeProgram } from '../../vm/native/engine.ts';
import { linkWasi } from '../../vm/wasi/link.ts';

export type SimulatorSetUp = { readonly wasm: Uint8Array; readonly gasLimit: bigint };

const { wasm, gasLimit } = workerData as SimulatorSetUp;
const engine = createNativeEngine();
let program: NativeProgram | undefined;

/** The clock stands at 0 and the seed is the keccak-256 of the input: everyone gets the same output. */
export async function simulate(input: string): Promise<{ status: number; output: string; fault: string | undefined }> {
  program ??= await load();
  const stdin = new TextEncoder().encode(input);
  const parameters = new TextEncoder().encode('asimulator\0');
  const run = engine.run(program, { inputs: [parameters, stdin], gasLimit, timestampNs: 0n, seed: keccak(stdin) });
  const { status } = run;
  try {
    return { status, output: new TextDecoder('utf-8', { fatal: true }).decode(run.output), fault: run.fault?.message };
  } catch {
    return { status: status || 1, output: '', fault: 'the output is not UTF-8' };
  }
}

async function load(): Promise<NativeProgram> {
  const core = await linkWasi(wasm);
  const { loaded } = engine.lower({ wasm: core });
  if (loaded.kind === 'mismatch') throw new Error(`the module has no native form: ${loaded.reason}`);
  return loaded;
}
