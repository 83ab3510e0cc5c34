// Compiles the glue between QuickJS and the DataVM.
import { generateLibrary } from './library.mjs';

export function generateQuickJsGlue() {
  return generateLibrary({
    source: 'vm/quickjs/assembly/glue.ts',
    path: 'vm/quickjs/generated/glue-wasm.ts',
    constant: 'QUICKJS_GLUE_BASE64',
  });
}
