// docs/vm.md#program: takes a WebAssembly binary apart into a LinkModule.
import {
  createReader,
  malformed,
  type Reader,
  readByte,
  readBytes,
  readName,
  readU32,
  readVector,
  unsupported,
} from './bytes.ts';
import { readExpression } from './instructions.ts';
import type {
  DataSegment,
  ElementSegment,
  ExportEntry,
  ExternalKind,
  FunctionEntry,
  GlobalEntry,
  ImportEntry,
  Limits,
  LinkModule,
} from './module.ts';

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const KINDS: readonly ExternalKind[] = ['function', 'table', 'memory', 'global'];
const FUNCREF = 0x70;

/** Reads a module that V8 has validated already; custom sections are left out. */
export function parseModule(bytes: Uint8Array): LinkModule {
  if (MAGIC.some((byte, index) => bytes[index] !== byte))
    throw malformed(0, 'a WebAssembly module (00 61 73 6d 01 …)', 'other bytes');
  const sections = readSections(bytes);
  const section = <T>(id: number, readItem: (reader: Reader) => T): T[] => {
    const reader = sections.get(id);
    return reader === undefined ? [] : readVector(reader, readItem);
  };
  const types = section(1, readType);
  const imports = section(2, readImport);
  const functionTypes = section(3, readU32);
  const tables = section(4, readTable);
  const memories = section(5, readLimits);
  const globals = section(6, readGlobal);
  const exports = section(7, readExport);
  const startSection = sections.get(8);
  const start = startSection === undefined ? undefined : readU32(startSection);
  const elements = section(9, readElement).filter((segment) => segment !== undefined);
  const bodies = section(10, (reader) => readBytes(reader, readU32(reader)));
  const datas = section(11, readData);
  if (bodies.length !== functionTypes.length) {
    throw malformed(bytes.length, `${functionTypes.length} function bodies`, `${bodies.length}`);
  }
  const functions = functionTypes.map((type, index): FunctionEntry => ({ type, body: bodies[index] as Uint8Array }));
  return {
    types,
    imports,
    functions,
    tables,
    memories,
    globals,
    exports,
    start,
    elements,
    datas,
    dataCount: sections.has(12),
  };
}

function readSections(bytes: Uint8Array): Map<number, Reader> {
  const reader = createReader(bytes, MAGIC.length);
  const sections = new Map<number, Reader>();
  while (reader.offset < reader.end) {
    const id = readByte(reader);
    const size = readU32(reader);
    const start = reader.offset;
    readBytes(reader, size);
    if (id === 13) throw unsupported(start, 'exception handling');
    if (id > 12) throw unsupported(start, `section ${id}`);
    if (id !== 0) sections.set(id, createReader(bytes, start, start + size));
  }
  return sections;
}

function readType(reader: Reader): Uint8Array {
  const start = reader.offset;
  if (readByte(reader) !== 0x60) throw unsupported(start, 'garbage collection types');
  readBytes(reader, readU32(reader));
  readBytes(reader, readU32(reader));
  return reader.bytes.subarray(start, reader.offset);
}

function readImport(reader: Reader): ImportEntry {
  const module = readName(reader);
  const name = readName(reader);
  const kind = readKind(reader);
  if (kind === 'function') return { module, name, kind, type: readU32(reader) };
  if (kind === 'table') readTable(reader);
  else if (kind === 'memory') readLimits(reader);
  else readBytes(reader, 2);
  return { module, name, kind, type: undefined };
}

function readKind(reader: Reader): ExternalKind {
  const offset = reader.offset;
  const kind = KINDS[readByte(reader)];
  if (kind === undefined) throw unsupported(offset, 'exception handling');
  return kind;
}

function readTable(reader: Reader): Limits {
  const offset = reader.offset;
  if (readByte(reader) !== FUNCREF) throw unsupported(offset, 'reference types');
  return readLimits(reader);
}

function readLimits(reader: Reader): Limits {
  const offset = reader.offset;
  const flags = readU32(reader);
  if (flags > 1) throw unsupported(offset, flags === 3 ? 'threads (shared memory)' : '64-bit memory');
  const min = readU32(reader);
  return { min, max: flags === 1 ? readU32(reader) : undefined };
}

function readGlobal(reader: Reader): GlobalEntry {
  const valueType = readByte(reader);
  const mutable = readByte(reader) === 1;
  return { valueType, mutable, init: readExpression(reader, refuseIndex) };
}

function readExport(reader: Reader): ExportEntry {
  const name = readName(reader);
  return { name, kind: readKind(reader), index: readU32(reader) };
}

// Passive and declared segments have no effect without table.init, which no program has: they are left out.
function readElement(reader: Reader): ElementSegment | undefined {
  const offset = reader.offset;
  const flags = readU32(reader);
  if (flags > 3) throw unsupported(offset, 'reference types (element expressions)');
  if (flags % 2 === 1) {
    readByte(reader);
    readVector(reader, readU32);
    return undefined;
  }
  if (flags === 2 && readU32(reader) !== 0) throw unsupported(offset, 'more than one table');
  const expression = readExpression(reader, refuseIndex);
  if (flags === 2) readByte(reader);
  return { offset: expression, functions: readVector(reader, readU32) };
}

function readData(reader: Reader): DataSegment {
  const start = reader.offset;
  const flags = readU32(reader);
  if (flags > 2) throw malformed(start, 'a data segment of kind 0, 1 or 2', `${flags}`);
  if (flags === 2 && readU32(reader) !== 0) throw unsupported(start, 'more than one memory');
  const offset = flags === 1 ? undefined : readExpression(reader, refuseIndex);
  return { offset, bytes: readBytes(reader, readU32(reader)) };
}

/** A main module keeps its global numbers, so an initialiser may name a global as it is. */
function refuseIndex(): void {}
