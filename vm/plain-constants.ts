// docs/vm.md#program: a module with its constant expressions replaced by their values.
import { createCursor, readByte, readSpan, readU32 } from './decode/cursor.ts';
import { I32, type Module } from './decode/module.ts';
import { put } from './native/assemble.ts';
import { type ByteWriter, createByteWriter } from './native/byte-writer.ts';
import { putConstant } from './native/rewrite.ts';

const PREAMBLE_BYTES = 8;
const GLOBALS = 6;
const ELEMENTS = 9;
const DATA = 11;

/** The binary that `module` was decoded from; elements without effect are left out. */
export function withPlainConstants(bytes: Uint8Array, module: Module): Uint8Array {
  const w = createByteWriter(bytes.length);
  w.copy(bytes, 0, PREAMBLE_BYTES);
  const cursor = createCursor(bytes, PREAMBLE_BYTES);
  while (cursor.at < bytes.length) {
    const id = readByte(cursor);
    const content = readSpan(cursor, readU32(cursor));
    w.byte(id);
    if (id === GLOBALS) w.sized(encodeGlobals(module));
    else if (id === ELEMENTS) w.sized(encodeElements(module));
    else if (id === DATA) w.sized(encodeData(module));
    else w.sized(content);
  }
  return w.finish();
}

function encodeGlobals({ globals }: Module): Uint8Array {
  const w = createByteWriter();
  w.u32(globals.length);
  for (const { type, mutable, value } of globals) {
    w.byte(type, mutable ? 1 : 0);
    putConstant(w, type, value);
    put.end(w);
  }
  return w.finish();
}

function encodeElements({ elements }: Module): Uint8Array {
  const w = createByteWriter();
  w.u32(elements.length);
  for (const { offset, functions } of elements) {
    w.byte(0);
    putAddress(w, offset);
    w.u32(functions.length);
    for (const index of functions) w.u32(index);
  }
  return w.finish();
}

function encodeData({ data }: Module): Uint8Array {
  const w = createByteWriter();
  w.u32(data.length);
  for (const { address, bytes } of data) {
    w.byte(address === undefined ? 1 : 0);
    if (address !== undefined) putAddress(w, address);
    w.sized(bytes);
  }
  return w.finish();
}

function putAddress(w: ByteWriter, address: number): void {
  putConstant(w, I32, BigInt(address));
  put.end(w);
}
