// Writes WebAssembly modules from their parts: for tests whose modules no text can hold.
import { createByteWriter } from './native/byte-writer.ts';

const I32 = 0x7f;

export type Type = readonly [params: readonly number[], results: readonly number[]];
type Func = {
  readonly type: number;
  readonly locals?: readonly (readonly [number, number])[];
  readonly code: readonly number[];
};

export type ModuleParts = {
  readonly types: readonly Type[];
  /** Names of host functions of type 1, (i64) -> i64. */
  readonly imports?: readonly string[];
  readonly functions: readonly Func[];
  /** Entries of the table: function indices. */
  readonly table?: readonly number[];
  readonly memory?: readonly [number, number];
  readonly globals?: number;
  /** Passive segments of one byte. */
  readonly segments?: number;
  readonly exports?: readonly (readonly [string, number])[];
};

export function uleb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

export function sleb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest < -0x40 || rest >= 0x40) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}

/** The entry `_start` is the first function. */
export function encodeModule(parts: ModuleParts): Uint8Array {
  const { types, imports = [], functions, table, memory, globals = 0, segments = 0, exports = [] } = parts;
  const w = createByteWriter(1 << 16);
  w.byte(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const section = (id: number, count: number, fill: (s: ReturnType<typeof createByteWriter>) => void): void => {
    if (count === 0) return;
    const s = createByteWriter(1 << 16);
    s.u32(count);
    fill(s);
    w.byte(id);
    w.sized(s.finish());
  };
  section(1, types.length, (s) => {
    for (const [params, results] of types) {
      s.byte(0x60);
      s.sized(Uint8Array.from(params));
      s.sized(Uint8Array.from(results));
    }
  });
  section(2, imports.length, (s) => {
    for (const name of imports) {
      s.name('mizu');
      s.name(name);
      s.byte(0, 1);
    }
  });
  section(3, functions.length, (s) => {
    for (const { type } of functions) s.u32(type);
  });
  section(4, table === undefined ? 0 : 1, (s) => {
    s.byte(0x70, 0);
    s.u32(table!.length);
  });
  section(5, memory === undefined ? 0 : 1, (s) => {
    s.byte(1);
    s.u32(memory![0]);
    s.u32(memory![1]);
  });
  section(6, globals, (s) => {
    for (let i = 0; i < globals; i++) s.byte(I32, 1, 0x41, 0, 0x0b);
  });
  const entry = imports.length;
  section(7, 1 + exports.length, (s) => {
    s.name('_start');
    s.byte(0);
    s.u32(entry);
    for (const [name, index] of exports) {
      s.name(name);
      s.byte(0);
      s.u32(index);
    }
  });
  section(9, table === undefined ? 0 : 1, (s) => {
    s.byte(0, 0x41, 0, 0x0b);
    s.u32(table!.length);
    for (const index of table!) s.u32(index);
  });
  if (segments > 0) {
    w.byte(12);
    w.sized(Uint8Array.from(uleb(segments)));
  }
  section(10, functions.length, (s) => {
    for (const { locals = [], code } of functions) {
      const body = createByteWriter(code.length + 64);
      body.u32(locals.length);
      for (const [count, type] of locals) {
        body.u32(count);
        body.byte(type);
      }
      const bytes = Uint8Array.from(code);
      body.copy(bytes, 0, bytes.length);
      body.byte(0x0b);
      s.sized(body.finish());
    }
  });
  section(11, segments, (s) => {
    for (let i = 0; i < segments; i++) s.byte(1, 1, 7);
  });
  return w.finish();
}
