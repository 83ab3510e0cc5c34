// docs/vm.md#quickjs: however a program recurses, QuickJS's own limit comes before the end of the slots: an error that
// can be caught.
import { beforeAll, describe, expect, it } from 'vitest';
import { parameters } from '../../test/modules/plain-host.fixture.ts';
import { loadModule } from '../load.ts';
import { createNativeEngine, type NativeProgram } from '../native/engine.ts';
import { createProgram } from '../program.ts';
import { createQuickJsImage } from './program.ts';

const NEST = 'let v = []; for (let i = 0; i < 1e5; i++) v = [v];';

const RECURSIONS: readonly string[] = [
  'const f = (n) => f(n + 1) + 1; f(0)',
  'const f = (a) => f([...a, 1]); f([])',
  'const f = () => { try { return f() } finally {} }; f()',
  'const f = async () => { await f() }; f().catch(() => {}); f.x.y',
  'const f = () => [1].map(f); f()',
  'const f = () => [1].reduce(f, 0); f()',
  'const f = () => [1, 2].flatMap(f); f()',
  'const f = () => [2, 1].sort(f); f()',
  'const f = () => Array.from([1], f); f()',
  'const f = () => new Uint8Array([1]).map(f); f()',
  'const f = () => new Map([[1, f()]]); f()',
  'const f = () => "a".replace(/a/, f); f()',
  'const f = () => "a,b".split({ [Symbol.split]: f }); f()',
  'const f = () => JSON.parse("[1]", f); f()',
  'const f = () => JSON.stringify({ a: 1 }, f); f()',
  'const o = { toJSON() { return JSON.stringify(o); } }; JSON.stringify(o)',
  'const f = () => Reflect.apply(f, null, []); f()',
  'const f = () => Object.assign({}, { get a() { return f() } }); f()',
  'const f = () => ({ ...{ get a() { return f() } } }); f()',
  'const f = () => [...{ *[Symbol.iterator]() { yield f(); } }]; f()',
  'const f = () => new Date({ valueOf: f }); f()',
  'const f = () => BigInt({ valueOf: f, toString: f }); f()',
  'const f = { toString: () => String(f) }; String(f)',
  'const f = () => eval("f()"); f()',
  'class A { get x() { return this.x; } } new A().x',
  'class B { constructor() { new this.constructor(); } } class C extends B {} new C()',
  'const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x',
  'let o = {}; for (let i = 0; i < 1e5; i++) o = new Proxy(o, {}); o.x',
  'function* g() { yield* g(); } [...g()]',
  'let v = "x"; for (let i = 0; i < 1e5; i++) v = { toString: ((w) => () => "" + w)(v) }; "" + v',
  'JSON.parse("[".repeat(1e5))',
  `JSON.parse('{"a":'.repeat(1e5))`,
  `${NEST} JSON.stringify(v)`,
  `${NEST} v.flat(Infinity)`,
  `${NEST} String(v)`,
  'new RegExp("(?:".repeat(1e5))',
  'new RegExp("(?=a|".repeat(1e5) + ")".repeat(1e5))',
  'eval("(".repeat(1e5))',
  'eval("[".repeat(1e5))',
  'eval("{".repeat(1e5))',
  'eval("-".repeat(1e5))',
  'eval("()=>".repeat(1e5))',
  'eval("if(1)".repeat(1e5))',
  'eval("function f(){".repeat(1e5))',
];

const engine = createNativeEngine();
let program: NativeProgram;

beforeAll(async () => {
  const { wasm, image } = await createQuickJsImage(`globalThis.__mizu_main = (io) => {
    try { (0, eval)('{' + io.params[0] + '}'); } catch (error) { io.write(error.name); } };`);
  const loaded = engine.load({ ...createProgram({ module: loadModule(wasm), image }), wasm, fromImage: true });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  program = loaded;
});

const run = (code: string) =>
  engine.run(program, {
    inputs: [parameters([`a${code}`])],
    gasLimit: 1n << 34n,
    timestampNs: 0n,
    seed: new Uint8Array(32),
  });

describe('endless recursion is caught', () => {
  it.each(RECURSIONS)('%s', (code) => {
    const { status, output, fault } = run(code);
    expect([status, fault]).toEqual([0, undefined]);
    expect(Buffer.from(output).toString()).toMatch(/^(RangeError|SyntaxError|TypeError)$/);
  });
});

it('leaves room for data and functions as deep as programs need them', () => {
  const code = `const deep = '['.repeat(500) + ']'.repeat(500); if (JSON.stringify(JSON.parse(deep)) !== deep) throw new Error();
    const f = (n) => n === 0 ? 0 : 1 + f(n - 1); if (f(300) !== 300) throw new Error();`;
  expect(run(code)).toMatchObject({ status: 0, output: new Uint8Array(0) });
});
