// docs/vm.md#quickjs: the primitives while a program is built: there is no task yet, so each primitive that needs one
// is refused.
import { MizuError } from '../../protocol/errors.ts';

/** Bound of what a bundle may log while it is evaluated. */
const MAX_LOG_BYTES = 65_536;

export function createBuildHost() {
  let memory: WebAssembly.Memory | undefined;
  let clockRefused = false;
  const log: Uint8Array[] = [];
  let logBytes = 0;
  const refuse = (what: string) => () => {
    throw new MizuError({
      code: 'vm/bundle',
      message: `The bundle asks for ${what} at its top level.`,
      expected: 'top-level code that depends on nothing but the bundle',
      actual: `top-level code that uses ${what}`,
      hint: 'Top-level code runs once, when the program is built. Move this into the function that is called for each task.',
    });
  };
  const mizu = {
    input_count: refuse('the inputs'),
    input_size: refuse('the inputs'),
    input_read: refuse('the inputs'),
    output_write: refuse('the output'),
    exit: refuse('exit'),
    dot_i8: refuse('vectors'),
    // QuickJS reads the clock to seed its own generator, which programs never see: Math.random is replaced.
    clock: () => (clockRefused ? refuse('the clock (Date)')() : 0n),
    random: (counter: bigint) => BigInt.asIntN(64, (counter + 1n) * 0x9e3779b97f4a7c15n),
    log: (pointer: number, length: number) => {
      if (memory === undefined || logBytes + length > MAX_LOG_BYTES) return;
      logBytes += length;
      log.push(new Uint8Array(memory.buffer).slice(pointer, pointer + length));
    },
  };
  return {
    imports: { mizu },
    bind: (bound: WebAssembly.Memory) => {
      memory = bound;
    },
    refuseClock: () => {
      clockRefused = true;
    },
    log: () => Buffer.concat(log).toString(),
  };
}
