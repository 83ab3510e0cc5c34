// Compiles the WASI adapter.
import { generateLibrary } from '../link/build.mjs';

export function generateWasiAdapter() {
  return generateLibrary({
    source: 'vm/wasi/assembly/adapter.ts',
    path: 'vm/wasi/generated/adapter-wasm.ts',
    constant: 'WASI_ADAPTER_BASE64',
  });
}
