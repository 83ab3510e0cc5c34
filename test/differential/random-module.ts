// docs/vm.md#engines: random modules for differential tests; the same seed gives the same module.
import { F32, F64, type FunctionType, I32, I64, type ValueType } from '../../vm/decode/module.ts';
import { WASM } from '../../vm/decode/opcodes.ts';
import { type ByteWriter, createByteWriter } from '../../vm/native/byte-writer.ts';
import { createRandom, type Random } from './random.ts';

const TYPES: readonly ValueType[] = [I32, I64, F32, F64];
const LOCALS_PER_TYPE = 3;
const LOOP_COUNTERS = 4;
const OUTPUT_BYTES = 512;
/** Statements of one function: nested ones count. */
const BUDGET = 60;
/** One in so many places is likely to fault. */
const RARE = 200;

const HOST = [
  { name: 'output_write', type: { params: [I32, I32], results: [] } },
  { name: 'exit', type: { params: [I32], results: [] } },
  { name: 'input_read', type: { params: [I32, I32, I64, I32], results: [] } },
  { name: 'random', type: { params: [I64], results: [I64] } },
] as const;

const UNARY: Record<ValueType, readonly [number, ValueType][]> = {
  [I32]: [
    ...ops([0x45, 0x67, 0x68, 0x69, 0xc0, 0xc1], I32),
    ...ops([0x50, 0xa7], I64),
    ...ops([0xfc00, 0xfc01, 0xbc], F32),
    ...ops([0xfc02, 0xfc03], F64),
  ],
  [I64]: [
    ...ops([0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4], I64),
    ...ops([0xac, 0xad], I32),
    ...ops([0xfc04, 0xfc05], F32),
    ...ops([0xfc06, 0xfc07, 0xbd], F64),
  ],
  [F32]: [
    ...ops([0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91], F32),
    ...ops([0xb2, 0xb3, 0xbe], I32),
    ...ops([0xb4, 0xb5], I64),
    ...ops([0xb6], F64),
  ],
  [F64]: [
    ...ops([0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f], F64),
    ...ops([0xb7, 0xb8], I32),
    ...ops([0xb9, 0xba, 0xbf], I64),
    ...ops([0xbb], F32),
  ],
};

const BINARY: Record<ValueType, readonly [number, ValueType][]> = {
  [I32]: [
    ...ops(range(0x6a, 0x78), I32),
    ...ops(range(0x46, 0x4f), I32),
    ...ops(range(0x51, 0x5a), I64),
    ...ops(range(0x5b, 0x60), F32),
    ...ops(range(0x61, 0x66), F64),
  ],
  [I64]: ops(range(0x7c, 0x8a), I64),
  [F32]: ops(range(0x92, 0x98), F32),
  [F64]: ops(range(0xa0, 0xa6), F64),
};

/** Integer divisions and remainders: their right operand is made odd. */
const DIVISIONS = [...range(0x6d, 0x70), ...range(0x7f, 0x82)];

const LOADS: Record<ValueType, readonly number[]> = {
  [I32]: [0x28, 0x2c, 0x2d, 0x2e, 0x2f],
  [I64]: [0x29, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35],
  [F32]: [0x2a],
  [F64]: [0x2b],
};

const STORES: Record<ValueType, readonly number[]> = {
  [I32]: [0x36, 0x3a, 0x3b],
  [I64]: [0x37, 0x3c, 0x3d, 0x3e],
  [F32]: [0x38],
  [F64]: [0x39],
};

/** A module that imports host functions, has memory, globals, a table and passive data, and exports `_start`. */
export function randomModule(seed: number): Uint8Array {
  const random = createRandom(seed);
  const count = 2 + random.below(5);
  const signatures: FunctionType[] = Array.from({ length: count }, () => ({
    params: Array.from({ length: random.below(5) }, () => random.pick(TYPES)),
    results: Array.from({ length: random.below(4) }, () => random.pick(TYPES)),
  }));
  const types: FunctionType[] = [...HOST.map((h) => h.type), ...signatures, { params: [], results: [] }];
  const blockTypes = new Map<string, number>();
  const typeOf = (type: FunctionType): number => {
    const key = `${type.params}>${type.results}`;
    const known = blockTypes.get(key) ?? types.push(type) - 1;
    blockTypes.set(key, known);
    return known;
  };
  const bodies = signatures.map((type, own) => generateBody(random, type, own, signatures, typeOf));
  bodies.push(generateStart(random, signatures));
  const w = createByteWriter(4096);
  w.byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  section(w, 1, types, (s, { params, results }) => {
    s.byte(0x60);
    s.sized(Uint8Array.from(params));
    s.sized(Uint8Array.from(results));
  });
  section(w, 2, HOST, (s, { name }) => {
    s.name('mizu');
    s.name(name);
    s.byte(
      0,
      HOST.findIndex((h) => h.name === name),
    );
  });
  section(w, 3, bodies, (s, _, index) => s.u32(HOST.length + index));
  section(w, 4, [count + 2], (s, size) => s.byte(0x70, 0, size));
  section(w, 5, [0], (s) => s.byte(1, 1, 3));
  section(w, 6, TYPES, (s, type) => {
    s.byte(type, 1);
    putConstant(s, random, type);
    s.byte(WASM.end);
  });
  section(w, 7, [0], (s) => {
    s.name('_start');
    s.byte(0);
    s.u32(HOST.length + bodies.length - 1);
  });
  // One host function and all functions but the last, at offset 1: entry 0 is null.
  section(w, 9, [0], (s) => {
    s.byte(0, WASM.i32Const, 1, WASM.end);
    s.u32(count + 1);
    s.u32(3);
    for (let i = 0; i < count; i++) s.u32(HOST.length + i);
  });
  section(w, 12, undefined, (s) => s.u32(2));
  section(w, 10, bodies, (s, body) => s.sized(body));
  section(w, 11, [0, 1], (s, index) => {
    if (index === 0) s.byte(0, WASM.i32Const, 16, WASM.end);
    else s.byte(1);
    s.sized(Uint8Array.from({ length: 300 }, () => random.below(256)));
  });
  return w.finish();
}

type Label = { readonly types: readonly ValueType[] };

function generateBody(
  random: Random,
  type: FunctionType,
  own: number,
  signatures: readonly FunctionType[],
  typeOf: (type: FunctionType) => number,
): Uint8Array {
  const w = createByteWriter(1024);
  w.u32(TYPES.length + 1);
  for (const t of TYPES) w.byte(LOCALS_PER_TYPE, t);
  w.byte(LOOP_COUNTERS, I32);
  const localsOf = (t: ValueType): number[] => {
    const own = Array.from(
      { length: LOCALS_PER_TYPE },
      (_, i) => type.params.length + TYPES.indexOf(t) * LOCALS_PER_TYPE + i,
    );
    return [...type.params.flatMap((p, i) => (p === t ? [i] : [])), ...own];
  };
  const firstCounter = type.params.length + TYPES.length * LOCALS_PER_TYPE;
  let budget = BUDGET;
  let counters = 0;
  const labels: Label[] = [{ types: type.results }];

  const indexed = (op: number, index: number): void => {
    w.byte(op);
    w.u32(index);
  };
  const plain = (op: number): void => {
    if (op < 0x100) w.byte(op);
    else w.byte(0xfc, op & 0xff);
  };
  const address = (): void => {
    expression(I32, 2);
    w.byte(WASM.i32Const);
    w.s32(random.chance(RARE) ? 0x1ffff : 0x7fff);
    w.byte(0x71);
  };
  const memoryArgument = (op: number): void => {
    plain(op);
    w.byte(0);
    w.u32(random.chance(RARE) ? random.below(70000) : random.below(200));
  };
  const small = (bound: number): void => {
    w.byte(WASM.i32Const);
    w.s32(random.below(bound));
  };
  const open = (
    op: number,
    params: readonly ValueType[],
    results: readonly ValueType[],
    label: readonly ValueType[],
  ): void => {
    w.byte(op);
    if (params.length === 0 && results.length === 0) w.byte(0x40);
    else if (params.length === 0 && results.length === 1) w.byte(results[0]!);
    else w.s32(typeOf({ params: [...params], results: [...results] }));
    labels.push({ types: label });
  };
  const close = (): void => {
    w.byte(WASM.end);
    labels.pop();
  };
  const values = (types: readonly ValueType[], depth: number): void => {
    for (const t of types) expression(t, depth);
  };
  const putOne = (t: ValueType): void => {
    w.byte(t === I32 ? WASM.i32Const : WASM.i64Const, 1);
  };
  const someTypes = (max: number): ValueType[] =>
    Array.from({ length: random.below(max + 1) }, () => random.pick(TYPES));

  const expression = (t: ValueType, depth: number): void => {
    budget--;
    const kind = depth <= 0 || budget < 0 ? random.below(3) : random.below(16);
    switch (kind) {
      case 0:
      case 3:
        indexed(WASM.localGet, random.pick(localsOf(t)));
        return;
      case 1:
        putConstant(w, random, t);
        return;
      case 2:
        indexed(WASM.globalGet, TYPES.indexOf(t));
        return;
      case 4:
      case 5: {
        const [op, from] = random.pick(UNARY[t]);
        expression(from, depth - 1);
        plain(op);
        return;
      }
      case 6:
      case 7:
      case 8: {
        const [op, from] = random.pick(BINARY[t]);
        expression(from, depth - 1);
        expression(from, depth - 1);
        if (DIVISIONS.includes(op) && !random.chance(RARE)) {
          putOne(from);
          plain(from === I32 ? 0x72 : 0x84);
        }
        plain(op);
        return;
      }
      case 9:
        address();
        memoryArgument(random.pick(LOADS[t]));
        return;
      case 10:
        expression(t, depth - 1);
        indexed(WASM.localTee, random.pick(localsOf(t)));
        return;
      case 11:
        expression(t, depth - 1);
        expression(t, depth - 1);
        expression(I32, depth - 1);
        w.byte(WASM.select);
        return;
      case 12: {
        const params = someTypes(2);
        values(params, depth - 1);
        expression(I32, depth - 1);
        open(WASM.if, params, [t], [t]);
        for (const _ of params) w.byte(WASM.drop);
        expression(t, depth - 1);
        w.byte(WASM.else);
        for (const _ of params) w.byte(WASM.drop);
        statements(1, depth - 1);
        expression(t, depth - 1);
        close();
        return;
      }
      case 13:
        open(WASM.block, [], [t], [t]);
        statements(2, depth - 1);
        expression(t, depth - 1);
        if (random.chance(2)) {
          expression(I32, depth - 1);
          indexed(WASM.brIf, 0);
        }
        close();
        return;
      case 14:
        call(t, depth);
        return;
      default:
        if (t === I32) {
          if (random.chance(2)) {
            w.byte(WASM.memorySize, 0);
          } else {
            small(3);
            w.byte(WASM.memoryGrow, 0);
          }
        } else if (t === I64) {
          expression(I64, depth - 1);
          indexed(WASM.call, 3);
        } else putConstant(w, random, t);
    }
  };

  /** A call, of whose results one of type `t` is kept. */
  const call = (t: ValueType | undefined, depth: number): void => {
    if (own === 0) {
      if (t !== undefined) putConstant(w, random, t);
      return;
    }
    const index = random.chance(RARE) ? random.below(signatures.length) : random.below(own);
    const callee = signatures[index]!;
    values(callee.params, depth - 1);
    if (random.chance(3)) {
      small(random.chance(RARE) ? signatures.length + 4 : 1);
      w.byte(WASM.i32Const);
      w.s32(index + 2);
      w.byte(WASM.i32Add);
      w.byte(WASM.callIndirect);
      w.u32(HOST.length + index);
      w.byte(0);
    } else indexed(WASM.call, HOST.length + index);
    let found = false;
    for (const result of [...callee.results].reverse()) {
      if (result === t) {
        found = true;
        indexed(WASM.localSet, localsOf(t)[0]!);
      } else w.byte(WASM.drop);
    }
    if (t === undefined) return;
    if (found) indexed(WASM.localGet, localsOf(t)[0]!);
    else putConstant(w, random, t);
  };

  const branch = (depth: number): void => {
    const label = random.below(labels.length);
    const { types } = labels[labels.length - 1 - label]!;
    values(types, depth - 1);
    indexed(WASM.br, label);
  };

  const branchTable = (depth: number): void => {
    const first = random.below(labels.length);
    const { types } = labels[labels.length - 1 - first]!;
    const same = labels.flatMap((l, i) => (String(l.types) === String(types) ? [labels.length - 1 - i] : []));
    values(types, depth - 1);
    small(5);
    w.byte(WASM.brTable);
    w.u32(3);
    for (let i = 0; i < 4; i++) w.u32(random.pick(same));
  };

  const statement = (depth: number): void => {
    budget--;
    const t = random.pick(TYPES);
    switch (budget < 0 ? 0 : random.below(20)) {
      case 0:
      case 1:
        expression(t, depth);
        indexed(WASM.localSet, random.pick(localsOf(t)));
        return;
      case 2:
        expression(t, depth);
        indexed(WASM.globalSet, TYPES.indexOf(t));
        return;
      case 3:
      case 4:
        address();
        expression(t, depth);
        memoryArgument(random.pick(STORES[t]));
        return;
      case 5:
        expression(I32, depth);
        open(WASM.if, [], [], []);
        statements(2, depth - 1);
        if (random.chance(2)) {
          w.byte(WASM.else);
          statements(2, depth - 1);
        }
        close();
        return;
      case 6:
      case 7: {
        const params = someTypes(2);
        const results = someTypes(2);
        values(params, depth - 1);
        open(WASM.block, params, results, results);
        for (const _ of params) w.byte(WASM.drop);
        statements(3, depth - 1);
        values(results, depth - 1);
        if (random.chance(2)) {
          expression(I32, depth - 1);
          if (random.chance(3)) w.byte(WASM.i32Eqz);
          indexed(WASM.brIf, 0);
        }
        close();
        for (const _ of results) w.byte(WASM.drop);
        return;
      }
      case 8:
      case 9:
        loop(depth);
        return;
      case 10:
        expression(t, depth);
        w.byte(WASM.drop);
        return;
      case 11:
        call(undefined, depth);
        return;
      case 12:
        address();
        small(400);
        indexed(WASM.call, 0);
        return;
      case 13:
        address();
        if (random.chance(2)) small(300);
        else address();
        small(random.chance(2) ? 2 : 700);
        if (random.chance(2)) w.byte(0xfc, 0x0b, 0);
        else w.byte(0xfc, 0x0a, 0, 0);
        return;
      case 14:
        address();
        small(180);
        small(120);
        if (random.chance(20)) w.byte(0xfc, 0x09, 1);
        w.byte(0xfc, 0x08, random.chance(RARE) ? 0 : 1, 0);
        return;
      case 15:
        expression(I32, depth);
        open(WASM.if, [], [], []);
        if (random.chance(2)) branch(depth);
        else branchTable(depth);
        if (random.chance(2)) statements(2, depth - 1);
        close();
        return;
      case 16:
        address();
        small(random.chance(RARE) ? 3 : 1);
        w.byte(WASM.i64Const);
        w.s64(BigInt(random.below(200)));
        small(100);
        indexed(WASM.call, 2);
        return;
      case 17: {
        const free = labels.flatMap((l, i) => (l.types.length === 0 ? [labels.length - 1 - i] : []));
        expression(I32, 1);
        w.byte(WASM.i32Eqz);
        if (free.length === 0) w.byte(WASM.drop);
        else indexed(WASM.brIf, random.pick(free));
        return;
      }
      case 18:
        if (!random.chance(6)) return;
        expression(I32, depth);
        open(WASM.if, [], [], []);
        if (random.chance(2)) {
          expression(I32, 1);
          indexed(WASM.call, 1);
        } else w.byte(WASM.unreachable);
        close();
        return;
      default:
        expression(I32, depth);
        open(WASM.if, [], [], []);
        values(type.results, depth - 1);
        w.byte(WASM.return);
        close();
    }
  };

  const loop = (depth: number): void => {
    const counter = firstCounter + (counters++ % LOOP_COUNTERS);
    small(12);
    indexed(WASM.localSet, counter);
    const carried = someTypes(1);
    values(carried, depth - 1);
    open(WASM.loop, carried, carried, carried);
    const kept = carried.map((t) => localsOf(t)[0]!);
    for (const local of kept) indexed(WASM.localSet, local);
    statements(3, depth - 1);
    for (const local of kept) indexed(WASM.localGet, local);
    indexed(WASM.localGet, counter);
    w.byte(WASM.i32Const, 1, WASM.i32Sub);
    indexed(WASM.localTee, counter);
    w.byte(WASM.i32Const, 0, 0x4a);
    indexed(WASM.brIf, 0);
    close();
    for (const _ of carried) w.byte(WASM.drop);
  };

  const statements = (max: number, depth: number): void => {
    for (let i = random.below(max + 1); i > 0; i--) statement(depth);
  };

  statements(8, 4);
  statement(4);
  values(type.results, 3);
  w.byte(WASM.end);
  return w.finish();
}

/** Calls each function, stores its results in memory and writes the memory's start to the output. */
function generateStart(random: Random, signatures: readonly FunctionType[]): Uint8Array {
  const w = createByteWriter(1024);
  w.u32(TYPES.length);
  for (const t of TYPES) w.byte(1, t);
  signatures.forEach(({ params, results }, index) => {
    for (const t of params) putConstant(w, random, t);
    w.byte(WASM.call);
    w.u32(HOST.length + index);
    [...results].reverse().forEach((t, i) => {
      w.byte(WASM.localSet, TYPES.indexOf(t), WASM.i32Const);
      w.s32(index * 32 + i * 8);
      w.byte(WASM.localGet, TYPES.indexOf(t), STORES[t][0]!, 0, 0);
    });
  });
  w.byte(WASM.i32Const, 0, WASM.i32Const);
  w.s32(OUTPUT_BYTES);
  w.byte(WASM.call, 0, WASM.end);
  return w.finish();
}

function putConstant(w: ByteWriter, random: Random, type: ValueType): void {
  const pick = random.below(4);
  const interesting = [0, 1, -1, 2, 31, 64, 127, 128, -128, 255, 0x7fffffff, -0x80000000];
  const word = pick === 0 ? random.u32() | 0 : random.pick(interesting);
  if (type === I32) {
    w.byte(WASM.i32Const);
    w.s32(word);
  } else if (type === I64) {
    w.byte(WASM.i64Const);
    w.s64(pick === 0 ? BigInt.asIntN(64, (BigInt(random.u32()) << 32n) | BigInt(random.u32())) : BigInt(word));
  } else {
    const view = new DataView(new ArrayBuffer(8));
    const numbers = [0, -0, 1, -1.5, 0.5, 2.5, 1e10, -1e30, 1e300, Number.MIN_VALUE, Number.POSITIVE_INFINITY];
    if (type === F64) {
      if (pick === 0) view.setUint32(4, random.u32());
      if (pick === 0) view.setUint32(0, random.u32());
      else view.setFloat64(0, random.pick(numbers), true);
      if (pick === 1) view.setBigUint64(0, random.chance(2) ? 0x7ff8000000000001n : 0xfff4000000000000n, true);
      w.byte(WASM.f64Const);
      for (let i = 0; i < 8; i++) w.byte(view.getUint8(i));
    } else {
      view.setFloat32(0, random.pick(numbers), true);
      if (pick === 0) view.setUint32(0, random.u32(), true);
      if (pick === 1) view.setUint32(0, random.chance(2) ? 0x7fc00001 : 0xffa00000, true);
      w.byte(WASM.f32Const);
      for (let i = 0; i < 4; i++) w.byte(view.getUint8(i));
    }
  }
}

function ops(codes: readonly number[], from: ValueType): [number, ValueType][] {
  return codes.map((code) => [code, from]);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function section<T>(
  w: ByteWriter,
  id: number,
  items: readonly T[] | undefined,
  putItem: (w: ByteWriter, item: T, index: number) => void,
): void {
  const s = createByteWriter(4096);
  if (items === undefined) putItem(s, undefined as T, 0);
  else {
    s.u32(items.length);
    items.forEach((item, index) => {
      putItem(s, item, index);
    });
  }
  w.byte(id);
  w.sized(s.finish());
}
