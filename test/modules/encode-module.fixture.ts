// Writes WebAssembly modules from their parts: for tests whose modules no text can hold.
import { encodeModule } from '../../vm/wasm/encode.ts';
import { EXPORT_FUNCTION, type FunctionBody, type FunctionType, I32, type ValueType } from '../../vm/wasm/module.ts';
import { createByteWriter, put } from '../../vm/wasm/write.ts';

export type Type = readonly [params: readonly ValueType[], results: readonly ValueType[]];
export type Func = {
  readonly type: number;
  readonly locals?: readonly (readonly [number, ValueType])[];
  /** The instructions without the last `end`. */
  readonly code: ArrayLike<number>;
};

export type ModuleParts = {
  readonly types: readonly Type[];
  /** Names of host functions of type 1. */
  readonly imports?: readonly string[];
  readonly functions: readonly Func[];
  /** Entries of the table: function indices. */
  readonly table?: readonly number[];
  readonly memory?: readonly [initial: number, maximum: number];
  /** Mutable i32 globals. */
  readonly globals?: number;
  /** Passive segments of one byte. */
  readonly segments?: number;
  readonly exports?: readonly (readonly [string, number])[];
};

/** An unsigned LEB128 number. */
export function uleb(value: number): number[] {
  const w = createByteWriter(8);
  w.u32(value);
  return [...w.finish()];
}

/** A signed LEB128 number. */
export function sleb(value: number): number[] {
  const w = createByteWriter(8);
  w.s32(value);
  return [...w.finish()];
}

/** The entry `_start` is the first function. */
export function encodeParts(parts: ModuleParts): Uint8Array {
  const { imports = [], table, memory, globals = 0, segments = 0, exports = [] } = parts;
  return encodeModule({
    types: parts.types.map(([params, results]): FunctionType => ({ params, results })),
    imports: imports.map((name) => ({ module: 'mizu', name, type: 1 })),
    functions: parts.functions.map(encodeBody),
    table: table && { initial: table.length, maximum: undefined },
    memory: memory && { initial: memory[0], maximum: memory[1] },
    globals: Array.from({ length: globals }, () => ({ type: I32, mutable: true, value: 0n })),
    exports: [['_start', imports.length] as const, ...exports].map(([name, index]) => {
      return { name, kind: EXPORT_FUNCTION, index };
    }),
    start: undefined,
    elements: table === undefined ? [] : [{ offset: 0, functions: table }],
    data: Array.from({ length: segments }, () => ({ address: undefined, bytes: Uint8Array.of(7) })),
    dataCount: segments > 0 ? segments : undefined,
  });
}

function encodeBody({ type, locals = [], code }: Func): FunctionBody {
  const body = createByteWriter(code.length + 64);
  body.u32(locals.length);
  for (const [count, valueType] of locals) {
    body.u32(count);
    body.byte(valueType);
  }
  body.copy(Uint8Array.from(code), 0, code.length);
  put.end(body);
  const bytes = body.finish();
  return { type, bytes, start: 0, end: bytes.length };
}
