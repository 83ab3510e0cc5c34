// docs/vm.md#engines, docs/vm.md#fault, docs/vm.md#host
import { describe, expect, it } from 'vitest';
import { assemble } from '../../test/modules/test-modules.fixture.ts';
import { loadModule } from '../load.ts';
import { createProgram, type Image } from '../program.ts';
import { HostAbort, type ProgramRun, type RunResult } from '../run.ts';
import { createNativeEngine, NativeFailed, type NativeProgram } from './engine.ts';
import { REWRITE_PARTS } from './rewrite.ts';

const engine = createNativeEngine();
const REQUEST: ProgramRun = { inputs: [], gasLimit: 100_000n, timestampNs: 42n, seed: new Uint8Array(32) };

function load(wat: string, image?: Image): NativeProgram {
  const wasm = assemble(wat);
  const program = createProgram({ module: loadModule(wasm), image });
  const loaded = engine.load({ ...program, wasm, fromImage: image !== undefined });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  return loaded;
}

const run = (wat: string, request: Partial<ProgramRun> = {}) => engine.run(load(wat), { ...REQUEST, ...request });

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("a module of one's own", () => {
  const WAT =
    '(module (memory 1) (global $g (mut i32) (i32.const 7)) (data "passive") (start $s) (func $s (global.set $g (i32.const 9))) (func (export "other") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 3))) (func (export "_start") (global.set $g (i32.const 8))))';
  const wasm = assemble(WAT);
  /** Sums 0.5 + 1 + … by calls in a loop, and writes the sum. */
  const SUM =
    '(module (import "mizu" "output_write" (func $w (param i32 i32))) (memory 1) (func $half (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5))) (func (export "_start") (local $i f64) (local $sum f64) (loop $l (local.set $sum (f64.add (local.get $sum) (call $half (local.get $i)))) (br_if $l (f64.lt (local.tee $i (f64.add (local.get $i) (f64.const 1))) (f64.const 9)))) (f64.store (i32.const 0) (local.get $sum)) (call $w (i32.const 0) (i32.const 8))))';

  it.each(['_start', 'other'])('is lowered once, to the program that it lowers to by itself: %s', (entry) => {
    const { program, loaded } = createNativeEngine().lower({ wasm, entry });
    expect(program).toEqual(createProgram({ module: loadModule(wasm), entry }));
    const compared = createNativeEngine().load({ ...program, wasm, entry, fromImage: false });
    if (loaded.kind !== 'native' || compared.kind !== 'native') throw new Error('there is a native form');
    expect(loaded.programId).toBe(compared.programId);
    const result = engine.run(loaded, REQUEST);
    expect(result.status).toBe(0);
    expect(result).toEqual(engine.run(compared, REQUEST));
  });

  it('may start from an image, but only with values that the module could have written', () => {
    const plain = assemble('(module (memory 1) (global (mut i32) (i32.const 7)) (func (export "_start")))');
    const imageOf = (value: bigint): Image => ({ memory: Uint8Array.of(5), pages: 1, globals: [value] });
    const { program, loaded } = engine.lower({ wasm: plain, image: imageOf(9n) });
    expect(program).toEqual(createProgram({ module: loadModule(plain), image: imageOf(9n) }));
    expect(loaded.kind).toBe('native');
    expect(engine.lower({ wasm: plain, image: imageOf(1n << 32n) }).loaded).toMatchObject({
      kind: 'mismatch',
      reason: 'value of slot 0',
    });
  });

  it.each(REWRITE_PARTS)('does without %s what it does with it, but for the gas', (part) => {
    const source = { wasm: assemble(SUM), entry: '_start' };
    const [whole, lacking] = [createNativeEngine(), createNativeEngine(part)].map((one) => {
      const { loaded } = one.lower(source);
      if (loaded.kind !== 'native') throw new Error(loaded.reason);
      return one.run(loaded, REQUEST);
    }) as [RunResult, RunResult];
    expect([whole.status, lacking.status]).toEqual([0, 0]);
    expect(lacking.output).toEqual(whole.output);
    expect(lacking.gasUsed < whole.gasUsed).toBe(part === 'gas');
  });

  it('says nothing for another program that names the same module', () => {
    const fresh = createNativeEngine();
    const { program } = fresh.lower({ wasm });
    const header = { ...program.header, codeRoot: `0x${'11'.repeat(32)}` as const };
    expect(fresh.load({ ...program, header, wasm, fromImage: false })).toMatchObject({
      kind: 'mismatch',
      reason: 'code',
    });
  });

  it('is refused as by itself', () => {
    expect(() => engine.lower({ wasm, entry: 'none' })).toThrow('The module has no entry function none.');
    expect(() => engine.lower({ wasm: Uint8Array.of(0) })).toThrow(
      expect.objectContaining({ code: 'vm/malformed' }) as Error,
    );
  });
});

describe('a run', () => {
  it('counts call, enter, return and halt', () => {
    expect(run('(module (func (export "_start")))')).toEqual({ status: 0, output: new Uint8Array(0), gasUsed: 4n });
  });

  it('has exactly the gas that it uses', () => {
    const wat =
      '(module (func (export "_start") (local i32) (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 10))))))';
    // call, enter, zero the local, 10 x (add, compare, branch), return, halt
    expect(run(wat).gasUsed).toBe(35n);
    expect(run(wat, { gasLimit: 35n }).status).toBe(0);
    expect(run(wat, { gasLimit: 34n })).toMatchObject({ status: 256, gasUsed: 34n, fault: { kind: 'out-of-gas' } });
  });

  it('ends with the low byte of an exit code, wherever it exits', () => {
    const wat =
      '(module (import "mizu" "exit" (func $exit (param i32))) (func $f (call $exit (i32.const 258)) (unreachable)) (func (export "_start") (call $f) (unreachable)))';
    // call, enter, call, enter, mov, exit
    expect(run(wat)).toEqual({ status: 2, output: new Uint8Array(0), gasUsed: 6n, committed: undefined });
  });

  it('discards the output and burns all gas after a fault', () => {
    const wat =
      '(module (import "mizu" "output_write" (func $w (param i32 i32))) (memory 1) (func (export "_start") (call $w (i32.const 0) (i32.const 9)) (unreachable)))';
    expect(run(wat)).toEqual({
      status: 256,
      output: new Uint8Array(0),
      gasUsed: 100_000n,
      fault: { kind: 'trap', message: 'unreachable' },
    });
  });

  it('stops a loop without end', () => {
    expect(run('(module (func (export "_start") (loop (br 0))))').fault?.kind).toBe('out-of-gas');
  });

  it('starts each time from the same state', () => {
    const program =
      load(`(module (import "mizu" "output_write" (func $w (param i32 i32))) (memory 1 3) (global $g (mut i32) (i32.const 7)) (data (i32.const 4) "\\09")
      (func (export "_start") (i32.store8 (i32.const 0) (global.get $g)) (i32.store8 (i32.const 4) (i32.add (i32.load8_u (i32.const 4)) (i32.const 1)))
        (global.set $g (i32.const 1)) (i32.store8 (i32.const 1) (memory.size)) (drop (memory.grow (i32.load8_u (i32.const 60000)))) (i32.store8 (i32.const 60000) (i32.const 1)) (call $w (i32.const 0) (i32.const 8))))`);
    const first = engine.run(program, REQUEST);
    expect(first.output).toEqual(Uint8Array.of(7, 1, 0, 0, 10, 0, 0, 0));
    expect(engine.run(program, REQUEST)).toEqual(first);
  });

  it('starts from an image instead of the module state', () => {
    const wat =
      '(module (import "mizu" "output_write" (func $w (param i32 i32))) (memory 1) (global $g (mut i64) (i64.const 1)) (start $s) (func $s (unreachable)) (func (export "_start") (i64.store (i32.const 8) (global.get $g)) (call $w (i32.const 7) (i32.const 3))))';
    const memory = new Uint8Array(2 * 65536);
    memory[7] = 5;
    expect(engine.run(load(wat, { memory, pages: 2, globals: [0x0102n] }), REQUEST).output).toEqual(
      Uint8Array.of(5, 2, 1),
    );
  });
});

describe('host calls', () => {
  it('read inputs and write the output', () => {
    const wat = `(module (import "mizu" "input_count" (func $n (result i32))) (import "mizu" "input_size" (func $s (param i32) (result i64)))
      (import "mizu" "input_read" (func $r (param i32 i32 i64 i32))) (import "mizu" "output_write" (func $w (param i32 i32))) (memory 1)
      (func (export "_start") (call $r (i32.const 200) (i32.sub (call $n) (i32.const 1)) (i64.const 2) (i32.wrap_i64 (i64.sub (call $s (i32.const 1)) (i64.const 2))))
        (call $w (i32.const 200) (i32.const 3))))`;
    const inputs = [new Uint8Array(0), new TextEncoder().encode('abcde')];
    expect(text(run(wat, { inputs }).output)).toBe('cde');
    expect(run(wat, { inputs: [] }).fault?.kind).toBe('host');
  });

  it('charge an output by the leaves of its target and of its source, and by the byte', () => {
    const wat = (length: number) =>
      `(module (import "mizu" "output_write" (func $w (param i32 i32))) (memory 1) (func (export "_start") (call $w (i32.const 5) (i32.const 100)) (call $w (i32.const 5) (i32.const ${length}))))`;
    const base = run(wat(0)).gasUsed;
    expect(run(wat(28)).gasUsed).toBe(base + 280n);
    expect(run(wat(29)).gasUsed).toBe(base + 32n + 290n);
    // Target from 100 on: cut at 128 and 256; source from 5 on: at 128.
    expect(run(wat(123)).gasUsed).toBe(base + 32n + 1_230n);
    expect(run(wat(124)).gasUsed).toBe(base + 64n + 1_240n);
    expect(run(wat(29 + 128)).gasUsed).toBe(base + 96n + 1_570n);
  });

  it('give the clock and a seeded random', () => {
    const wat = `(module (import "mizu" "clock" (func $c (result i64))) (import "mizu" "random" (func $r (param i64) (result i64))) (import "mizu" "output_write" (func $w (param i32 i32))) (memory 1)
      (func (export "_start") (i64.store (i32.const 0) (call $c)) (i64.store (i32.const 8) (call $r (i64.const 1))) (call $w (i32.const 0) (i32.const 16))))`;
    const { output } = run(wat);
    expect(output[0]).toBe(42);
    expect(run(wat).output).toEqual(output);
    expect(run(wat, { seed: new Uint8Array(32).fill(1) }).output).not.toEqual(output);
  });

  it('pass on logs, which never fault', () => {
    const logs: string[] = [];
    const wat =
      '(module (import "mizu" "log" (func $l (param i32 i32))) (memory 1) (data (i32.const 0) "hello") (func (export "_start") (call $l (i32.const 0) (i32.const 5)) (call $l (i32.const -1) (i32.const -1))))';
    expect(run(wat, { onLog: (bytes) => logs.push(text(bytes)) }).status).toBe(0);
    expect(logs).toEqual(['hello', '']);
  });

  it('pass on no more than 4 KiB of a log, but all that the kernel logs', () => {
    const lengths: number[] = [];
    const wat =
      '(module (import "mizu" "log" (func $l (param i32 i32))) (memory 1) (func (export "_start") (call $l (i32.const 0) (i32.const 65536))))';
    const onLog = (bytes: Uint8Array) => lengths.push(bytes.length);
    run(wat, { onLog });
    const none = () => new Uint8Array(0);
    run(wat, { onLog, kernelHost: { preimage: none, exec: none, ecrecover: none } });
    expect(lengths).toEqual([4096, 65_536]);
  });

  const KERNEL = `(module (import "mizu" "exec" (func $e (param i32 i32))) (import "mizu" "commit" (func $c (param i32))) (import "mizu" "preimage" (func $p (param i32 i32) (result i32))) (memory 1)
    (func (export "_start") (call $e (i32.const 0) (i32.const 128)) (i32.store offset=200 (i32.const 0) (call $p (i32.const 0) (i32.const 1024))) (call $c (i32.const 128))))`;

  it('of the kernel fault without a kernel', () => {
    expect(run(KERNEL).fault).toEqual({ kind: 'host', message: 'only the kernel may make this host call' });
  });

  it('of the kernel run programs, read preimages and commit a state leaf', () => {
    const kernelHost = {
      preimage: () => new Uint8Array(300),
      exec: () => new Uint8Array(128).fill(3),
      ecrecover: () => new Uint8Array(20),
    };
    const result = run(KERNEL, { kernelHost });
    const leaf = new Uint8Array(128).fill(3);
    leaf.set([300 & 0xff, 300 >> 8, 0, 0], 72);
    expect(result).toMatchObject({ status: 0, committed: leaf });
    expect(run(KERNEL, { kernelHost: { ...kernelHost, preimage: () => new Uint8Array(0) } }).gasUsed).toBe(
      result.gasUsed - 2n * 256n,
    );
  });

  it('may leave the run', () => {
    const program = load(KERNEL);
    const kernelHost = {
      preimage: () => undefined,
      ecrecover: () => new Uint8Array(20),
      exec: () => {
        throw new HostAbort('later');
      },
    };
    expect(() => engine.run(program, { ...REQUEST, kernelHost })).toThrow(HostAbort);
  });
});

describe('memory', () => {
  const GROW = '(module (memory 1 9) (func (export "_start") (drop (memory.grow (i32.const 5)))))';

  it('that the host does not give ends a run without a result, never with a fault', () => {
    const program = load(GROW);
    expect(() => engine.run(program, REQUEST, 3)).toThrow(NativeFailed);
    try {
      engine.run(program, REQUEST, 3);
    } catch (error) {
      expect((error as NativeFailed).needsMemory).toBe(true);
    }
    expect(engine.run(program, REQUEST, 6).status).toBe(0);
  });

  it('goes back to the image page by page: what the run wrote, in it and behind it', () => {
    const program =
      load(`(module (import "mizu" "output_write" (func $w (param i32 i32))) (memory 3 3) (data (i32.const 65530) "abcdefghij")
      (func (export "_start") (call $w (i32.const 65530) (i32.const 10)) (call $w (i32.const 131080) (i32.const 2))
        (i64.store (i32.const 65532) (i64.const -1)) (i32.store (i32.const 131080) (i32.const 0x4141)) (i32.store8 (i32.const 196607) (i32.const 1))))`);
    for (let i = 0; i < 3; i++) expect(text(engine.run(program, REQUEST).output)).toBe('abcdefghij\0\0');
  });
});

describe('load', () => {
  const wasm = assemble(
    '(module (memory 1) (data (i32.const 0) "x") (func (export "_start") (drop (i32.load (i32.const 0)))))',
  );
  const program = createProgram({ module: loadModule(wasm) });

  it('finds a module that does not lower to the code', () => {
    const other = assemble(
      '(module (memory 1) (data (i32.const 0) "x") (func (export "_start") (drop (i32.load (i32.const 4)))))',
    );
    expect(engine.load({ ...program, wasm: other, fromImage: false })).toMatchObject({
      kind: 'mismatch',
      reason: 'code',
    });
  });

  it('refuses an image that is longer than the initial memory', () => {
    const memory = new Uint8Array(65_537);
    expect(() => engine.load({ ...program, memory, wasm, fromImage: false })).toThrowError(
      expect.objectContaining({ code: 'vm/unfit-program', expected: 'at most 65536 bytes', actual: '65537' }),
    );
  });

  it('has no native form of what is no module', () => {
    const loaded = engine.load({ ...program, wasm: new Uint8Array(3), fromImage: false });
    expect(loaded).toMatchObject({ kind: 'mismatch', reason: expect.stringContaining('malformed') });
  });

  it('ends the lowering of a module as soon as it is longer than the program', () => {
    const many = assemble(
      `(module (memory 1) (func (export "_start") ${'(drop (i32.load (i32.const 0)))'.repeat(9_000)}))`,
    );
    expect(engine.load({ ...program, wasm: many, fromImage: false })).toMatchObject({
      kind: 'mismatch',
      reason: expect.stringContaining('too many instructions'),
    });
  });

  it('finds another maximum of pages', () => {
    const header = { ...program.header, pagesMax: 2 };
    expect(engine.load({ ...program, header, wasm, fromImage: false })).toMatchObject({ kind: 'mismatch' });
  });
});
