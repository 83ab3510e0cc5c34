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

it('runs an AssemblyScript program with strings, a map, floats and a sort', async () => {
  const result = runBoth(await compileAssemblyScript(SOURCE), { gasLimit: 3_000_000n });
  expect(new TextDecoder().decode(result.output)).toBe('b=3 a=2 c=1 0.8414709848078965 NaN');
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
