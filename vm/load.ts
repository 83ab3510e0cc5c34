// docs/vm.md#program: decodes, checks and validates a WebAssembly module.
import { MizuError } from '../protocol/errors.ts';
import { type DecodeOptions, decodeModule } from './decode/sections.ts';
import { HOST_FUNCTIONS, HOST_MODULE } from './host-functions.ts';
import { encodeModule } from './wasm/encode.ts';
import { type FunctionImport, type FunctionType, formatType, type Module } from './wasm/module.ts';

/**
 * A DataVM core module from the bytes of a WebAssembly binary. @@ @throws MizuError `vm/unsupported-feature`,
 * `vm/malformed`, `vm/too-large`, `vm/invalid` or `vm/unknown-import`
 */
export function loadModule(bytes: Uint8Array): Module {
  const module = decodeValidModule(bytes);
  for (const imported of module.imports) checkImport(imported, module.types[imported.type]!);
  return module;
}

/**
 * A module that may import any functions: it can be linked to a core module. @@ @throws MizuError
 * `vm/unsupported-feature`, `vm/malformed`, `vm/too-large` or `vm/invalid`
 */
export function decodeValidModule(bytes: Uint8Array, options?: DecodeOptions): Module {
  const module = decodeModule(bytes, options);
  // V8 before 11.4 does not know extended constants; their values were computed and typed while decoding.
  validate(module.extendedConstants ? encodeModule(module) : bytes);
  return module;
}

function validate(bytes: Uint8Array): void {
  if (WebAssembly.validate(bytes as BufferSource)) return;
  let reason = 'unknown';
  try {
    new WebAssembly.Module(bytes as BufferSource);
  } catch (cause) {
    reason = cause instanceof Error ? cause.message : String(cause);
  }
  throw new MizuError({
    code: 'vm/invalid',
    message: 'The WebAssembly module is not valid.',
    expected: 'a module that passes WebAssembly validation',
    actual: reason,
    hint: 'Build the module again with an up-to-date compiler.',
  });
}

function checkImport(imported: FunctionImport, type: FunctionType): void {
  const host = imported.module === HOST_MODULE ? HOST_FUNCTIONS.get(imported.name) : undefined;
  if (host !== undefined && formatType(host) === formatType(type)) return;
  throw new MizuError({
    code: 'vm/unknown-import',
    message: `The module imports ${imported.module}.${imported.name}.`,
    expected:
      host === undefined
        ? `functions of ${HOST_MODULE}: ${[...HOST_FUNCTIONS.keys()].join(', ')}`
        : `${HOST_MODULE}.${host.name}: ${formatType(host)}`,
    actual: `${imported.module}.${imported.name}: ${formatType(type)}`,
    hint:
      imported.module === 'wasi_snapshot_preview1'
        ? 'This is a WASI module: merge the WASI adapter into it first.'
        : 'See docs/vm.md for the host calls.',
  });
}
