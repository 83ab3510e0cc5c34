// docs/machine.md#proof: steps of every kind of instruction and of every end of their ranges.

import { createWriter } from '../../protocol/bytes.ts';
import { concatBytes, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { INSTRUCTIONS, OP } from '../../protocol/isa.ts';
import { hashProgram } from '../../protocol/program.ts';
import { encodeExecInputs } from '../../protocol/state.ts';
import { keccak, objectRef, objectRoot } from '../../protocol/tree.ts';
import { CHILD_GAS, childProgram, pattern, type StepCase } from './plain-step.fixture.ts';

const FP = 20;
const SIZE = 65_536n;
const PI_HALF = 0x3ff921fb54442d18n;

/** Address and signature over keccak256("mizu") by the key 1. */
export type EcrecoverSignature = {
  readonly hash: Hex;
  readonly r: Hex;
  readonly s: Hex;
  readonly v: number;
  readonly signer: Hex;
};

export function createStepCases(signature: EcrecoverSignature): StepCase[] {
  return [
    ...control(),
    ...arithmetic(),
    ...memory(),
    ...bulk(),
    ...dot(),
    ...inputs(),
    ...output(),
    ...endings(),
    ...kernel(signature),
  ];
}

function at(values: Readonly<Record<number, bigint>>, fp = FP): Record<number, bigint> {
  return Object.fromEntries(Object.entries(values).map(([slot, value]) => [(fp + Number(slot)) % 65_536, value]));
}

function control(): StepCase[] {
  const table = [20, 21, 22].map((i) => [i, OP.entry, (BigInt(i) << 32n) | 5n] as const);
  return [
    { name: 'trap', op: 'trap' },
    { name: 'jump', op: 'jump', imm: 3n },
    { name: 'jump beyond the code', op: 'jump', imm: 0xffffffffn },
    { name: 'jump, only the low half counts', op: 'jump', imm: 0x500000003n },
    { name: 'br_if taken', op: 'br_if', b: 1, imm: 3n, slots: at({ 1: 1n }) },
    { name: 'br_if not taken: only the low half counts', op: 'br_if', b: 1, imm: 3n, slots: at({ 1: 1n << 32n }) },
    { name: 'br_if_zero taken', op: 'br_if_zero', b: 1, imm: 3n, slots: at({ 1: 1n << 63n }) },
    { name: 'br_if_zero not taken', op: 'br_if_zero', b: 1, imm: 3n, slots: at({ 1: 2n }) },
    { name: 'br_table inside', op: 'br_table', b: 1, imm: 5n, slots: at({ 1: 2n }) },
    { name: 'br_table default', op: 'br_table', b: 1, imm: 5n, slots: at({ 1: 0xffffffffn }) },
    { name: 'br_table beyond 32 bits', op: 'br_table', b: 1, imm: 0xffffffffn, slots: at({ 1: 0xffffffffn }) },
    { name: 'call', op: 'call', a: 40, b: 3, imm: 9n },
    { name: 'call with the record in the last slot', op: 'call', a: 65_500, b: 15, imm: 9n },
    { name: 'call without a slot for the record', op: 'call', a: 65_500, b: 16, imm: 9n },
    { name: 'table_get', op: 'table_get', a: 9, b: 1, imm: (20n << 32n) | 3n, code: table, slots: at({ 1: 2n }) },
    {
      // What lies behind the table is an entry, too: only the size keeps it out.
      name: 'table_get at its size',
      op: 'table_get',
      b: 1,
      imm: (20n << 32n) | 3n,
      code: [...table, [23, OP.entry, 5n]],
      slots: at({ 1: 3n }),
    },
    { name: 'table_get of no entry', op: 'table_get', b: 1, imm: (20n << 32n) | 9n, code: table, slots: at({ 1: 3n }) },
    {
      name: 'table_get of an entry with a bit set',
      op: 'table_get',
      b: 1,
      imm: (20n << 32n) | 9n,
      code: [[20, OP.entry | 0x8000, 1n]],
      slots: at({ 1: 0n }),
    },
    { name: 'table_get at the end of the code', op: 'table_get', b: 1, imm: (40n << 32n) | 9n, slots: at({ 1: 5n }) },
    { name: 'call_indirect', op: 'call_indirect', a: 40, b: 3, c: 1, imm: 7n, slots: at({ 1: (7n << 32n) | 9n }) },
    {
      name: 'call_indirect of another type',
      op: 'call_indirect',
      a: 40,
      b: 3,
      c: 1,
      imm: 7n,
      slots: at({ 1: (8n << 32n) | 9n }),
    },
    {
      name: 'call_indirect of an empty entry',
      op: 'call_indirect',
      c: 1,
      imm: 0xffffffffn,
      slots: at({ 1: 0xffffffff00000000n }),
    },
    {
      name: 'call_indirect too deep',
      op: 'call_indirect',
      a: 65_535,
      b: 9,
      c: 1,
      imm: 7n,
      slots: at({ 1: (7n << 32n) | 9n }),
    },
    { name: 'return', op: 'return', b: 1, slots: at({ 1: (30n << 32n) | 20n }) },
    { name: 'return below the slots', op: 'return', b: 1, slots: at({ 1: (30n << 32n) | 21n }) },
    { name: 'enter', op: 'enter', imm: 65_516n },
    { name: 'enter too large', op: 'enter', imm: 65_517n },
    { name: 'entry executed', op: 'entry', imm: 5n },
    { name: 'mov', op: 'mov', a: 70, b: 2 },
    { name: 'mov immediate', op: 'mov', a: 70, immediate: true, imm: 0xfedcba9876543210n },
    { name: 'mov around the end of the slots', op: 'mov', a: 65_535, b: 65_534, fp: 7 },
    { name: 'select, four leaves', op: 'select', a: 100, b: 2, c: 40, imm: 70n, slots: at({ 70: 1n }) },
    { name: 'select, one leaf', op: 'select', a: 1, b: 2, c: 3, imm: 4n, slots: at({ 4: 1n << 32n }) },
    { name: 'global_get', op: 'global_get', a: 100, b: 2 },
    { name: 'global_set', op: 'global_set', a: 2, b: 100 },
    { name: 'global_set immediate', op: 'global_set', a: 65_535, immediate: true, imm: 5n },
    { name: 'undefined instruction', op: 'trap', rawOp: 0x010 },
    { name: 'undefined family', op: 'trap', rawOp: 0x7f80 },
    { name: 'immediate where there is none', op: 'jump', immediate: true, imm: 3n },
    { name: 'immediate on a host instruction', op: 'log', immediate: true },
    { name: 'no gas left', op: 'jump', gasLeft: 0n },
    { name: 'last gas', op: 'jump', gasLeft: 1n },
    { name: 'pc at the end of the code', op: 'jump', pc: 45 },
    { name: 'no gas left and pc beyond the code', op: 'jump', pc: 99, gasLeft: 0n },
    { name: 'debt', op: 'trap', debt: 5n },
    { name: 'last gas of a debt', op: 'trap', debt: 1n },
    { name: 'debt of the largest number', op: 'trap', debt: 2n ** 64n - 1n },
    { name: 'debt, last gas', op: 'trap', debt: 5n, gasLeft: 1n },
    { name: 'debt without gas', op: 'trap', debt: 5n, gasLeft: 0n },
    { name: 'debt without gas, with a parent', op: 'trap', debt: 5n, gasLeft: 0n, resultAddress: 128 },
    { name: 'debt and pc beyond the code', op: 'trap', debt: 5n, pc: 99 },
    { name: 'debt of the kernel', op: 'exec', debt: 5n, kernel: true },
    { name: 'debt of the kernel without gas', op: 'exec', debt: 5n, gasLeft: 0n, kernel: true },
    { name: 'enter of 63 slots', op: 'enter', imm: 63n },
    { name: 'enter of 64 slots', op: 'enter', imm: 64n },
    { name: 'random with one gas', op: 'random', a: 4, gasLeft: 1n },
    {
      name: 'memory_grow that owes more than there is',
      op: 'memory_grow',
      a: 5,
      immediate: true,
      imm: 1n,
      gasLeft: 9n,
    },
    { name: 'fault of the kernel', op: 'trap', kernel: true },
    { name: 'kernel without gas', op: 'trap', kernel: true, gasLeft: 0n },
  ];
}

function arithmetic(): StepCase[] {
  const cases = INSTRUCTIONS.filter(({ family }) => family === 'integer' || family === 'float').map(
    ({ name, op }): StepCase => ({ name, op: name, a: 50, b: 1, c: 2 + (op & 15), slots: at({ 1: PI_HALF }) }),
  );
  return [
    ...cases,
    { name: 'i32_add immediate', op: 'i32_add', a: 3, b: 4, immediate: true, imm: 0xffffffff80000001n },
    { name: 'i64_div_s by zero', op: 'i64_div_s', a: 50, b: 1, immediate: true },
    { name: 'i64_div_s overflows', op: 'i64_div_s', a: 50, b: 1, c: 2, slots: at({ 1: 1n << 63n, 2: 2n ** 64n - 1n }) },
    { name: 'i32_trunc_f64_s of a NaN', op: 'i32_trunc_f64_s', a: 50, immediate: true, imm: 0x7ff8000000000000n },
    { name: 'f64_sqrt immediate', op: 'f64_sqrt', a: 50, immediate: true, imm: 0x4000000000000000n },
    { name: 'f64_neg keeps a NaN', op: 'f64_neg', a: 50, immediate: true, imm: 0x7ff0000000000123n },
  ];
}

function memory(): StepCase[] {
  const loads = INSTRUCTIONS.filter(({ shape }) => shape === 'load');
  const stores = INSTRUCTIONS.filter(({ shape }) => shape === 'store');
  const sizes = [1, 2, 4, 8, 1, 2, 1, 2, 4];
  const value = at({ 1: 0xffffffff_00000000n | 125n, 2: 0xf1e2d3c4b5a69788n });
  return [
    ...loads.flatMap(({ name }, i): StepCase[] => [
      { name: `${name} over two leaves`, op: name, a: 40, b: 1, imm: 2n, slots: value },
      { name: `${name} of the last bytes`, op: name, a: 1, immediate: true, imm: SIZE - BigInt(sizes[i]!) },
      { name: `${name} one byte too far`, op: name, a: 1, immediate: true, imm: SIZE - BigInt(sizes[i]!) + 1n },
    ]),
    { name: 'load64 far beyond', op: 'load64', a: 1, b: 2, imm: 2n ** 64n - 1n, slots: value },
    { name: 'load64 in a grown page', op: 'load64', a: 1, immediate: true, pages: 2, imm: 2n * SIZE - 8n },
    {
      name: 'load8_s32 of a sign',
      op: 'load8_s32',
      a: 1,
      immediate: true,
      imm: 7n,
      memory: { 7: new Uint8Array([0x80]) },
    },
    {
      name: 'load32_s64 of a sign',
      op: 'load32_s64',
      a: 1,
      immediate: true,
      imm: 7n,
      memory: { 7: new Uint8Array([1, 2, 3, 0x80]) },
    },
    ...stores.flatMap(({ name }, i): StepCase[] => [
      { name: `${name} over two leaves`, op: name, b: 1, c: 2, imm: 2n, slots: value },
      { name: `${name} inside a leaf`, op: name, b: 1, c: 40, imm: 300n, slots: value },
      { name: `${name} of the last bytes`, op: name, b: 1, c: 2, imm: SIZE - 125n - BigInt(1 << i), slots: value },
      { name: `${name} one byte too far`, op: name, b: 1, c: 2, imm: SIZE - 124n - BigInt(1 << i), slots: value },
      {
        name: `${name} immediate, negative`,
        op: name,
        b: 1,
        immediate: true,
        imm: (500n << 32n) | 0x80000001n,
        slots: value,
      },
    ]),
    { name: 'memory_size', op: 'memory_size', a: 5 },
    { name: 'memory_grow', op: 'memory_grow', a: 5, b: 1, slots: at({ 1: (7n << 32n) | 1n }) },
    { name: 'memory_grow beyond the maximum', op: 'memory_grow', a: 5, immediate: true, imm: 2n },
    { name: 'memory_grow by two pages', op: 'memory_grow', a: 5, immediate: true, pagesMax: 4, imm: 2n },
    { name: 'memory_grow by all', op: 'memory_grow', a: 5, immediate: true, imm: 0xffffffffn },
    { name: 'memory_grow by none', op: 'memory_grow', a: 5, immediate: true },
    { name: 'load without a memory', op: 'load8_u', immediate: true, pages: 0, pagesMax: 0 },
    { name: 'memory_grow without a memory', op: 'memory_grow', immediate: true, pages: 0, pagesMax: 0, imm: 1n },
  ];
}

/** Every bulk instruction has its arguments in one leaf (fp 20: slots 20 to 22) and over two (a = 10: 30 to 32). */
function bulk(): StepCase[] {
  const run = (
    name: string,
    op: StepCase['op'],
    [dst, src, n]: readonly [bigint, bigint, bigint],
    extra: Partial<StepCase> = {},
  ): StepCase => {
    const a = extra.a ?? 0;
    return {
      name: `${op}: ${name}`,
      op,
      a,
      ...extra,
      slots: { ...at({ [a]: dst, [a + 1]: src, [a + 2]: n }), ...extra.slots },
    };
  };
  const high = 0xabcdef00_00000000n;
  const init = { imm: (400n << 32n) | 100n };
  const length = (n: bigint): Partial<StepCase> => ({ ...init, slots: { 400: n } });
  return [
    run('one leaf', 'memory_fill', [1_000n, 0x1234n, 24n]),
    run('repeats', 'memory_fill', [high | 1_000n, high | 0x1234n, high | 1_024n]),
    run('repeats, two slot leaves', 'memory_fill', [1_000n, 0x1234n, 1_024n], { a: 10 }),
    run('repeats, slots around the end', 'memory_fill', [1_000n, 0x1234n, 1_024n], { a: 65_515 }),
    run('ends, two slot leaves', 'memory_fill', [1_000n, 0x1234n, 24n], { a: 10 }),
    run('nothing at the end of memory', 'memory_fill', [SIZE, 1n, 0n]),
    run('nothing beyond memory', 'memory_fill', [SIZE + 1n, 1n, 0n]),
    run('the whole memory', 'memory_fill', [0n, 0n, SIZE]),
    run('one byte too far', 'memory_fill', [1n, 0n, SIZE]),
    run('forwards, source in one leaf', 'memory_copy', [1_024n, 2_048n, 128n]),
    run('forwards, source in two leaves', 'memory_copy', [1_000n, 2_000n, 24n]),
    run('forwards, repeats over two slot leaves', 'memory_copy', [high | 1_030n, high | 2_000n, high | 3_000n], {
      a: 10,
    }),
    run('forwards, overlapping in a leaf', 'memory_copy', [1_030n, 1_040n, 60n]),
    run('onto itself', 'memory_copy', [1_030n, 1_030n, 500n]),
    run('backwards, overlapping', 'memory_copy', [1_040n, 1_030n, 1_000n]),
    run('backwards, to the end of a leaf', 'memory_copy', [1_040n, 1_000n, 240n]),
    run('backwards, last part', 'memory_copy', [1_040n, 1_000n, 30n]),
    run('backwards, repeats over two slot leaves', 'memory_copy', [high | 1_040n, high | 1_000n, high | 240n], {
      a: 9,
    }),
    run('nothing', 'memory_copy', [SIZE, SIZE, 0n]),
    run('source too far', 'memory_copy', [0n, SIZE, 1n]),
    run('target too far', 'memory_copy', [SIZE, 0n, 1n]),
    run('one leaf', 'memory_init', [1_000n, 20n, 24n], length(600n)),
    run('source in two leaves', 'memory_init', [1_000n, 20n, 24n], length(600n)),
    run('repeats', 'memory_init', [1_000n, 20n, 500n], { ...length(600n), a: 10 }),
    run('up to its end', 'memory_init', [1_000n, 500n, 100n], length(600n)),
    run('beyond its end', 'memory_init', [1_000n, 500n, 101n], length(600n)),
    run('beyond the data', 'memory_init', [1_000n, 500n, 101n], length(1n << 40n)),
    run('dropped', 'memory_init', [1_000n, 0n, 1n], length(0n)),
    run('nothing of a dropped segment', 'memory_init', [1_000n, 0n, 0n], length(0n)),
    run('target too far', 'memory_init', [SIZE, 0n, 1n], length(600n)),
    run('length slot among the arguments', 'memory_init', [1_000n, 1n, 2n], { imm: (22n << 32n) | 3n }),
    run('nothing beyond the data', 'memory_init', [1_000n, 601n, 0n], length(700n)),
  ];
}

function dot(): StepCase[] {
  const run = (
    name: string,
    [sum, left, right, n]: readonly [bigint, bigint, bigint, bigint],
    extra: Partial<StepCase> = {},
  ): StepCase => {
    const a = extra.a ?? 0;
    return {
      name: `dot_i8: ${name}`,
      op: 'dot_i8',
      a,
      ...extra,
      slots: at({ [a]: sum, [a + 1]: left, [a + 2]: right, [a + 3]: n }),
    };
  };
  const high = 0xabcdef00_00000000n;
  const bytes = (value: number): Uint8Array => new Uint8Array(128).fill(value);
  return [
    run('a leaf with a leaf', [7n, 1_024n, 2_048n, 128n]),
    run('one byte', [7n, 1_030n, 2_050n, 1n]),
    run('eight bytes and some', [7n, 1_030n, 2_050n, 29n]),
    run('repeats', [7n, 1_024n, 2_048n, 1_000n]),
    run('repeats, the right one ends its leaf first', [7n, 1_030n, 2_100n, 1_000n]),
    run('repeats over two slot leaves', [high | 7n, high | 1_030n, high | 2_000n, high | 300n], { a: 9 }),
    run('repeats, slots around the end', [7n, 1_030n, 2_000n, 300n], { a: 65_514 }),
    run('ends over two slot leaves', [7n, 1_030n, 2_050n, 29n], { a: 10 }),
    run('a leaf with itself', [0n, 1_024n, 1_024n, 128n]),
    run('the largest products', [0n, 1_024n, 2_048n, 128n], { memory: { 1024: bytes(128), 2048: bytes(128) } }),
    run('the smallest products', [0n, 1_024n, 2_048n, 128n], { memory: { 1024: bytes(128), 2048: bytes(127) } }),
    run('a sum beyond 2^32', [0xffffffffn, 1_024n, 2_048n, 2n], { memory: { 1024: bytes(1), 2048: bytes(1) } }),
    run('a sum below 0', [1n, 1_024n, 2_048n, 2n], { memory: { 1024: bytes(255), 2048: bytes(1) } }),
    run('up to the end of memory', [7n, SIZE - 30n, SIZE - 20n, 20n]),
    run('nothing', [high | 7n, SIZE, SIZE, 0n]),
    run('nothing, left beyond memory', [7n, SIZE + 1n, 0n, 0n]),
    run('left too far', [7n, SIZE, 0n, 1n]),
    run('right too far', [7n, 0n, SIZE, 1n]),
    { ...run('a leaf with one gas', [7n, 1_024n, 2_048n, 128n]), gasLeft: 1n },
    run('a negative length', [7n, 0n, 0n, 0xffffffffn]),
  ];
}

function inputs(): StepCase[] {
  const read = (
    name: string,
    [dst, index, offset, n]: readonly [bigint, bigint, bigint, bigint],
    extra: Partial<StepCase> = {},
  ): StepCase => {
    const a = extra.a ?? 0;
    return {
      name: `input_read: ${name}`,
      op: 'input_read',
      a,
      ...extra,
      slots: at({ [a]: dst, [a + 1]: index, [a + 2]: offset, [a + 3]: n }),
    };
  };
  return [
    { name: 'input_count', op: 'input_count', a: 4 },
    { name: 'input_count of none', op: 'input_count', a: 4, inputs: [] },
    { name: 'clock', op: 'clock', a: 4 },
    { name: 'random', op: 'random', a: 4 },
    { name: 'log', op: 'log' },
    ...[0n, 1n, 3n, 4n, 5n, (1n << 32n) | 4n].map(
      (index): StepCase => ({ name: `input_size of ${index}`, op: 'input_size', a: 4, slots: at({ 4: index }) }),
    ),
    { name: 'input_size of the only one', op: 'input_size', inputs: [pattern(77)], slots: at({ 0: 0n }) },
    read('one leaf', [1_000n, 1n, 5n, 24n]),
    read('source in two leaves', [1_024n, 1n, 100n, 100n]),
    read('repeats', [1_000n, 4n, 4_000n, 1_000n]),
    read('repeats over two slot leaves', [1_000n, 4n, 4_000n, 1_000n], { a: 9 }),
    read('repeats over two slot leaves, only the last', [1_000n, 4n, 4_000n, 1_000n], { a: 10 }),
    read('to the end', [1_024n, 4n, 4_990n, 10n]),
    read('beyond the end', [1_024n, 4n, 4_990n, 11n]),
    read('far beyond the end', [1_024n, 4n, 2n ** 64n - 1n, 11n]),
    read('nothing at the end', [1_024n, 4n, 5_000n, 0n]),
    read('nothing of an empty one', [1_024n, 0n, 0n, 0n]),
    read('no such input', [1_024n, 5n, 0n, 0n]),
    read('target too far', [SIZE, 4n, 0n, 1n]),
  ];
}

function output(): StepCase[] {
  const write = (name: string, src: bigint, n: bigint, outputLength: number, a = 0): StepCase => ({
    name: `output_write: ${name}`,
    op: 'output_write',
    a,
    outputLength,
    slots: at({ [a]: src, [a + 1]: n }),
  });
  return [
    write('first bytes', 1_000n, 50n, 0),
    write('first leaf, repeats', 1_000n, 500n, 0),
    write('into a leaf', 1_000n, 20n, 300),
    write('fills a leaf from two', 1_270n, 84n, 300),
    write('fills a leaf, repeats over two slot leaves', 1_270n, 200n, 300, 11),
    write('second leaf', 1_000n, 20n, 128),
    write('third leaf, the tree grows', 1_000n, 20n, 256),
    write('fourth leaf', 1_000n, 20n, 384),
    write('seventh leaf, repeats', 1_000n, 1_000n, 768),
    write('ninth leaf, the tree grows', 1_000n, 128n, 1_024),
    write('nothing', SIZE, 0n, 300),
    { ...write('a leaf that owes more than there is', 1_024n, 128n, 128), gasLeft: 1_312n },
    { ...write('a leaf with one gas', 1_024n, 128n, 128), gasLeft: 1n },
    write('source too far', SIZE, 1n, 300),
    write('up to 64 MiB', 0n, 128n, 64 * 1024 * 1024 - 128),
    write('above 64 MiB', 0n, 129n, 64 * 1024 * 1024 - 128),
  ];
}

function endings(): StepCase[] {
  return [
    { name: 'halt', op: 'halt', outputLength: 300 },
    { name: 'halt without output', op: 'halt' },
    { name: 'exit', op: 'exit', outputLength: 128, slots: at({ 0: 0x1ffn }) },
    { name: 'halt with a parent', op: 'halt', outputLength: 300, resultAddress: 1_280 },
    { name: 'exit with a parent', op: 'exit', outputLength: 300, resultAddress: 0, slots: at({ 0: 3n }) },
    { name: 'fault with a parent', op: 'trap', outputLength: 300, resultAddress: 65_408 },
    { name: 'no gas left, with a parent', op: 'jump', gasLeft: 0n, resultAddress: 128 },
    { name: 'undefined instruction with a parent', op: 'trap', rawOp: 0x1ff, resultAddress: 128 },
    { name: 'out of bounds with a parent', op: 'load8_u', immediate: true, imm: SIZE, resultAddress: 128 },
    { name: 'kernel halts', op: 'halt', kernel: true },
    { name: 'kernel exits', op: 'exit', kernel: true },
    ...(['preimage', 'exec', 'ecrecover', 'commit'] as const).map(
      (op): StepCase => ({ name: `${op} in a user program`, op }),
    ),
  ];
}

function kernel({ hash, r, s, v, signer }: EcrecoverSignature): StepCase[] {
  const bytes = pattern(300, 21);
  const preimage = (name: string, at_: readonly [bigint, bigint, bigint], extra: Partial<StepCase> = {}): StepCase => {
    const data = extra.preimage ?? bytes;
    return {
      name: `preimage: ${name}`,
      op: 'preimage',
      kernel: true,
      preimage: data,
      memory: { 96: keccak(data), 1024: data.subarray(0, Number(at_[2])) },
      ...extra,
      slots: at({ [extra.a ?? 0]: at_[0], [(extra.a ?? 0) + 1]: at_[1], [(extra.a ?? 0) + 2]: at_[2] }),
    };
  };
  const run = (name: string, op: StepCase['op'], args: readonly bigint[], extra: Partial<StepCase> = {}): StepCase => ({
    name: `${op}: ${name}`,
    op,
    kernel: true,
    ...extra,
    slots: at(Object.fromEntries(args.map((value, i) => [(extra.a ?? 0) + i, value]))),
  });
  const signed = (rWord: Hex, sWord: Hex, vByte: number): Uint8Array =>
    concatBytes([hexToBytes(hash), hexToBytes(rWord), hexToBytes(sWord), new Uint8Array([vByte])]);
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, '0')}`;
  const highS = word(order - BigInt(s));
  const recover = (name: string, source: Uint8Array, recovered: Uint8Array, args = [256n, 1_056n]): StepCase =>
    run(name, 'ecrecover', args, { memory: { 256: source }, recovered });
  const zero = new Uint8Array(20);
  return [
    preimage('first leaf, repeats', [96n, 1_024n, 0n]),
    preimage('second leaf, two slot leaves', [96n, 1_024n, 128n], { a: 10 }),
    preimage('last leaf', [96n, 1_024n, 256n]),
    preimage('all done', [96n, 1_024n, 300n]),
    preimage('more than done', [96n, 1_024n, 2_000n]),
    preimage('empty', [96n, 1_024n, 0n], { preimage: new Uint8Array(0) }),
    preimage('1 KiB', [96n, SIZE - 1_024n, 0n], { preimage: pattern(1_024, 22) }),
    preimage('hash not aligned', [97n, 1_024n, 0n]),
    preimage('target not aligned', [96n, 1_056n, 0n]),
    preimage('hash in the target', [1_056n, 1_024n, 0n]),
    preimage('hash at the start of the target', [1_024n, 1_024n, 0n]),
    preimage('hash at the end of the target', [2_016n, 1_024n, 0n]),
    preimage('hash behind the target', [2_048n, 1_024n, 0n], { memory: { 2048: keccak(bytes) } }),
    preimage('hash beyond memory', [SIZE, 1_024n, 0n]),
    preimage('target beyond memory', [96n, SIZE - 896n, 0n]),
    run('starts a program', 'exec', [256n, 512n], { memory: { 256: execRequest() } }),
    run('request not aligned', 'exec', [257n, 512n]),
    run('result not aligned', 'exec', [256n, 513n]),
    run('request beyond memory', 'exec', [SIZE, 512n]),
    run('result beyond memory', 'exec', [256n, SIZE]),
    recover('a signer', signed(r, s, v), hexToBytes(signer)),
    recover('a signer, into the same leaf', signed(r, s, v), hexToBytes(signer), [256n, 352n]),
    recover('high s', signed(r, highS, 55 - v), zero),
    recover('wrong v', signed(r, s, 29), zero),
    recover('r of zero', signed(word(0n), s, v), zero),
    recover('r at the order', signed(word(order), s, v), zero),
    recover('source not aligned', signed(r, s, v), zero, [288n, 1_056n]),
    recover('target not aligned', signed(r, s, v), zero, [256n, 1_057n]),
    recover('target beyond memory', signed(r, s, v), zero, [256n, SIZE]),
    run('the last leaf', 'commit', [SIZE - 128n]),
    run('not aligned', 'commit', [1n]),
    run('beyond memory', 'commit', [SIZE]),
  ];
}

// The request of the inputs, seed and time that every case has.
function execRequest(): Uint8Array {
  const inputs = [new Uint8Array(0), pattern(300, 2), pattern(128, 3), pattern(1, 4), pattern(5_000, 5)];
  return createWriter()
    .hex(hashProgram(childProgram().header), 32)
    .hex(objectRoot(encodeExecInputs(inputs.map(objectRef))), 32)
    .bytes(new Uint8Array(32).fill(9))
    .u64(CHILD_GAS)
    .u64(1_700_000_000_123_456_789n)
    .u32(inputs.length)
    .zeros(12)
    .finish();
}
