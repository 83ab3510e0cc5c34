// docs/vm.md: `mizu vm` as a process: exit codes, and what goes to which stream.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import loadWabt from 'wabt';
import { startChild } from '../../service/process/child.ts';

const MIZU = fileURLToPath(new URL('../../bin/mizu.mjs', import.meta.url));

// Copies standard input, then descriptor 3 if there is one, to standard output in pieces of 5 bytes; logs "done".
const CAT = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 64) "done")
  (func $copy (param $fd i32)
    (block $end (loop $more
      (i32.store (i32.const 0) (i32.const 32)) (i32.store (i32.const 4) (i32.const 5))
      (br_if $end (call $read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $end (i32.eqz (i32.load (i32.const 8))))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
      (br $more))))
  (func (export "_start")
    (call $copy (i32.const 0)) (call $copy (i32.const 3))
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 4))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 12)))
    (drop (call $sizes (i32.const 16) (i32.const 20)))
    (if (i32.eq (i32.load (i32.const 16)) (i32.const 3)) (then (call $exit (i32.const 7))))
    (if (i32.eq (i32.load (i32.const 16)) (i32.const 4)) (then unreachable))))`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu vm '));
  const wabt = await loadWabt();
  const module = wabt.parseWat('cat.wat', CAT);
  await writeFile(join(folder, 'cat.wasm'), module.toBinary({}).buffer);
  module.destroy();
  await writeFile(join(folder, 'more.txt'), 'more');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function mizu(args: readonly string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const cwd = new URL('../..', import.meta.url);
  const child = startChild(process.execPath, [MIZU, ...args], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe('mizu vm run', () => {
  it('gives standard output to the guest alone', async () => {
    const { code, out, err } = await mizu(
      ['vm', 'run', join(folder, 'cat.wasm'), '--input', join(folder, 'more.txt')],
      'hello world',
    );
    expect([code, out]).toEqual([0, 'hello worldmore']);
    expect(err).toMatch(/^done\nok; \d+ gas, 15 bytes out, [\d.]+ ms\n$/);
  });

  it('tells the result as one JSON line', async () => {
    const { code, out, err } = await mizu(['vm', 'run', '--json', join(folder, 'cat.wasm')], 'hello');
    expect([code, out]).toEqual([0, 'hello']);
    expect(JSON.parse(err.replace(/^done\n/, ''))).toEqual({
      status: 'exited',
      exitCode: 0,
      gasUsed: expect.stringMatching(/^\d+$/),
      outputBytes: 5,
      outputRoot: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      programId: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      milliseconds: expect.any(Number),
    });
  });

  it('exits with 2 when the guest exits with another code than 0, and keeps its output', async () => {
    const { code, out, err } = await mizu(['vm', 'run', join(folder, 'cat.wasm'), '--arg', 'a', '--arg', 'b'], 'hello');
    expect([code, out]).toEqual([2, 'hello']);
    expect(err).toMatch(/the program exited with code 7; \d+ gas/);
  });

  it('exits with 2 on a fault, without output', async () => {
    const trap = await mizu(['vm', 'run', join(folder, 'cat.wasm'), '--arg', 'a', '--arg', 'b', '--arg', 'c'], 'hello');
    expect([trap.code, trap.out]).toEqual([2, '']);
    expect(trap.err).toMatch(/fault \(trap\)/);
    const gas = await mizu(['vm', 'run', join(folder, 'cat.wasm'), '--gas', '50', '--json'], 'hello');
    expect(gas.code).toBe(2);
    expect(JSON.parse(gas.err)).toMatchObject({ status: 'fault', fault: { kind: 'out-of-gas' }, gasUsed: '50' });
  });

  it('exits with 1 for what it cannot use', async () => {
    const missing = await mizu(['vm', 'run', join(folder, 'none.wasm')]);
    expect([missing.code, missing.err]).toEqual([
      1,
      expect.stringMatching(/none\.wasm cannot be read[\s\S]*no such file/),
    ]);
    const text = await mizu(['vm', 'run', join(folder, 'more.txt')]);
    expect([text.code, text.err]).toEqual([1, expect.stringMatching(/expected:/)]);
    for (const args of [
      ['--gas', 'many'],
      ['--env', 'novalue'],
      ['--seed', '12'],
      ['--time', 'noon'],
    ]) {
      expect((await mizu(['vm', 'run', join(folder, 'cat.wasm'), ...args])).code).toBe(1);
    }
  });
});

describe('mizu vm inspect', () => {
  it('tells imports, exports, sizes and the program', async () => {
    const { code, out } = await mizu(['vm', 'inspect', '--json', join(folder, 'cat.wasm')]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      imports: expect.arrayContaining(['wasi_snapshot_preview1.fd_read (i32, i32, i32, i32) -> (i32)']),
      exports: ['memory memory', 'function _start () -> ()'],
      features: [],
      dataBytes: 4,
      pagesInitial: 1,
      programId: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    });
    expect((await mizu(['vm', 'inspect', join(folder, 'cat.wasm')])).out).toMatch(/program id +0x[0-9a-f]{64}\n$/);
  });
});

describe('mizu vm trace, prove and check', () => {
  it('tells the first instructions', async () => {
    const { code, out } = await mizu(['vm', 'trace', join(folder, 'cat.wasm'), '--count', '2'], 'hello');
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^ +0 user {3}pc +0 fp +\d+ {2}call +\d+ frame \+\d+ +pc \d+/);
    expect(lines[1]).toMatch(/^ +1 user .* enter +\d+ slots$/);
  });

  it('proves a step: its hash is that before the next one', async () => {
    const prove = async (at: string) =>
      JSON.parse((await mizu(['vm', 'prove', join(folder, 'cat.wasm'), '--at', at, '--json'], 'hello')).out);
    const [first, second] = [await prove('10'), await prove('11')];
    expect(first.after).toBe(second.before);
    expect(first.proof).toMatch(/^0x00000000[0-9a-f]+$/);
    expect(first.proof.length).toBe(2 + 2 * first.bytes);
  });

  it('refuses a position behind the end, and one that is none', async () => {
    const behind = await mizu(['vm', 'trace', join(folder, 'cat.wasm'), '--at', '1000000'], 'hello');
    expect([behind.code, behind.out]).toEqual([1, '']);
    expect(behind.err).toMatch(/The run ends before this position\.\n.*from 0 to \d+/s);
    const { code, err } = await mizu(['vm', 'prove', join(folder, 'cat.wasm'), '--at', 'x'], '');
    expect([code, err]).toEqual([1, expect.stringContaining('Expected a number of steps')]);
  });

  it('finds native result, stepped result and the verifier in agreement', async () => {
    const { code, out, err } = await mizu(['vm', 'check', join(folder, 'cat.wasm'), '--samples', '12'], 'hello world');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^\d+ steps, status 0, \d+ gas; \d+ M steps\/s\nnative result = stepped result; every sampled/);
    expect(out).toMatch(/\nhalt +1 +\d+ +\d+\n/);
    expect(out).toMatch(/\nall \(\d+\) +1[12] +\d+ +\d+\n$/);
  });
});
