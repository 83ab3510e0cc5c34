// docs/vm.md#program, docs/vm.md#features
import { describe, expect, it } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import { assemble } from '../test/modules/test-modules.fixture.ts';
import { loadModule } from './load.ts';
import { linkWasi } from './wasi/link.ts';
import { REFUSED_FEATURES, type RefusedFeature } from './wasm/features.ts';

function refusal(bytes: Uint8Array): MizuError {
  try {
    loadModule(bytes);
  } catch (error) {
    if (error instanceof MizuError) return error;
    throw error;
  }
  throw new Error('the module was accepted');
}

describe('loadModule', () => {
  it('takes the features of the DataVM', () => {
    const module = loadModule(
      assemble(`(module
        (import "mizu" "output_write" (func (param i32 i32)))
        (memory 1 4) (table 2 funcref) (elem (i32.const 0) $f)
        (global $a (mut i64) (i64.const -1)) (global $b i32 (i32.add (i32.const 2) (i32.mul (i32.const 3) (i32.const 4))))
        (data (i32.const 8) "abc") (data "passive")
        (func $f (param i32) (result i32 i32) (i32.extend8_s (local.get 0)) (i32.trunc_sat_f64_s (f64.const 1e99)))
        (func (export "_start") (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)) (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 3)) (data.drop 1)))`),
    );
    expect(module.imports).toEqual([{ module: 'mizu', name: 'output_write', type: expect.any(Number) }]);
    expect(module.memory).toEqual({ initial: 1, maximum: 4 });
    expect(module.globals.map((g) => g.value)).toEqual([0xffffffffffffffffn, 14n]);
    expect(module.data.map((d) => d.address)).toEqual([8, undefined]);
    expect(module.elements).toEqual([{ offset: 0, functions: [1] }]);
  });

  it.each([
    ['SIMD', '(module (func (drop (v128.const i32x4 0 0 0 0))))'],
    ['threads and atomics', '(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))'],
    ['threads and atomics (a shared memory)', '(module (memory 1 1 shared))'],
    ['reference types', '(module (func (drop (ref.null func))))'],
    ['reference types', '(module (func (param externref)))'],
    ['reference types', '(module (table 1 externref))'],
    ['reference types', '(module (func (drop (select (result i32) (i32.const 0) (i32.const 1) (i32.const 2)))))'],
    [
      'table mutation (table.* and elem.drop)',
      '(module (table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 0))))',
    ],
    ['multiple tables', '(module (table 1 funcref) (table 1 funcref))'],
    ['multiple memories', '(module (memory 1) (memory 1))'],
    ['memory64', '(module (memory i64 1))'],
    ['exceptions', '(module (tag $e) (func (throw $e)))'],
    ['tail calls', '(module (func $f (return_call $f)))'],
    ['an imported memory', '(module (import "a" "b" (memory 1)))'],
    ['an imported global', '(module (import "a" "b" (global i32)))'],
    ['an imported table', '(module (import "a" "b" (table 1 funcref)))'],
    ['reference types (element expressions)', '(module (table 1 funcref) (elem funcref (ref.null func)))'],
    ['a constant expression that reads a global', '(module (global i32 (i32.const 1)) (global i32 (global.get 0)))'],
  ])('refuses %s, and so does the linker', async (feature, wat) => {
    const error = refusal(assemble(wat));
    expect(error.code).toBe('vm/unsupported-feature');
    expect(error.actual).toBe(feature);
    expect(error.message).toMatch(/at byte \d+\.$/);
    expect(error.hint).toBe(`Build the module without ${feature}; ${REFUSED_FEATURES[feature as RefusedFeature]}.`);
    const linked = await linkWasi(assemble(wat)).catch((reason: unknown) => reason);
    expect(linked).toMatchObject({ code: error.code, message: error.message, hint: error.hint });
  });

  // Flags 1 and 3: they have no effect without table.init, so nothing of them is left, whoever reads the module.
  it('leaves out element segments that are passive or declared, and so does the linker', async () => {
    const wasi = '(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))';
    const wat = (imports: string) =>
      `(module ${imports} (table 1 funcref) (func $f (export "_start")) (elem func $f) (elem declare func $f) (elem (i32.const 0) $f))`;
    const own = assemble(wat(''));
    expect(loadModule(own).elements).toEqual([{ offset: 0, functions: [0] }]);
    expect(await linkWasi(own)).toBe(own);
    const linked = await linkWasi(assemble(wat(wasi)));
    expect(loadModule(linked).elements).toEqual([{ offset: 0, functions: [0] }]);
    expect(WebAssembly.validate(linked as BufferSource)).toBe(true);
  });

  it('takes a padded table index, but no other table', () => {
    const plain = assemble('(module (table 1 funcref) (type (func)) (func (call_indirect (i32.const 0))))');
    const at = plain.lastIndexOf(0x11) + 2;
    const withIndex = (...index: number[]): Uint8Array => {
      const wasm = Uint8Array.of(...plain.subarray(0, at), ...index, ...plain.subarray(at + 1));
      for (const size of [plain.lastIndexOf(10, at - 5) + 1, plain.lastIndexOf(10, at - 5) + 3])
        wasm[size]! += index.length - 1;
      return wasm;
    };
    expect(loadModule(withIndex(0x80, 0x80, 0x80, 0x80, 0)).functions.length).toBe(1);
    expect(refusal(withIndex(0x81, 0)).actual).toBe('multiple tables');
  });

  it('refuses more data segments than V8 takes', () => {
    // A page of memory, then 100001 empty active segments; 0xc5 0xd3 0x24 and 0xa1 0x8d 0x06 are 600006 + 3 bytes and
    // 100001.
    const head = [0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1, 11, 0xc9, 0xcf, 0x24, 0xa1, 0x8d, 0x06];
    const wasm = new Uint8Array(head.length + 6 * 100_001);
    wasm.set(head);
    expect(wasm.length).toBe(head.length + 600_006);
    expect(refusal(wasm)).toMatchObject({
      code: 'vm/too-large',
      expected: 'at most 100000 data segments',
      actual: '100001',
    });
  });

  it('names the byte offset of a refused instruction', () => {
    const wasm = assemble('(module (func (drop (v128.const i32x4 0 0 0 0))))');
    expect(refusal(wasm).message).toBe(`The WebAssembly module uses SIMD at byte ${wasm.indexOf(0xfd)}.`);
  });

  it('refuses what is cut off, with the offset', () => {
    const wasm = assemble('(module (func (export "_start") (drop (i32.const 5))))');
    const code = wasm.lastIndexOf(10, wasm.length - 7);
    for (let size = code + 1; size < wasm.length; size++) {
      const error = refusal(wasm.subarray(0, size));
      expect(error.code).toBe('vm/malformed');
      expect(error.message).toMatch(/malformed at byte \d+\.$/);
    }
    expect(refusal(wasm.subarray(0, 7)).code).toBe('vm/malformed');
  });

  it('refuses what does not validate', () => {
    expect(
      refusal(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b))
        .code,
    ).toBe('vm/invalid');
  });

  it('refuses a module of more pages than the version allows', () => {
    expect(refusal(assemble('(module (memory 16385))'))).toMatchObject({ code: 'vm/too-large', actual: '16385' });
  });

  it('refuses imports that are no host calls, and host calls of another type', () => {
    const wasi = refusal(
      assemble('(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))'),
    );
    expect(wasi).toMatchObject({ code: 'vm/unknown-import', hint: expect.stringContaining('WASI adapter') });
    const other = refusal(assemble('(module (import "mizu" "clock" (func (result i32))))'));
    expect(other).toMatchObject({ expected: 'mizu.clock: () -> (i64)', actual: 'mizu.clock: () -> (i32)' });
  });
});
