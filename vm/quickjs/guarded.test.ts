// docs/vm.md#guarded: what takes more than its budget is left, whatever it would have caught, and the program goes on.
import { beforeAll, describe, expect, it } from 'vitest';
import { parameters } from '../../test/modules/plain-host.fixture.ts';
import { loadModule } from '../load.ts';
import { createNativeEngine, type NativeProgram } from '../native/engine.ts';
import { createProgram } from '../program.ts';
import { createQuickJsImage } from './program.ts';

// Each argument is one call: its text goes to the output if it ends, `!` if it does not. What runs between two calls is
// not counted.
const MAIN = `globalThis.__mizu_main = (io) => {
  const codes = io.params.slice(2), budget = Number(io.params[1]);
  let at = 0, result;
  const compute = () => {
    if (at === codes.length) return false;
    try { result = String((0, eval)(codes[at])); } catch (error) { result = error instanceof Error ? error.name + ': ' + error.message : 'thrown ' + String(error); }
    return true;
  };
  const commit = () => { at++; for (let i = 0; i < 30000; i++); io.write(result + ';'); };
  while (!io.guarded(compute, commit, budget)) { at++; io.write('!;'); }
};`;

const engine = createNativeEngine();
let program: NativeProgram;

beforeAll(async () => {
  const { wasm, image } = await createQuickJsImage(MAIN);
  const loaded = engine.load({ ...createProgram({ module: loadModule(wasm), image }), wasm, fromImage: true });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  program = loaded;
});

const run = (codes: readonly string[], budget: number) => {
  const result = engine.run(program, {
    inputs: [parameters(['aflow', `a${budget}`, ...codes.map((code) => `a${code}`)])],
    gasLimit: 1n << 34n,
    timestampNs: 0n,
    seed: new Uint8Array(32),
  });
  return { ...result, text: Buffer.from(result.output).toString() };
};

const ENDLESS: readonly string[] = [
  'for (;;);',
  'while (true) { try { for (;;); } catch {} }',
  'try { for (;;); } finally { 1 + 1 }',
  '(() => { for (;;) { try { for (;;); } finally { continue; } } })()',
  'const f = () => { try { f(); f(); } catch {} f(); }; f()',
  '[3, 2, 1].sort(() => { for (;;); })',
  '[1].map(() => { for (;;); })',
  'Array.from({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 0 }) }) }, (v, i) => 0).length',
  'for (const v of { *[Symbol.iterator]() { try { for (;;) yield 0; } finally { for (;;); } } });',
  '[...(function* () { for (;;); })()]',
  '({ get a() { for (;;); } }).a',
  '({ ...new Proxy({}, { ownKeys() { for (;;); } }) })',
  'JSON.stringify({ toJSON() { for (;;); } })',
  'JSON.parse("[1]", () => { for (;;); })',
  '"" + { toString() { for (;;); } }',
  'new Proxy({}, { get() { for (;;); } }).x',
  'throw new Proxy({}, { getPrototypeOf() { for (;;); } })',
  'throw { get message() { for (;;); }, toString() { for (;;); } }',
  '"a".replace(/a/, () => { for (;;); })',
  '/^(a+)+$/.test("a".repeat(40) + "b")',
  'try { /^(a+)+$/.test("a".repeat(40) + "b") } catch { "caught" }',
  '(async () => { for (;;); })()',
  'for (;;) (async () => { for (;;); })().catch(() => {})',
  'class A { static { for (;;); } }',
  'class B { constructor() { for (;;); } } class C extends B {} new C()',
  'new Map([[1, 2]]).forEach(() => { for (;;); })',
  'Reflect.apply(() => { for (;;); }, null, [])',
  'eval("for (;;);")',
  'label: for (;;) { continue label; }',
  'do {} while (true)',
  'new Function("for (;;);")()',
  '(function f() { return f.call() })()',
];

describe('endless', () => {
  it.each(ENDLESS)('%s', (code) => {
    const { status, text, fault } = run(['1 + 1', code, '"after"'], 30_000);
    expect([status, fault]).toEqual([0, undefined]);
    // Recursion ends by itself.
    expect(text).toMatch(/^2;(!|RangeError: Maximum call stack size exceeded);after;$/);
  });
});

it('is not stopped when it takes less, and what lies between is not counted', () => {
  const loop = 'let n = 0; for (let i = 0; i < 9000; i++) n++; n';
  expect(run(new Array(20).fill(loop), 30_000).text).toBe('9000;'.repeat(20));
  expect(run(['throw null', 'throw new Error("no")', 'null.x'], 30_000).text).toMatch(
    /^thrown null;Error: no;TypeError: .*;$/,
  );
});

it('is counted from its own beginning: what went before changes nothing', () => {
  const loop = (count: number) => `for (let i = 0; i < ${count}; i++);`;
  // Two jumps a pass: the border lies near 15,000.
  const border = (before: readonly string[]) => {
    let [low, high] = [5_000, 30_000];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (run([...before, loop(middle)], 30_000).text.endsWith('!;')) high = middle;
      else low = middle;
    }
    return high;
  };
  const borders = [[], ['1'], [loop(1_234)], [loop(4_000), loop(4_000), '2']].map(border);
  expect(new Set(borders).size).toBe(1);
});

it('has memory again after too much of it', () => {
  const { status, text } = run(
    ['const all = []; for (;;) all.push(new Uint8Array(1 << 20))', '"x".repeat(1 << 20).length'],
    1e7,
  );
  expect([status, text]).toEqual([0, 'InternalError: out of memory;1048576;']);
  const small = run(['let list = null; for (;;) list = { list, text: "abcdefgh" + Math.sqrt(2) };', '"after"'], 2e7);
  expect([small.status, small.text]).toEqual([0, 'InternalError: out of memory;after;']);
});
