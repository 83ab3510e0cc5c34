// docs/vm.md#program
import { expect, it } from 'vitest';
import { decodeProgramHeader, encodeProgramHeader, hashProgram, PROGRAM_HEADER_BYTES } from '../protocol/program.ts';
import { assemble } from '../test/modules/test-modules.fixture.ts';
import { loadModule } from './load.ts';
import { createProgram } from './program.ts';

const WAT =
  '(module (memory 1 2) (global (mut i32) (i32.const 5)) (data (i32.const 3) "abc") (func (export "_start")) (func (export "other")))';

it('encodes and decodes its header', () => {
  const { header } = createProgram({ module: loadModule(assemble(WAT)) });
  const bytes = encodeProgramHeader(header);
  expect(bytes.length).toBe(PROGRAM_HEADER_BYTES);
  expect(decodeProgramHeader(bytes)).toEqual(header);
  expect(() => decodeProgramHeader(bytes.subarray(1))).toThrow(/Malformed program header/);
  expect(header).toMatchObject({ version: 1n, pagesInitial: 1, pagesMax: 2, entry: 0, globals: 1 });
});

it('has one name for one content', () => {
  const module = loadModule(assemble(WAT));
  const name = hashProgram(createProgram({ module }).header);
  expect(hashProgram(createProgram({ module: loadModule(assemble(WAT)) }).header)).toBe(name);
  expect(hashProgram(createProgram({ module, entry: 'other' }).header)).not.toBe(name);
  const image = { memory: new Uint8Array(65536), pages: 1, globals: [5n] };
  expect(hashProgram(createProgram({ module, image }).header)).not.toBe(name);
});

it('trims the zeros of its image to whole leaves', () => {
  const module = loadModule(assemble(WAT));
  const memory = new Uint8Array(65536);
  memory[200] = 1;
  expect(createProgram({ module, image: { memory, pages: 1, globals: [0n] } }).memory.length).toBe(256);
});

it('refuses a missing entry, data out of bounds, a table overflow and an image that does not fit', () => {
  const create = (wat: string) => createProgram({ module: loadModule(assemble(wat)) });
  expect(() => create('(module (func (export "main")))')).toThrow(/no entry function _start/);
  expect(() => create('(module (func (export "_start") (param i32)))')).toThrow(/no entry function _start/);
  expect(() => create('(module (memory 1) (data (i32.const 65535) "ab") (func (export "_start")))')).toThrow(
    /data segment/,
  );
  expect(() => create('(module (table 1 funcref) (elem (i32.const 1) $f) (func $f (export "_start")))')).toThrow(
    /element segment/,
  );
  const module = loadModule(assemble(WAT));
  const image = { memory: new Uint8Array(0), pages: 3, globals: [1n] };
  expect(() => createProgram({ module, image })).toThrow(/image does not fit/);
});
