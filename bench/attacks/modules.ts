// docs/operations.md#attacks: modules that cost a careless engine more than their size or gas would suggest.
import { assemble } from '../../test/modules/test-modules.fixture.ts';
import { type ByteWriter, createByteWriter } from '../../vm/wasm/write.ts';

const I32 = 0x7f;
const I64 = 0x7e;
const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  brIf: 0x0d,
  brTable: 0x0e,
  call: 0x10,
  drop: 0x1a,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i64Store: 0x37,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Sub: 0x6b,
  i64Add: 0x7c,
  i64Mul: 0x7e,
  i64Xor: 0x85,
  empty: 0x40,
} as const;

type Parts = {
  /** Parameters and results. Type 0 is that of `_start` and has none. */
  readonly types?: readonly (readonly [params: readonly number[], results: readonly number[]])[];
  readonly host?: { readonly name: string; readonly type: number };
  readonly memory?: readonly [initial: number, maximum: number];
  /** Local declarations, code and type (0) of each function; the first is `_start`. */
  readonly bodies: readonly {
    readonly locals?: readonly (readonly [count: number, type: number])[];
    readonly code: Uint8Array;
    readonly type?: number;
  }[];
};

export function writeModule({ types = [], host, memory, bodies }: Parts): Uint8Array {
  const w = createByteWriter(4096);
  w.byte(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const section = (id: number, fill: (body: ByteWriter) => void): void => {
    const body = createByteWriter(256);
    fill(body);
    w.byte(id);
    w.sized(body.finish());
  };
  section(1, (s) => {
    const all = [[[], []] as const, ...types];
    s.u32(all.length);
    for (const [params, results] of all) {
      s.byte(0x60);
      s.sized(Uint8Array.from(params));
      s.sized(Uint8Array.from(results));
    }
  });
  if (host !== undefined)
    section(2, (s) => {
      s.u32(1);
      s.name('mizu');
      s.name(host.name);
      s.byte(0);
      s.u32(host.type);
    });
  section(3, (s) => {
    s.u32(bodies.length);
    for (const { type = 0 } of bodies) s.u32(type);
  });
  if (memory !== undefined)
    section(5, (s) => {
      s.byte(1, 1);
      s.u32(memory[0]);
      s.u32(memory[1]);
    });
  section(7, (s) => {
    s.u32(1);
    s.name('_start');
    s.byte(0);
    s.u32(host === undefined ? 0 : 1);
  });
  section(10, (s) => {
    s.u32(bodies.length);
    for (const { locals = [], code } of bodies) {
      const body = createByteWriter(code.length + 64);
      body.u32(locals.length);
      for (const [count, type] of locals) {
        body.u32(count);
        body.byte(type);
      }
      body.copy(code, 0, code.length);
      body.byte(OP.end);
      s.sized(body.finish());
    }
  });
  return w.finish();
}

function code(fill: (w: ByteWriter) => void): Uint8Array {
  const w = createByteWriter(4096);
  fill(w);
  return w.finish();
}

/** Repeats `body` so many times; local 0 counts. */
function counted(times: number, body: (w: ByteWriter) => void): Uint8Array {
  return code((w) => {
    w.byte(OP.i32Const);
    w.s32(times);
    w.byte(OP.localSet, 0, OP.loop, OP.empty);
    body(w);
    w.byte(OP.localGet, 0, OP.i32Const, 1, OP.i32Sub, OP.localTee, 0, OP.brIf, 0, OP.end);
  });
}

/** A module that does nothing; the number of pages, which it never touches, makes each one another program. */
export function idleModule(pages: number): Uint8Array {
  return writeModule({ memory: [pages, pages], bodies: [{ code: new Uint8Array(0) }] });
}

/**
 * A module with one function of so many calls: what the rewrite adds to each of them makes the function too large for
 * V8.
 */
export function callBomb(calls: number): Uint8Array {
  const many = new Uint8Array(2 * calls);
  for (let i = 0; i < many.length; i += 2) many.set([OP.call, 1], i);
  return writeModule({ bodies: [{ code: many }, { code: new Uint8Array(0) }] });
}

/** A module that calls memory.grow(0) in a loop, over a memory of 1 GiB by default. */
export function growLoop(times: number, pages = 16384): Uint8Array {
  const grow = counted(times, (w) => w.byte(OP.i32Const, 0, OP.memoryGrow, 0, OP.drop));
  return writeModule({ memory: [pages, pages], bodies: [{ locals: [[1, I32]], code: grow }] });
}

/** A module that hashes once for each `random`. */
export function randomLoop(times: number): Uint8Array {
  const random = counted(times, (w) => w.byte(OP.i64Const, 0, OP.call, 0, OP.drop));
  return writeModule({
    types: [[[I64], [I64]]],
    host: { name: 'random', type: 1 },
    bodies: [{ locals: [[1, I32]], code: random }],
  });
}

/** A module with a br_table whose targets take values: each target of one byte becomes `values` moves. */
export function branchTableBomb(values: number, targets: number): Uint8Array {
  const body = code((w) => {
    w.byte(OP.block, 1);
    for (let i = 0; i <= values; i++) w.byte(OP.i32Const, 0);
    w.byte(OP.brTable);
    w.u32(targets);
    for (let i = 0; i <= targets; i++) w.byte(0);
    w.byte(OP.end);
    for (let i = 0; i < values; i++) w.byte(OP.drop);
  });
  return writeModule({ types: [[[], new Array(values).fill(I32)]], bodies: [{ code: body }] });
}

/** A recursion to this depth, in whose frames V8 keeps so many values that the lowered code computes anew. */
export function liveValues(values: number, depth: number): Uint8Array {
  const store = (w: ByteWriter, base: number): void => {
    for (let i = 0; i < values; i++) {
      w.byte(OP.i32Const, 0, OP.localGet, 1, OP.i64Const);
      w.s64(BigInt(2 * i + 1_000_003));
      w.byte(OP.i64Mul, OP.i64Const);
      w.s64(BigInt(77 + i));
      w.byte(OP.i64Xor, OP.i64Store, 3);
      w.u32(base + 8 * i);
    }
  };
  const recursion = code((w) => {
    store(w, 0);
    w.byte(OP.localGet, 0, OP.if, OP.empty, OP.localGet, 0, OP.i32Const, 1, OP.i32Sub);
    w.byte(OP.localGet, 1, OP.i64Const, 1, OP.i64Add, OP.call, 1, OP.end);
    store(w, 8 * values);
  });
  const start = code((w) => {
    w.byte(OP.i32Const);
    w.s32(depth);
    w.byte(OP.i64Const, 5, OP.call, 1);
  });
  return writeModule({
    types: [[[I32, I64], []]],
    memory: [4, 4],
    bodies: [{ code: start }, { code: recursion, type: 1 }],
  });
}

/** A module with many loops: at each of them every local may have another value. */
export function loopBomb(locals: number, loops: number): Uint8Array {
  const body = code((w) => {
    for (let i = 0; i < loops; i++) w.byte(OP.loop, OP.empty, OP.i32Const, 0, OP.brIf, 0, OP.end);
  });
  return writeModule({ bodies: [{ locals: [[locals, I32]], code: body }] });
}

/** A module that writes `bytes` of zeros to the output, from a memory that holds them. */
export function writeOutput(bytes: number): Uint8Array {
  const body = code((w) => {
    w.byte(OP.i32Const, 0, OP.i32Const);
    w.s32(bytes);
    w.byte(OP.call, 0);
  });
  const pages = Math.ceil(bytes / 65536);
  return writeModule({
    types: [[[I32, I32], []]],
    host: { name: 'output_write', type: 1 },
    memory: [pages, pages],
    bodies: [{ code: body }],
  });
}

/** A module that writes all inputs one behind the other. */
export function joinInputs(): Uint8Array {
  return assemble(`(module
    (import "mizu" "input_count" (func $count (result i32))) (import "mizu" "input_size" (func $size (param i32) (result i64)))
    (import "mizu" "input_read" (func $read (param i32 i32 i64 i32))) (import "mizu" "output_write" (func $write (param i32 i32)))
    (memory 17)
    (func (export "_start") (local $i i32) (local $n i32)
      (loop $next
        (local.set $n (i32.wrap_i64 (call $size (local.get $i))))
        (call $read (i32.const 0) (local.get $i) (i64.const 0) (local.get $n))
        (call $write (i32.const 0) (local.get $n))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (call $count))))))`);
}
