// docs/vm.md#program: walks over the instructions of a function and reports every index that linking renumbers.
import { createReader, type Reader, readByte, readBytes, readU32, skipLeb, unsupported } from './bytes.ts';

/** br, br_if, local.*, i32.const, i64.const */
const ONE_NUMBER: ReadonlySet<number> = new Set([0x0c, 0x0d, 0x20, 0x21, 0x22, 0x41, 0x42]);
/** unreachable, nop, else, end, return, drop, select */
const NO_IMMEDIATE: ReadonlySet<number> = new Set([0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b]);

export type IndexSpace = 'function' | 'type' | 'global' | 'data';

/** Called for each index: where its encoding starts and ends in the given bytes. */
export type VisitIndex = (space: IndexSpace, index: number, start: number, end: number) => void;

/** Walks a function body (local declarations first). `base` is its offset in the file, for messages. */
export function walkBody(body: Uint8Array, base: number, visit: VisitIndex): void {
  const reader = createReader(body);
  const groups = readU32(reader);
  for (let group = 0; group < groups; group++) {
    readU32(reader);
    readByte(reader);
  }
  while (reader.offset < reader.end) walkInstruction(reader, base, visit);
}

/** Reads an initialiser expression up to and with its `end`. */
export function readExpression(reader: Reader, visit: VisitIndex): Uint8Array {
  const start = reader.offset;
  while (reader.bytes[reader.offset] !== 0x0b) walkInstruction(reader, 0, visit);
  reader.offset++;
  return reader.bytes.subarray(start, reader.offset);
}

/** The same code with every index replaced by `renumber(space, index)`. */
export function renumberBody(body: Uint8Array, renumber: (space: IndexSpace, index: number) => Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let copied = 0;
  let length = 0;
  const append = (part: Uint8Array) => {
    parts.push(part);
    length += part.length;
  };
  walkBody(body, 0, (space, index, start, end) => {
    append(body.subarray(copied, start));
    append(renumber(space, index));
    copied = end;
  });
  append(body.subarray(copied));
  const result = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

function walkInstruction(reader: Reader, base: number, visit: VisitIndex): void {
  const start = reader.offset;
  const op = readByte(reader);
  if (isPlain(op)) return;
  if (op >= 0x28 && op <= 0x3e) {
    if (readU32(reader) >= 0x40) throw unsupported(base + start, 'more than one memory');
    skipLeb(reader);
  } else if (op >= 0x02 && op <= 0x04) {
    walkBlockType(reader, visit);
  } else if (ONE_NUMBER.has(op)) {
    skipLeb(reader);
  } else if (op === 0x3f || op === 0x40) {
    skipZero(reader, 'memory', base);
  } else if (op === 0x0e) {
    const targets = readU32(reader);
    for (let i = 0; i <= targets; i++) skipLeb(reader);
  } else if (op === 0x10) {
    visitIndex(reader, 'function', visit);
  } else if (op === 0x11) {
    visitIndex(reader, 'type', visit);
    skipZero(reader, 'table', base);
  } else if (op === 0x1c) {
    readBytes(reader, readU32(reader));
  } else if (op === 0x23 || op === 0x24) {
    visitIndex(reader, 'global', visit);
  } else if (op === 0x43 || op === 0x44) {
    readBytes(reader, op === 0x43 ? 4 : 8);
  } else if (op === 0xfc) {
    walkPrefixed(reader, base, start, visit);
  } else {
    throw unsupported(base + start, featureOf(op));
  }
}

function walkBlockType(reader: Reader, visit: VisitIndex): void {
  // Value types and `0x40` are negative one-byte numbers; a type index is not negative.
  const byte = reader.bytes[reader.offset] as number;
  if (byte >= 0x40 && byte < 0x80) reader.offset++;
  else visitIndex(reader, 'type', visit);
}

function walkPrefixed(reader: Reader, base: number, start: number, visit: VisitIndex): void {
  const op = readU32(reader);
  if (op <= 7) return;
  if (op === 8) {
    visitIndex(reader, 'data', visit);
    skipZero(reader, 'memory', base);
  } else if (op === 9) {
    visitIndex(reader, 'data', visit);
  } else if (op === 10) {
    skipZero(reader, 'memory', base);
    skipZero(reader, 'memory', base);
  } else if (op === 11) {
    skipZero(reader, 'memory', base);
  } else {
    throw unsupported(base + start, `a table instruction (0xfc ${op})`);
  }
}

function visitIndex(reader: Reader, space: IndexSpace, visit: VisitIndex): void {
  const start = reader.offset;
  visit(space, readU32(reader), start, reader.offset);
}

/** 0x45 to 0xc4 are the comparisons, arithmetic, conversions and sign extensions. */
function isPlain(op: number): boolean {
  return (op >= 0x45 && op <= 0xc4) || NO_IMMEDIATE.has(op);
}

function skipZero(reader: Reader, space: 'table' | 'memory', base: number): void {
  const start = reader.offset;
  if (readU32(reader) !== 0) throw unsupported(base + start, `more than one ${space}`);
}

function featureOf(op: number): string {
  if (op === 0xfd) return 'SIMD';
  if (op === 0xfe) return 'threads (atomic instructions)';
  if (op === 0xfb) return 'garbage collection types';
  if (op === 0x12 || op === 0x13) return 'tail calls';
  if (op === 0x25 || op === 0x26 || (op >= 0xd0 && op <= 0xd2)) return 'reference types';
  if (op >= 0x06 && op <= 0x0a) return 'exception handling';
  return `the unknown instruction 0x${op.toString(16).padStart(2, '0')}`;
}
