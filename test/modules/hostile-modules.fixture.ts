// docs/vm.md#weight: modules that are as dear as they can be to whoever decodes, lowers, rewrites or compiles them. Each is valid, and small.

import { F64, I32, I64, type ValueType } from '../../vm/wasm/module.ts';
import { encodeParts, type ModuleParts, sleb, type Type, uleb } from './encode-module.fixture.ts';

const VOID = 0x40;

const repeat = (count: number, code: readonly number[]): number[] => {
  const all = new Array<number>(count * code.length);
  for (let i = 0; i < count; i++) for (let j = 0; j < code.length; j++) all[i * code.length + j] = code[j]!;
  return all;
};
const many = (count: number, type: ValueType): ValueType[] => new Array<ValueType>(count).fill(type);

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

/** Common subexpressions that V8 keeps alive over a recursive call: its stack ends before the slots do, or not, by the tier of the moment. */
export function deepRecursion(values: number, warm: number, depth: number): Uint8Array {
  const stores = (base: number): number[] =>
    Array.from({ length: values }, (_, k) => [
      ...[0x41, 0, 0x20, 1, 0x42, ...sleb(2 * k + 1_000_003), 0x7e, 0x42, ...sleb(77 + k), 0x85],
      ...[0x37, 3, ...offset(base + 8 * k)],
    ]).flat();
  const offset = (value: number): number[] => (value < 128 ? [value] : [(value & 0x7f) | 0x80, value >> 7]);
  const call = [0x42, 5, 0x10, 1];
  const main = [
    ...[0x41, ...sleb(warm), 0x21, 0, 0x03, 0x40, 0x41, 20, ...call],
    ...[0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x41, ...sleb(depth), ...call],
  ];
  const deeper = [0x20, 0, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x20, 1, 0x42, 1, 0x7c, 0x10, 1, 0x0b];
  return encodeParts({
    types: [
      [[], []],
      [[I32, I64], []],
    ],
    functions: [
      { type: 0, locals: [[1, I32]], code: main },
      { type: 1, code: [...stores(0), ...deeper, ...stores(8 * values)] },
    ],
    memory: [4, 4],
  });
}

/** `count` calls of memory.grow(0) on a memory of so many pages. */
export function growsByNothing(pages: number, count: number): Uint8Array {
  return encodeParts({
    types: [[[], []]],
    functions: [{ type: 0, code: repeat(count, [0x41, 0, 0x40, 0, 0x1a]) }],
    memory: [pages, pages],
  });
}
