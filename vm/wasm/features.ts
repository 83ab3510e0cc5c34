// docs/vm.md#features: the features of WebAssembly that the DataVM does not have, and the one wording in which they are
// refused.
import { MizuError } from '../../protocol/errors.ts';

const LLVM = 'for LLVM: -C target-cpu=mvp or -mcpu=mvp with the features above';
const OWN_STATE =
  'let it define its memory, table and globals itself (for wasm-ld: without --import-memory and --import-table)';

/**
 * For each feature, by the name under which it is refused, what to do without it. docs/vm.md#features has the same
 * list.
 */
export const REFUSED_FEATURES = {
  SIMD: LLVM,
  'threads and atomics': LLVM,
  'threads and atomics (a shared memory)': 'for wasm-ld: without --shared-memory',
  'threads and atomics (a shared global)': LLVM,
  'reference types': LLVM,
  'reference types (element expressions)': LLVM,
  'typed function references': LLVM,
  'garbage collection': 'compile from a language that manages memory itself',
  'table mutation (table.* and elem.drop)': LLVM,
  'multiple tables': LLVM,
  'multiple memories': LLVM,
  memory64: 'compile for wasm32',
  'custom page sizes': LLVM,
  exceptions: 'for clang: -fno-exceptions or -fignore-exceptions; for Rust: -C panic=abort',
  'tail calls': LLVM,
  'an imported table': OWN_STATE,
  'an imported memory': OWN_STATE,
  'an imported global': OWN_STATE,
  'a constant expression that reads a global': LLVM,
} as const satisfies Readonly<Record<string, string>>;

export type RefusedFeature = keyof typeof REFUSED_FEATURES;

export function unsupported(feature: RefusedFeature, offset: number): MizuError {
  return new MizuError({
    code: 'vm/unsupported-feature',
    message: `The WebAssembly module uses ${feature} at byte ${offset}.`,
    expected:
      'MVP, sign-extension, non-trapping float-to-int, bulk memory, mutable globals, multi-value, extended constants',
    actual: feature,
    hint: `Build the module without ${feature}; ${REFUSED_FEATURES[feature]}.`,
  });
}

/** The feature that brings the instruction of this first byte; undefined if there is no such instruction. */
export function featureOfOpcode(op: number): RefusedFeature | undefined {
  if (op === 0xfd) return 'SIMD';
  if (op === 0xfe) return 'threads and atomics';
  if (op === 0xfb) return 'garbage collection';
  if ((op >= 0x06 && op <= 0x0a) || op === 0x18 || op === 0x19 || op === 0x1f) return 'exceptions';
  if (op === 0x12 || op === 0x13) return 'tail calls';
  if (op === 0x14 || op === 0x15) return 'typed function references';
  if (op === 0x1c || op === 0x25 || op === 0x26 || (op >= 0xd0 && op <= 0xd6)) return 'reference types';
  return undefined;
}

/** The feature that brings the instruction 0xfc `code`; undefined if there is no such instruction. */
export function featureOfPrefixed(code: number): RefusedFeature | undefined {
  return code >= 12 && code <= 17 ? 'table mutation (table.* and elem.drop)' : undefined;
}

/** The feature that brings the value type of this byte; undefined if there is no such type. */
export function featureOfValueType(byte: number): RefusedFeature | undefined {
  if (byte === 0x7b) return 'SIMD';
  if (byte === 0x70 || byte === 0x6f) return 'reference types';
  if (byte >= 0x60 && byte <= 0x78) return 'garbage collection';
  return undefined;
}

/** The feature that brings types of this form; undefined if there is no such form. */
export function featureOfTypeForm(form: number): RefusedFeature | undefined {
  return form === 0x5e || form === 0x5f || (form >= 0x4e && form <= 0x50) ? 'garbage collection' : undefined;
}

/** The feature that brings limits with these flags; undefined if there are no such limits. */
export function featureOfLimits(flags: number): RefusedFeature | undefined {
  if (flags === 2 || flags === 3) return 'threads and atomics (a shared memory)';
  if (flags >= 4 && flags <= 7) return 'memory64';
  if (flags >= 8 && flags <= 15) return 'custom page sizes';
  return undefined;
}
