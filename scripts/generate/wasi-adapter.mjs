// Compiles the WASI adapter.
import { generateLibrary } from './library.mjs';

export function generateWasiAdapter() {
  return generateLibrary({
    source: 'vm/wasi/assembly/adapter.ts',
    path: 'vm/wasi/generated/adapter-wasm.ts',
    constant: 'WASI_ADAPTER_BASE64',
  });
}
