// docs/vm.md#engines: random modules for differential tests; the same seed gives the same module.
import type { FunctionType } from '../../vm/wasm/module.ts';
import { WASM } from '../../vm/wasm/opcodes.ts';
import { type ByteWriter, createByteWriter } from '../../vm/wasm/write.ts';
import { createRandom, type Random } from './random.ts';
import { generateBody } from './random-body.ts';
import { HOST, putEdgeConstant, STORE_OPCODES, VALUE_TYPES } from './random-choices.ts';

const OUTPUT_BYTES = 512;

/** A module that imports host functions, has memory, globals, a table and passive data, and exports `_start`. */
export function randomModule(seed: number): Uint8Array {
  const random = createRandom(seed);
  const count = 2 + random.below(5);
  const signatures: FunctionType[] = Array.from({ length: count }, () => ({
    params: Array.from({ length: random.below(5) }, () => random.pick(VALUE_TYPES)),
    results: Array.from({ length: random.below(4) }, () => random.pick(VALUE_TYPES)),
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
  section(w, 6, VALUE_TYPES, (s, type) => {
    s.byte(type, 1);
    putEdgeConstant(s, random, type);
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

/** Calls each function, stores its results in memory and writes the memory's start to the output. */
function generateStart(random: Random, signatures: readonly FunctionType[]): Uint8Array {
  const w = createByteWriter(1024);
  w.u32(VALUE_TYPES.length);
  for (const t of VALUE_TYPES) w.byte(1, t);
  signatures.forEach(({ params, results }, index) => {
    for (const t of params) putEdgeConstant(w, random, t);
    w.byte(WASM.call);
    w.u32(HOST.length + index);
    [...results].reverse().forEach((t, i) => {
      w.byte(WASM.localSet, VALUE_TYPES.indexOf(t), WASM.i32Const);
      w.s32(index * 32 + i * 8);
      w.byte(WASM.localGet, VALUE_TYPES.indexOf(t), STORE_OPCODES[t][0]!, 0, 0);
    });
  });
  w.byte(WASM.i32Const, 0, WASM.i32Const);
  w.s32(OUTPUT_BYTES);
  w.byte(WASM.call, 0, WASM.end);
  return w.finish();
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
