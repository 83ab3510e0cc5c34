// docs/vm.md#weight: modules that are as dear as they can be to whoever decodes, lowers, rewrites or compiles them. Each is valid, and small.
import { createByteWriter } from './native/byte-writer.ts';

const I32 = 0x7f;
const I64 = 0x7e;
const F64 = 0x7c;
const VOID = 0x40;

type Type = readonly [params: readonly number[], results: readonly number[]];
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

const repeat = (count: number, code: readonly number[]): number[] => {
  const all = new Array<number>(count * code.length);
  for (let i = 0; i < count; i++) for (let j = 0; j < code.length; j++) all[i * code.length + j] = code[j]!;
  return all;
};
const many = (count: number, type: number): number[] => new Array<number>(count).fill(type);

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

const NONE: Type = [[], []];
const WIDEST = 998;

/** Shapes by name; the number is about the bytes of the module. */
export const HOSTILE: Readonly<Record<string, (bytes: number) => ModuleParts>> = {
  'calls of an empty function': (bytes) => ({
    types: [NONE],
    functions: [
      { type: 0, code: repeat(Math.floor(bytes / 2), [0x10, 1]) },
      { type: 0, code: [] },
    ],
  }),
  'indirect calls': (bytes) => ({
    types: [NONE],
    functions: [
      { type: 0, code: repeat(Math.floor(bytes / 5), [0x41, 0, 0x11, 0, 0]) },
      { type: 0, code: [] },
    ],
    table: [1],
  }),
  'calls with 998 parameters and results': (bytes) => ({
    types: [NONE, [many(WIDEST, I64), many(WIDEST, I64)]],
    functions: [
      {
        type: 0,
        code: [...repeat(WIDEST, [0x42, 1]), ...repeat(Math.floor(bytes / 2), [0x10, 1]), ...repeat(WIDEST, [0x1a])],
      },
      { type: 1, code: repeat(WIDEST, [0x42, 1]) },
    ],
  }),
  'branches with 998 values': (bytes) => ({
    types: [NONE, [many(WIDEST, I64), many(WIDEST, I64)]],
    functions: [
      {
        type: 0,
        code: [
          ...repeat(WIDEST, [0x42, 1]),
          ...repeat(Math.floor(bytes / 9), [0x02, 1, 0x41, 0, 0x0d, 0, 0x0b]),
          ...repeat(WIDEST, [0x1a]),
        ],
      },
    ],
  }),
  'br_table with 998 values': (bytes) => ({
    types: [NONE, [[], many(WIDEST, I32)]],
    functions: [
      {
        type: 0,
        code: [
          0x02,
          1,
          ...repeat(WIDEST, [0x41, 0]),
          0x41,
          0,
          0x0e,
          ...uleb(Math.min(65_000, bytes)),
          ...repeat(Math.min(65_000, bytes) + 1, [0]),
          0x0b,
          ...repeat(WIDEST, [0x1a]),
        ],
      },
    ],
  }),
  'br_tables of 5,000 targets': (bytes) => ({
    types: [NONE],
    functions: [
      {
        type: 0,
        code: repeat(Math.floor(bytes / 5_010), [
          0x02,
          VOID,
          0x02,
          VOID,
          0x41,
          0,
          0x0e,
          ...uleb(5_000),
          ...repeat(5_000, [0]),
          1,
          0x0b,
          0x0b,
        ]),
      },
    ],
  }),
  'loops over 32,000 locals': (bytes) => ({
    types: [NONE],
    functions: [
      { type: 0, locals: [[32_000, I64]], code: repeat(Math.floor(bytes / 7), [0x03, VOID, 0x41, 0, 0x0d, 0, 0x0b]) },
    ],
  }),
  'blocks over a tall stack': (bytes) => ({
    types: [NONE],
    functions: [
      {
        type: 0,
        code: [
          ...repeat(Math.floor(bytes / 8), [0x20, 0]),
          ...repeat(Math.floor(bytes / 14), [0x02, VOID, 0x41, 0, 0x0d, 0, 0x0b]),
          ...repeat(Math.floor(bytes / 8), [0x1a]),
        ],
        locals: [[1, I64]],
      },
    ],
  }),
  'blocks in blocks': (bytes) => {
    const depth = Math.min(9_900, Math.floor(bytes / 3));
    return {
      types: [NONE],
      functions: [{ type: 0, code: [...repeat(depth, [0x02, VOID]), ...repeat(depth, [0x0b])] }],
    };
  },
  'loops in loops': (bytes) => {
    const depth = Math.min(9_900, Math.floor(bytes / 7));
    return {
      types: [NONE],
      functions: [{ type: 0, code: [...repeat(depth, [0x03, VOID]), ...repeat(depth, [0x41, 0, 0x0d, 0, 0x0b])] }],
    };
  },
  'ifs that assign locals': (bytes) => ({
    types: [NONE],
    functions: [
      {
        type: 0,
        locals: [[200, I32]],
        code: Array.from({ length: Math.floor(bytes / 14) }, (_, i) => [
          0x20,
          ...uleb(i % 200),
          0x04,
          VOID,
          0x41,
          1,
          0x21,
          ...uleb((i * 7) % 200),
          0x0b,
        ]).flat(),
      },
    ],
  }),
  'functions with 32,000 locals': (bytes) => ({
    types: [NONE],
    functions: Array.from({ length: Math.floor(bytes / 8) }, () => ({
      type: 0,
      locals: [[32_000, I64]] as const,
      code: [],
    })),
  }),
  'empty functions': (bytes) => ({
    types: [NONE],
    functions: [
      { type: 0, code: [] },
      ...Array.from({ length: Math.min(99_000, Math.floor(bytes / 4)) }, () => ({ type: 0, code: [] })),
    ],
  }),
  'types of 998 parameters, one function each': (bytes) => ({
    types: [
      NONE,
      ...Array.from({ length: Math.floor(bytes / 2_020) }, (_, i): Type => [many(WIDEST, I64), many(i % WIDEST, I32)]),
    ],
    functions: [
      { type: 0, code: [] },
      ...Array.from({ length: Math.floor(bytes / 2_020) }, (_, i) => ({ type: i + 1, code: [0x00] })),
    ],
  }),
  'functions of a type with 998 results': (bytes) => ({
    types: [NONE, [[], many(WIDEST, I32)]],
    functions: [
      { type: 0, code: [] },
      ...Array.from({ length: Math.floor(bytes / 6) }, () => ({ type: 1, code: [0x00] })),
    ],
  }),
  'exports of functions with 998 parameters': (bytes) => ({
    types: [NONE, [many(WIDEST, I64), []]],
    functions: [
      { type: 0, code: [] },
      ...Array.from({ length: Math.floor(bytes / 14) }, () => ({ type: 1, code: [] })),
    ],
    exports: Array.from({ length: Math.floor(bytes / 14) }, (_, i) => [String(i), i + 1] as const),
  }),
  'a thousand imports in the table': (bytes) => ({
    types: [NONE, [[I64], [I64]]],
    imports: new Array<string>(1_000).fill('random'),
    functions: [{ type: 0, code: [] }],
    table: Array.from({ length: Math.floor(bytes / 2) }, (_, i) => i % 1_000),
  }),
  'memory.init of each segment': (bytes) => ({
    types: [NONE],
    functions: [
      {
        type: 0,
        code: Array.from({ length: Math.min(60_000, Math.floor(bytes / 15)) }, (_, i) => [
          0x41,
          0,
          0x41,
          0,
          0x41,
          0,
          0xfc,
          8,
          ...uleb(i),
          0,
        ]).flat(),
      },
    ],
    memory: [1, 1],
    segments: Math.min(60_000, Math.floor(bytes / 15)),
  }),
  'globals, each read': (bytes) => ({
    types: [NONE],
    functions: [
      {
        type: 0,
        code: Array.from({ length: Math.floor(bytes / 4) }, (_, i) => [0x23, ...uleb(i % 4_000), 0x1a]).flat(),
      },
    ],
    globals: 4_000,
  }),
  'sums of floats': (bytes) => ({
    types: [NONE],
    functions: [
      {
        type: 0,
        locals: [[2, F64]],
        code: [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, ...repeat(Math.floor(bytes / 5), [0x20, 0, 0xa2, 0x22, 1]), 0x1a],
      },
    ],
  }),
  'products that are all alive': (bytes) => ({
    types: [NONE],
    functions: [
      {
        type: 0,
        locals: [[1, I64]],
        code: [
          ...repeat(Math.floor(bytes / 6), [0x20, 0, 0x42, 3, 0x7e]),
          ...repeat(Math.floor(bytes / 6) - 1, [0x7c]),
          0x1a,
        ],
      },
    ],
  }),
  'memory.grow over locals': (bytes) => ({
    types: [NONE],
    functions: [{ type: 0, locals: [[32_000, I64]], code: repeat(Math.floor(bytes / 5), [0x41, 0, 0x40, 0, 0x1a]) }],
    memory: [1, 1],
  }),
  'stores of constants': (bytes) => ({
    types: [NONE],
    functions: [{ type: 0, code: repeat(Math.floor(bytes / 7), [0x41, 0, 0x41, 0, 0x36, 0, 0]) }],
    memory: [1, 1],
  }),
  'nothing at all': (bytes) => ({ types: [NONE], functions: [{ type: 0, code: repeat(bytes, [0x01]) }] }),
};
