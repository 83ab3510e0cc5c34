// docs/vm.md#engines: a used instance is a fresh one, to the byte, whatever ran in it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../test/modules/test-modules.fixture.ts';
import { createHost, HostExit } from '../host.ts';
import { loadModule } from '../load.ts';
import { createProgram, PAGE_BYTES, type Program } from '../program.ts';
import type { ProgramRun } from '../run.ts';
import { createInstance, type InstanceParts } from './instance.ts';
import { buildNativeModule } from './module.ts';

const REQUEST: ProgramRun = { inputs: [], gasLimit: 1_000_000n, timestampNs: 0n, seed: new Uint8Array(32) };

type Sizes = { readonly pages: number; readonly image: Uint8Array };

function imageOf(bytes: number, zeroFrom = bytes): Uint8Array {
  const image = new Uint8Array(bytes);
  for (let at = 0; at < zeroFrom; at++) image[at] = (at % 251) + 1;
  return image;
}

/** A program that runs `body`, from an image; its global is 7 at first. */
function setUp(body: string, { pages, image }: Sizes): { parts: InstanceParts; program: Program } {
  const module = loadModule(
    assemble(`(module (import "mizu" "exit" (func $exit (param i32))) (memory ${pages} ${pages + 2})
    (global $g (mut i32) (i32.const 7)) (func (export "_start") ${body}))`),
  );
  // An instance does not look at the image's root, which takes long to compute.
  const program = createProgram({ module, image: { memory: new Uint8Array(0), pages, globals: [7n] } });
  const native = buildNativeModule(module, { entry: '_start', callStart: false });
  const compiled = new WebAssembly.Module(native.wasm as BufferSource);
  return { program: { ...program, memory: image }, parts: { compiled, globalSlots: native.lowered.globalSlots } };
}

function runOnce({ parts, program }: { parts: InstanceParts; program: Program }, gasLimit = REQUEST.gasLimit) {
  const instance = createInstance(parts, program);
  instance.reset(gasLimit);
  const { thrown } = instance.run(createHost({ ...REQUEST, gasLimit }, instance.memory));
  return { instance, thrown };
}

const OPERATIONS = {
  store: (at: number, n: number) => `(i64.store (i32.const ${at}) (i64.const ${n}))`,
  // Writes the byte that is there: the page is written and not changed.
  same: (at: number) => `(i32.store8 (i32.const ${at}) (i32.load8_u (i32.const ${at})))`,
  fill: (at: number, n: number) => `(memory.fill (i32.const ${at}) (i32.const ${n & 255}) (i32.const ${n}))`,
  copy: (at: number, n: number) => `(memory.copy (i32.const ${at}) (i32.const ${n}) (i32.const ${n}))`,
  global: (_: number, n: number) => `(global.set $g (i32.const ${n}))`,
  grow: (_: number, n: number) => `(drop (memory.grow (i32.const ${n % 3})))`,
} as const;
const ENDINGS = {
  end: '',
  trap: '(unreachable)',
  exit: '(call $exit (i32.const 3))',
  outside: '(drop (i32.load (i32.const -4)))',
  endless: '(loop $l (br $l))',
} as const;

describe('a used instance', () => {
  it.each([
    { name: 'of a small image', pages: 4, image: imageOf(2 * PAGE_BYTES + 5) },
    { name: 'of a large image', pages: 300, image: imageOf(298 * PAGE_BYTES + 5) },
    { name: 'of an image with zeros in it', pages: 300, image: imageOf(300 * PAGE_BYTES, 200 * PAGE_BYTES) },
  ])('$name equals a fresh one, or is not reusable', ({ name: _, ...sizes }) => {
    const at = fc.nat({ max: sizes.pages * PAGE_BYTES - 1 });
    const operation = fc.tuple(fc.constantFrom(...Object.keys(OPERATIONS)), at, fc.nat({ max: 200_000 }));
    const ending = fc.constantFrom(...Object.keys(ENDINGS));
    const check = (operations: [string, number, number][], end: string) => {
      const body = operations.map(([kind, from, n]) => OPERATIONS[kind as keyof typeof OPERATIONS](from, n)).join('');
      const set = setUp(`${body}${ENDINGS[end as keyof typeof ENDINGS]}`, sizes);
      const { instance } = runOnce(set);
      const hasGrown = instance.memory().length > sizes.pages * PAGE_BYTES;
      expect(instance.reusable()).toBe(!hasGrown);
      if (hasGrown) return;
      const fresh = createInstance(set.parts, set.program);
      for (const one of [fresh, instance]) one.reset(REQUEST.gasLimit);
      expect(Buffer.compare(instance.memory(), fresh.memory())).toBe(0);
      expect([instance.gas(), instance.fault()]).toEqual([fresh.gas(), fresh.fault()]);
      for (const one of [fresh, instance]) one.run(createHost(REQUEST, one.memory));
      expect(Buffer.compare(instance.memory(), fresh.memory())).toBe(0);
      expect([instance.gas(), instance.fault()]).toEqual([fresh.gas(), fresh.fault()]);
    };
    fc.assert(fc.property(fc.array(operation, { maxLength: 6 }), ending, check), { numRuns: 25 });
  });

  it('has its globals again', () => {
    const set = setUp('(global.get $g) (global.set $g (i32.const 9)) (call $exit)', { pages: 1, image: imageOf(1) });
    const { instance, thrown } = runOnce(set);
    instance.reset(REQUEST.gasLimit);
    const again = instance.run(createHost(REQUEST, instance.memory)).thrown;
    expect([thrown, again].map((one) => (one as HostExit).code)).toEqual([7, 7]);
    expect(again).toBeInstanceOf(HostExit);
  });

  it.each([
    { pages: 256, imagePages: 0, reusable: true },
    { pages: 257, imagePages: 0, reusable: false },
    { pages: 600, imagePages: 300, reusable: true },
    { pages: 601, imagePages: 300, reusable: false },
  ])('of $imagePages pages of image among $pages is kept: $reusable', ({ pages, imagePages, reusable }) => {
    const set = setUp('', { pages, image: imageOf(imagePages * PAGE_BYTES) });
    expect(runOnce(set).instance.reusable()).toBe(reusable);
  });
});
