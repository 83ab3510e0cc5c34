// docs/vm.md#engines: the native engine runs nothing that its code would end otherwise.
import { expect, it } from 'vitest';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import { assemble } from '../modules/test-modules.fixture.ts';
import { REQUEST } from './compare.ts';
import { almost, compareNearly, type DeployedProgram, withParts } from './nearly.ts';
import { createRandom } from './random.ts';
import { randomModule } from './random-module.ts';

const PROGRAMS = 40;
const CHANGES_EACH = 8;

const lowered = (wasm: Uint8Array): Program => createProgram({ module: loadModule(wasm) });

/** With another value in one slot. */
function withSlot(wat: string, slot: number, value: bigint): DeployedProgram {
  const wasm = assemble(wat);
  const program = lowered(wasm);
  const slots = program.slots.slice();
  new DataView(slots.buffer).setBigUint64(slot * 8, value);
  return { wasm, program: withParts(program, { slots }) };
}

const WRITE = '(import "mizu" "output_write" (func $write (param i32 i32))) (memory 1)';

it.each([
  [
    'the length of a data segment',
    `(module ${WRITE} (data "abcdefgh") (func (export "_start")
      (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 8)) (call $write (i32.const 0) (i32.const 8))))`,
    3n,
  ],
  [
    'the upper half of an i32 global',
    `(module ${WRITE} (global $g (mut i32) (i32.const 5)) (func (export "_start")
      (i64.store (i32.const 0) (i64.extend_i32_u (global.get $g))) (call $write (i32.const 0) (i32.const 8))))`,
    0x77_0000_0005n,
  ],
  [
    'the upper half of an f32 global',
    `(module ${WRITE} (global $g (mut f32) (f32.const 5)) (func (export "_start")
      (i64.store (i32.const 0) (i64.extend_i32_u (i32.reinterpret_f32 (global.get $g)))) (call $write (i32.const 0) (i32.const 8))))`,
    0x77_0000_0005n,
  ],
])('steps a program that differs from its module in %s', (_, wat, value) => {
  const deployed = withSlot(wat, 0, value);
  const ran: boolean[] = [];
  expect(compareNearly(deployed, REQUEST, createNativeEngine(), (native) => ran.push(native))).toBe(undefined);
  expect(ran).toEqual([false, false]);
});

it('runs an image natively: globals with values of their types', () => {
  const wat = `(module ${WRITE} (global $g (mut i64) (i64.const 5)) (func (export "_start")
    (i64.store (i32.const 0) (global.get $g)) (call $write (i32.const 0) (i32.const 8))))`;
  const ran: boolean[] = [];
  const deployed = withSlot(wat, 0, 0x77_0000_0005n);
  expect(compareNearly(deployed, REQUEST, createNativeEngine(), (native) => ran.push(native))).toBe(undefined);
  expect(ran).toEqual([true, true]);
});

it('ends as the code does, whatever byte of the program is another than the module says', () => {
  let natively = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const random = createRandom(seed);
    const wasm = randomModule(seed);
    const program = lowered(wasm);
    const engine = createNativeEngine();
    for (let change = 0; change < CHANGES_EACH; change++) {
      const deployed = { wasm, program: almost(program, random) };
      const complaint = compareNearly(deployed, REQUEST, engine, (native) => {
        if (native) natively++;
      });
      expect({ seed, change, complaint }).toEqual({ seed, change, complaint: undefined });
    }
  }
  // Images of other values are natively run, other code is not.
  expect(natively).toBeGreaterThan(PROGRAMS / 4);
  expect(natively).toBeLessThan((3 * PROGRAMS * CHANGES_EACH) / 4);
});
