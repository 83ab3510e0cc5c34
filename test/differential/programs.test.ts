// docs/vm.md#lowering: programs that go through the lowering's special cases, in both engines.
import { describe, expect, it } from 'vitest';
import { assemble } from '../modules/test-modules.fixture.ts';
import { compileAssemblyScript } from './assemblyscript.ts';
import { runBoth } from './engines.ts';

/** A program that stores each result of `body` (a function of `results`) and writes them out. */
function program(results: readonly string[], body: string, rest = ''): Uint8Array {
  const stores = results
    .map((_, i) => `(local.set ${results.length - 1 - i})`)
    .concat(results.map((type, i) => `(${type}.store (i32.const ${i * 8}) (local.get ${i}))`));
  return assemble(`(module (import "mizu" "output_write" (func $write (param i32 i32))) (memory 4)
    ${rest}
    (func $body (result ${results.join(' ')}) ${body})
    (func (export "_start") (local ${results.join(' ')}) (call $body) ${stores.join(' ')} (call $write (i32.const 0) (i32.const ${results.length * 8}))))`);
}

function words(output: Uint8Array): number[] {
  return Array.from({ length: output.length / 8 }, (_, i) => new DataView(output.buffer).getInt32(i * 8, true));
}

const CASES: [string, readonly number[], Uint8Array][] = [
  [
    'returns parameters in exchanged places',
    [2, 1],
    program(
      ['i32', 'i32'],
      '(call $swap (i32.const 1) (i32.const 2))',
      '(func $swap (param i32 i32) (result i32 i32) (local.get 1) (local.get 0))',
    ),
  ],
  [
    'keeps the old value of a local that is set while it waits',
    [5, 9],
    program(
      ['i32', 'i32'],
      '(local $x i32) (local.set $x (i32.const 5)) (local.get $x) (local.set $x (i32.const 9)) (local.get $x)',
    ),
  ],
  [
    'keeps it over a block that sets it',
    [5, 9],
    program(
      ['i32', 'i32'],
      '(local $x i32) (local.set $x (i32.const 5)) (local.get $x) (block (local.set $x (i32.const 9))) (local.get $x)',
    ),
  ],
  [
    'keeps it if the same instruction sets it',
    [5, 6],
    program(
      ['i32', 'i32'],
      '(local $x i32) (local.set $x (i32.const 5)) (local.get $x) (i32.add (local.get $x) (i32.const 1)) (local.set $x) (local.get $x)',
    ),
  ],
  [
    'branches with values out of deeper stacks',
    [3, 4],
    program(
      ['i32', 'i32'],
      '(block $b (result i32 i32) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (br $b))',
    ),
  ],
  [
    'branches with values on a condition',
    [7, 8],
    program(
      ['i32', 'i32'],
      '(block $b (result i32 i32) (i32.const 1) (i32.const 7) (i32.const 8) (br_if $b (i32.load (i32.const 100))) (br_if $b (i32.const 1)) (unreachable))',
    ),
  ],
  [
    'returns values on a condition',
    [7],
    program(['i32'], '(i32.const 7) (br_if 0 (i32.eqz (i32.load (i32.const 100)))) (drop) (i32.const 8)'),
  ],
  [
    'takes each way of a br_table with values',
    [10, 21, 32, 32],
    program(
      ['i32', 'i32', 'i32', 'i32'],
      '(call $way (i32.const 0)) (call $way (i32.const 1)) (call $way (i32.const 2)) (call $way (i32.const -1))',
      `(func $way (param i32) (result i32) (block $a (result i32) (block $b (result i32) (block $c (result i32) (i32.const 5) (i32.add (local.get 0) (i32.const 0)) (drop) (drop)
      (select (i32.const 2) (local.get 0) (i32.gt_u (local.get 0) (i32.const 2))) (br_table $a $b $c (local.get 0))) (return (i32.add (i32.const 30)))) (return (i32.add (i32.const 20)))) (i32.add (i32.const 10)))`,
    ),
  ],
  [
    'carries values round a loop',
    [10, 55],
    program(
      ['i32', 'i32'],
      '(i32.const 0) (i32.const 0) (loop $l (param i32 i32) (result i32 i32) (call $next) (br_if $l (i32.lt_u (global.get $n) (i32.const 10))))',
      '(global $n (mut i32) (i32.const 0)) (func $next (param i32 i32) (result i32 i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n) (i32.add (local.get 1) (global.get $n)))',
    ),
  ],
  [
    'calls through the table',
    [0],
    program(
      ['i32'],
      '(call_indirect (result i32) (i32.const 1)) (i32.const 2) (i32.sub)',
      '(table 2 funcref) (elem (i32.const 1) $two) (func $two (result i32) (i32.const 2))',
    ),
  ],
  [
    'calls with a shallow stack in a function that has a deep one',
    [6],
    program(
      ['i32'],
      '(call $deep (i32.const 3))',
      `(func $deep (param i32) (result i32) (drop (i32.add ${Array.from({ length: 30 }, (_, i) => `(i32.load offset=${i} (i32.const 50)) `).join('')} ${'(i32.add) '.repeat(28)})) (i32.add (call $id (local.get 0)) (call $id (local.get 0)))) (func $id (param i32) (result i32) (local.get 0))`,
    ),
  ],
  [
    'starts locals at zero only where they may be read first',
    [0, 4],
    program(
      ['i32', 'i32'],
      '(local $a i32) (local $b i32) (if (i32.load (i32.const 100)) (then (local.set $a (i32.const 1)))) (loop (local.set $b (i32.const 4))) (local.get $a) (local.get $b)',
    ),
  ],
  [
    'goes on behind code that cannot be reached',
    [1],
    program(
      ['i32'],
      '(block (br 0) (unreachable) (block (drop (i32.const 1)))) (block (result i32) (if (i32.const 0) (then (unreachable)) (else (nop))) (i32.const 1))',
    ),
  ],
];

describe('special cases of the lowering', () => {
  it.each(CASES)('%s', (_, expected, wasm) => {
    const result = runBoth(wasm);
    expect(result.fault).toBeUndefined();
    expect(words(result.output)).toEqual(expected);
  });
});

describe('bulk memory', () => {
  it.each([
    ['forward over leaves', 'memory.copy (i32.const 100) (i32.const 1000) (i32.const 400)'],
    ['onto itself, upwards', 'memory.copy (i32.const 130) (i32.const 100) (i32.const 400)'],
    ['onto itself, downwards', 'memory.copy (i32.const 100) (i32.const 130) (i32.const 400)'],
    ['nothing at the end of memory', 'memory.copy (i32.const 262144) (i32.const 262144) (i32.const 0)'],
    ['a fill', 'memory.fill (i32.const 127) (i32.const 0x1ff) (i32.const 258)'],
    ['out of bounds', 'memory.fill (i32.const 262000) (i32.const 1) (i32.const 145)'],
  ])('copies %s', (_, instruction) => {
    const fill =
      '(local $i i32) (loop (i32.store8 (local.get $i) (i32.mul (local.get $i) (i32.const 7))) (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1500))))';
    runBoth(
      assemble(`(module (import "mizu" "output_write" (func $write (param i32 i32))) (memory 4)
        (func (export "_start") ${fill} (${instruction}) (call $write (i32.const 3) (i32.const 1497))))`),
    );
  });
});

describe('products of bytes', () => {
  const IMPORTS = `(import "mizu" "output_write" (func $write (param i32 i32)))
    (import "mizu" "dot_i8" (func $dot (param i32 i32 i32 i32) (result i32)))`;
  const run = (args: string) =>
    runBoth(
      assemble(`(module ${IMPORTS} (memory 1) (table funcref (elem $dot))
        (type $t (func (param i32 i32 i32 i32) (result i32)))
        (func (export "_start") (local $i i32)
          (loop (i32.store8 (local.get $i) (i32.mul (local.get $i) (i32.const 37)))
            (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 65536))))
          (i32.store (i32.const 0) (call $dot ${args}))
          (i32.store (i32.const 8) (call_indirect (type $t) ${args} (i32.const 0)))
          (call $write (i32.const 0) (i32.const 16))))`),
      { gasLimit: 3_000_000n },
    );
  const four = (...values: number[]) => values.map((value) => `(i32.const ${value})`).join(' ');
  const byte = (address: number) => ((address * 37) << 24) >> 24;

  it.each([
    [5, 128, 1_024, 128],
    [-7, 129, 1_030, 1_000],
    [0, 16, 16, 65_520],
    [2 ** 31 - 1, 19, 22, 31],
    [3, 65_536, 65_536, 0],
    [3, 65_500, 65_505, 31],
  ])('has the sum of %i and the products of the bytes at %i and %i, %i of them', (sum, left, right, n) => {
    let expected = sum;
    for (let i = 0; i < n; i++) expected += byte(left + i) * byte(right + i);
    const { output, fault } = run(four(sum, left, right, n));
    expect(fault).toBeUndefined();
    expect(words(output)).toEqual([expected | 0, expected | 0]);
  });

  it.each([
    ['left beyond memory', [0, 65_537, 0, 0]],
    ['right beyond memory', [0, 0, 65_537, 0]],
    ['one byte too many', [0, 65_500, 0, 37]],
    ['a negative length', [0, 0, 0, -1]],
    ['a negative address', [0, -1, 0, 2]],
  ])('faults with %s', (_, values) => {
    expect(run(four(...values)).fault).toBeDefined();
  });
});

it('runs an AssemblyScript program with strings, a map, floats and a sort', async () => {
  const result = runBoth(await compileAssemblyScript(SOURCE), { gasLimit: 3_000_000n });
  expect(new TextDecoder().decode(result.output)).toBe('b=3 a=2 c=1 0.8414709848078965 NaN');
});

it('runs an AssemblyScript program that multiplies bytes', async () => {
  const wasm = await compileAssemblyScript(`
@external("mizu", "output_write") declare function outputWrite(src: usize, length: u32): void;
@external("mizu", "dot_i8") declare function dotI8(sum: i32, left: usize, right: usize, n: u32): i32;

export function _start(): void {
  const weights: StaticArray<i8> = [1, -2, 127, -128, -128, 3];
  const inputs: StaticArray<i8> = [5, 7, 127, 127, -128, -1];
  const result = new StaticArray<i32>(2);
  result[0] = dotI8(1000, changetype<usize>(weights), changetype<usize>(inputs), 6);
  outputWrite(changetype<usize>(result), 8);
}
`);
  const { output, fault } = runBoth(wasm, { gasLimit: 3_000_000n });
  expect(fault).toBeUndefined();
  // 1000 + 5 - 14 + 16129 - 16256 + 16384 - 3
  expect(words(output)).toEqual([17245]);
});

const SOURCE = `
@external("mizu", "output_write") declare function outputWrite(src: usize, length: u32): void;

export function _start(): void {
  const counts = new Map<string, i32>();
  const words = "a b c b a b".split(" ");
  for (let i = 0; i < words.length; i++) counts.set(words[i], (counts.has(words[i]) ? counts.get(words[i]) : 0) + 1);
  const keys = counts.keys();
  keys.sort((x, y) => 0);
  for (let i = 0; i < keys.length; i++)
    for (let j = i + 1; j < keys.length; j++)
      if (counts.get(keys[j]) > counts.get(keys[i])) { const k = keys[i]; keys[i] = keys[j]; keys[j] = k; }
  let text = "";
  for (let i = 0; i < keys.length; i++) text += keys[i] + "=" + counts.get(keys[i]).toString() + " ";
  const zero = text.length == 0 ? 1.0 : 0.0;
  text += Math.sin(1).toString() + " " + (zero / zero).toString();
  const bytes = String.UTF8.encode(text);
  outputWrite(changetype<usize>(bytes), bytes.byteLength);
}
`;
