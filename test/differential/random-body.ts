// docs/vm.md#engines: random modules for differential tests: the code of one function.
import { type FunctionType, I32, I64, type ValueType } from '../../vm/wasm/module.ts';
import { WASM } from '../../vm/wasm/opcodes.ts';
import { createByteWriter } from '../../vm/wasm/write.ts';
import type { Random } from './random.ts';
import {
  BINARY,
  DIVISIONS,
  HOST,
  LOAD_OPCODES,
  putEdgeConstant,
  RARE,
  STORE_OPCODES,
  UNARY,
  VALUE_TYPES,
} from './random-choices.ts';

const LOCALS_PER_TYPE = 3;
const LOOP_COUNTERS = 4;
/** Statements of one function: nested ones count. */
const BUDGET = 60;

type Label = { readonly types: readonly ValueType[] };

/** Calls functions below `own`, but for a rare one, so that most modules end. */
export function generateBody(
  random: Random,
  type: FunctionType,
  own: number,
  signatures: readonly FunctionType[],
  typeOf: (type: FunctionType) => number,
): Uint8Array {
  const w = createByteWriter(1024);
  w.u32(VALUE_TYPES.length + 1);
  for (const t of VALUE_TYPES) w.byte(LOCALS_PER_TYPE, t);
  w.byte(LOOP_COUNTERS, I32);
  const localsOf = (t: ValueType): number[] => {
    const own = Array.from(
      { length: LOCALS_PER_TYPE },
      (_, i) => type.params.length + VALUE_TYPES.indexOf(t) * LOCALS_PER_TYPE + i,
    );
    return [...type.params.flatMap((p, i) => (p === t ? [i] : [])), ...own];
  };
  const firstCounter = type.params.length + VALUE_TYPES.length * LOCALS_PER_TYPE;
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
    Array.from({ length: random.below(max + 1) }, () => random.pick(VALUE_TYPES));

  const expression = (t: ValueType, depth: number): void => {
    budget--;
    const kind = depth <= 0 || budget < 0 ? random.below(3) : random.below(16);
    switch (kind) {
      case 0:
      case 3:
        indexed(WASM.localGet, random.pick(localsOf(t)));
        return;
      case 1:
        putEdgeConstant(w, random, t);
        return;
      case 2:
        indexed(WASM.globalGet, VALUE_TYPES.indexOf(t));
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
        memoryArgument(random.pick(LOAD_OPCODES[t]));
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
          const choice = random.below(4);
          if (choice === 0) {
            w.byte(WASM.memorySize, 0);
          } else if (choice === 1) {
            small(3);
            w.byte(WASM.memoryGrow, 0);
          } else {
            expression(I32, depth - 1);
            address();
            address();
            small(random.chance(2) ? 40 : 700);
            indexed(WASM.call, 4);
          }
        } else if (t === I64) {
          expression(I64, depth - 1);
          indexed(WASM.call, 3);
        } else putEdgeConstant(w, random, t);
    }
  };

  /** A call, of whose results one of type `t` is kept. */
  const call = (t: ValueType | undefined, depth: number): void => {
    if (own === 0) {
      if (t !== undefined) putEdgeConstant(w, random, t);
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
    else putEdgeConstant(w, random, t);
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
    const t = random.pick(VALUE_TYPES);
    switch (budget < 0 ? 0 : random.below(20)) {
      case 0:
      case 1:
        expression(t, depth);
        indexed(WASM.localSet, random.pick(localsOf(t)));
        return;
      case 2:
        expression(t, depth);
        indexed(WASM.globalSet, VALUE_TYPES.indexOf(t));
        return;
      case 3:
      case 4:
        address();
        expression(t, depth);
        memoryArgument(random.pick(STORE_OPCODES[t]));
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
