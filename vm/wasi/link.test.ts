// docs/vm.md#wasi: what becomes a core module, and what is refused.
import { describe, expect, it } from 'vitest';
import { parameters, runPlain } from '../../test/modules/plain-host.fixture.ts';
import { assembleGuest } from '../../test/modules/wasi-guest.fixture.ts';
import { decodeModule } from '../decode/sections.ts';
import { loadModule } from '../load.ts';
import { encodeModule } from '../wasm/encode.ts';
import type { FunctionBody } from '../wasm/module.ts';
import { linkWasi } from './link.ts';

const WASI = 'wasi_snapshot_preview1';
const link = async (text: string) => linkWasi(await assembleGuest(text));
const importsOf = (core: Uint8Array) =>
  WebAssembly.Module.imports(new WebAssembly.Module(core as Uint8Array<ArrayBuffer>)).map(
    (entry) => `${entry.module}.${entry.name}`,
  );

describe('a command', () => {
  it('keeps only the primitives that it reaches', async () => {
    const core = await link(`(module (import "${WASI}" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 263))) (func (export "unused")))`);
    expect(importsOf(core)).toEqual(['mizu.exit']);
    expect((await runPlain(core)).exitCode).toBe(7);
  });

  it('runs with its memory under another name, or none at all', async () => {
    const text = (
      memory: string,
    ) => `(module (import "${WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      ${memory} (data (i32.const 0) "\\08\\00\\00\\00\\03\\00\\00\\00abc")
      (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))`;
    for (const memory of ['(memory (export "mem") 1)', '(memory 1)']) {
      expect(Buffer.from((await runPlain(await link(text(memory)))).output).toString()).toBe('abc');
    }
    const none = await link(
      `(module (import "${WASI}" "sched_yield" (func (result i32))) (func (export "_start") (drop (call 0))))`,
    );
    expect((await runPlain(none)).exitCode).toBe(0);
  });

  it('renumbers calls, types, globals, elements, data segments and the start function', async () => {
    const core = await link(`(module
      (type $unused (func (param f64))) (type $t (func (param i32) (result i32)))
      (import "${WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "${WASI}" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (memory (export "memory") 1) (table 2 funcref) (elem (i32.const 0) $double $inc)
      (global $g (mut i32) (i32.const 40)) (data $text "xyz")
      (func $dead (drop (call $sizes (i32.const 0) (i32.const 4))))
      (func $double (type $t) (i32.mul (local.get 0) (i32.const 2)))
      (func $inc (type $t) (block (result i32) (i32.add (local.get 0) (global.get $g))))
      (func $first (global.set $g (i32.const 41)))
      (start $first)
      (func (export "_start")
        (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 6))
        (memory.init $text (i32.const 64) (i32.const 0) (i32.const 3)) (data.drop $text)
        (i32.store8 (i32.const 67) (call_indirect (type $t) (i32.const 32) (i32.const 0)))
        (i32.store8 (i32.const 68) (call_indirect (type $t) (i32.const 24) (i32.const 1)))
        (i32.store8 (i32.const 69) (i32.const 10))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))`);
    expect(Buffer.from((await runPlain(core)).output).toString()).toBe('xyz@A\n');
    expect(importsOf(core)).not.toContain('mizu.input_read');
  });

  it('keeps blocks of many types: the index of a type is a signed number there', async () => {
    const unlike = (i: number) =>
      ['i32', 'i64', 'f32', 'f64'].map((type, bit) => ((i >> bit) & 1 ? type : '')).join(' ');
    const types = Array.from(
      { length: 130 },
      (_, i) => `(type (func (param ${unlike(i)} ${unlike(i >> 4)} ${unlike(i >> 8)})))`,
    );
    const core = await link(`(module ${types.join(' ')} (type $block (func (param i32 i32 i32) (result i32 i32)))
      (import "${WASI}" "proc_exit" (func $exit (param i32)))
      ${Array.from({ length: 130 }, (_, i) => `(func (export "f${i}") (type ${i}))`).join(' ')}
      (table funcref (elem ${Array.from({ length: 130 }, (_, i) => i + 1).join(' ')}))
      (func (export "_start") (i32.const 1) (i32.const 2) (i32.const 3)
        (block (type $block) (i32.add)) (i32.mul) (call $exit)))`);
    expect(loadModule(core).types.length).toBeGreaterThan(128);
    expect((await runPlain(core)).exitCode).toBe(5);
  });

  it('may use the primitives as well', async () => {
    const core = await link(`(module (import "mizu" "input_count" (func $count (result i32)))
      (import "${WASI}" "proc_exit" (func $exit (param i32)))
      (func (export "_start") (call $exit (call $count))))`);
    expect((await runPlain(core, { inputs: [parameters([]), new Uint8Array(1)] })).exitCode).toBe(2);
  });

  it('is linked to the same bytes each time', async () => {
    const text = `(module (import "${WASI}" "sched_yield" (func (result i32))) (func (export "_start") (drop (call 0))))`;
    expect(await link(text)).toEqual(await link(text));
  });
});

it('hands a core module through as it is', async () => {
  const core = await assembleGuest(
    `(module (import "mizu" "exit" (func (param i32))) (func (export "_start") (call 0 (i32.const 3))))`,
  );
  expect(await linkWasi(core)).toBe(core);
});

it('takes padded table indices, as newer compilers write them, and very many data segments', async () => {
  const plain = decodeModule(
    await assembleGuest(`(module (import "${WASI}" "proc_exit" (func $exit (param i32))) (memory 1) (table 1 funcref) (type $t (func))
      (func $f (call $exit (i32.load8_u (i32.const 59980)))) (elem (i32.const 0) $f) (func (export "_start") (call_indirect (type $t) (i32.const 0)))
      ${Array.from({ length: 30_000 }, (_, i) => `(data (i32.const ${2 * i}) "\\${(16 + (i % 64)).toString(16)}")`).join(' ')})`),
  );
  const size = ({ start, end }: FunctionBody) => end - start;
  const pad = (body: FunctionBody): FunctionBody => {
    const code = body.bytes.slice(body.start, body.end);
    if (code.at(-4) !== 0x11) return body;
    const bytes = Uint8Array.of(...code.slice(0, -2), 0x80, 0x80, 0x80, 0x80, 0x00, 0x0b);
    return { type: body.type, bytes, start: 0, end: bytes.length };
  };
  const functions = plain.functions.map(pad);
  const core = await linkWasi(encodeModule({ ...plain, functions }));
  expect(size(decodeModule(core).functions[1]!)).toBe(size(plain.functions[1]!) + 4);
  expect(loadModule(core).data.length).toBe(30_000);
  expect((await runPlain(core)).exitCode).toBe(16 + (29_990 % 64));
});

describe('refusals', () => {
  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ['(module (func (export "main")))', 'vm/no-start', /exports main/],
    ['(module)', 'vm/no-start', /no exports/],
    ['(module (func (export "_initialize")))', 'vm/reactor', /_initialize/],
    ['(module (import "env" "abort" (func)) (func (export "_start") (call 0)))', 'vm/unknown-import', /env\.abort/],
    [`(module (import "${WASI}" "fd_fly" (func)) (func (export "_start") (call 0)))`, 'vm/unknown-import', /fd_fly/],
    [
      '(module (import "env" "memory" (memory 1)) (func (export "_start")))',
      'vm/unsupported-feature',
      /an imported memory/,
    ],
    [
      `(module (import "${WASI}" "fd_close" (func (param i64) (result i32))) (func (export "_start") (drop (call 0 (i64.const 1)))))`,
      'vm/import-type',
      /i64/,
    ],
  ];
  it.each(refusals)('%s', async (text, code, said) => {
    const error = await link(text).then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toMatchObject({ code });
    expect(`${error.message} ${error.actual}`).toMatch(said);
  });

  it('names the byte of a malformed module', async () => {
    await expect(linkWasi(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99))).rejects.toMatchObject({
      code: 'vm/malformed',
      message: expect.stringMatching(/byte \d+/),
    });
    await expect(linkWasi(new Uint8Array(0))).rejects.toMatchObject({ code: 'vm/malformed' });
  });
});
