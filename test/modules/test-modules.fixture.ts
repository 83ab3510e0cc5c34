// WebAssembly text to a binary, for tests.
import wabt from 'wabt';

const { parseWat } = await wabt();

const FEATURES = {
  exceptions: true,
  simd: true,
  threads: true,
  tail_call: true,
  memory64: true,
  gc: true,
  multi_memory: true,
  extended_const: true,
  reference_types: true,
} as const;

/** Features beyond the DataVM's are on, so that refusals can be tested. `names`: with a name section. */
export function assemble(wat: string, { names = false } = {}): Uint8Array {
  const parsed = parseWat('test.wat', wat, FEATURES);
  try {
    return parsed.toBinary({ write_debug_names: names }).buffer;
  } finally {
    parsed.destroy();
  }
}
