// docs/vm.md#program: decodes the sections of a WebAssembly module and refuses what the DataVM does not take.
import { MEMORY_PAGES_MAX } from '../../protocol/isa.ts';
import { PREAMBLE } from '../wasm/encode.ts';
import { featureOfLimits, featureOfTypeForm, type RefusedFeature, unsupported } from '../wasm/features.ts';
import {
  type DataSegment,
  type ElementSegment,
  type Export,
  type FunctionBody,
  type FunctionImport,
  type FunctionType,
  type Global,
  I32,
  type Limits,
  type Module,
  typeKey,
  type ValueType,
} from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import {
  type Cursor,
  createCursor,
  malformedModule,
  moduleTooLarge,
  readByte,
  readCount,
  readName,
  readSpan,
  readU32,
} from '../wasm/read.ts';
import { decodeValueType, visitBody } from './body.ts';
import { decodeConstant } from './constant.ts';
import * as limit from './limits.ts';
import { createWeigher, type Weigher } from './weight.ts';

type Draft = {
  readonly library: boolean;
  types: FunctionType[];
  imports: FunctionImport[];
  declared: number[];
  functions: FunctionBody[];
  table: Limits | undefined;
  memory: Limits | undefined;
  globals: Global[];
  exports: Export[];
  start: number | undefined;
  elements: ElementSegment[];
  data: DataSegment[];
  dataCount: number | undefined;
  named: Set<number>;
  extendedConstants: boolean;
  /** The weight of the functions so far: docs/vm.md#weight. */
  weight: number;
  typeOf(func: number): FunctionType | undefined;
};

// The position of each section id in the binary; data count (12) stands between element and code.
const ORDER = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 11];

const FUNCREF = 0x70;
const IMPORT_MEMORY = 2;

export type DecodeOptions = {
  /** True for a library that is linked into a module: then the memory that it shares may be an import. */
  readonly library?: boolean;
};

/**
 * Takes a module apart. Types and stack discipline are not checked here. @@ @throws MizuError `vm/unsupported-feature`,
 * `vm/malformed` or `vm/too-large`, with the byte offset
 */
export function decodeModule(bytes: Uint8Array, { library = false }: DecodeOptions = {}): Module {
  if (bytes.length > limit.MODULE_BYTES_MAX) throw moduleTooLarge('bytes', limit.MODULE_BYTES_MAX, bytes.length, 0);
  const cursor = createCursor(bytes);
  decodePreamble(cursor);
  const draft: Draft = {
    library,
    types: [],
    imports: [],
    declared: [],
    functions: [],
    table: undefined,
    memory: undefined,
    globals: [],
    exports: [],
    start: undefined,
    elements: [],
    data: [],
    dataCount: undefined,
    named: new Set(),
    extendedConstants: false,
    weight: 0,
    typeOf(func) {
      const type = draft.imports[func]?.type ?? draft.declared[func - draft.imports.length];
      return type === undefined ? undefined : draft.types[type];
    },
  };
  let last = 0;
  while (cursor.at < bytes.length) {
    const at = cursor.at;
    const id = readByte(cursor);
    const size = readU32(cursor);
    const section = createCursor(bytes, cursor.at, cursor.at + size);
    readSpan(cursor, size);
    if (id === 0) {
      readName(section);
      continue;
    }
    if (id === 13) throw unsupported('exceptions', at);
    const order = ORDER[id];
    if (order === undefined) throw malformedModule(at, 'a section id of at most 12', String(id));
    if (order <= last) throw malformedModule(at, 'sections in their order, each once', `section ${id}`);
    last = order;
    decodeSection(id, section, draft);
    if (section.at !== section.end) throw malformedModule(section.at, 'the end of the section', 'more bytes');
  }
  if (draft.functions.length !== draft.declared.length)
    throw malformedModule(cursor.at, `${draft.declared.length} function bodies`, String(draft.functions.length));
  if (draft.dataCount !== undefined && draft.dataCount !== draft.data.length)
    throw malformedModule(cursor.at, `${draft.dataCount} data segments`, String(draft.data.length));
  const { declared: _, named, typeOf: _typeOf, library: _library, ...module } = draft;
  const namedSegments = [...named].sort((a, b) => a - b);
  return { ...module, namedSegments, typeIds: canonicalTypes(draft.types) };
}

function decodePreamble(cursor: Cursor): void {
  if (PREAMBLE.some((byte, index) => cursor.bytes[index] !== byte))
    throw malformedModule(0, 'a WebAssembly module, version 1 (00 61 73 6d 01 00 00 00)', 'other bytes');
  cursor.at = PREAMBLE.length;
}

function decodeSection(id: number, cursor: Cursor, draft: Draft): void {
  switch (id) {
    case 1:
      draft.types = list(cursor, limit.TYPES_MAX, 'types', decodeType);
      return;
    case 2:
      draft.imports = list(cursor, limit.IMPORTS_MAX, 'imports', (c) => decodeImport(c, draft)).filter(
        (entry) => entry !== undefined,
      );
      return;
    case 3:
      draft.declared = list(cursor, limit.FUNCTIONS_MAX, 'functions', (c) => decodeTypeIndex(c, draft));
      return;
    case 4:
      list(cursor, limit.TABLE_ENTRIES_MAX, 'tables', (c) => decodeTable(c, draft));
      return;
    case 5:
      list(cursor, limit.TABLE_ENTRIES_MAX, 'memories', (c) => decodeMemory(c, draft));
      return;
    case 6:
      list(cursor, limit.GLOBALS_MAX, 'globals', (c) => draft.globals.push(decodeGlobal(c, draft)));
      return;
    case 7:
      draft.exports = list(cursor, limit.EXPORTS_MAX, 'exports', decodeExport);
      return;
    case 8:
      draft.start = readU32(cursor);
      return;
    case 9:
      for (const segment of list(cursor, limit.ELEMENT_SEGMENTS_MAX, 'element segments', (c) =>
        decodeElement(c, draft),
      ))
        if (segment !== undefined) draft.elements.push(segment);
      return;
    case 10: {
      let index = 0;
      draft.functions = list(cursor, limit.FUNCTIONS_MAX, 'functions', (c) => decodeFunction(c, draft, index++));
      return;
    }
    case 11:
      draft.data = list(cursor, limit.DATA_SEGMENTS_MAX, 'data segments', (c) => decodeData(c, draft));
      return;
    case 12:
      draft.dataCount = readU32(cursor);
      return;
  }
}

function list<T>(cursor: Cursor, max: number, what: string, decode: (cursor: Cursor) => T): T[] {
  const count = readCount(cursor, max, what);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(decode(cursor));
  return items;
}

function decodeType(cursor: Cursor): FunctionType {
  const at = cursor.at;
  const form = readByte(cursor);
  const feature = featureOfTypeForm(form);
  if (feature !== undefined) throw unsupported(feature, at);
  if (form !== 0x60) throw malformedModule(at, 'a function type (0x60)', `0x${form.toString(16)}`);
  const params: ValueType[] = list(cursor, limit.PARAMETERS_MAX, 'parameters', decodeValueType);
  const results: ValueType[] = list(cursor, limit.RESULTS_MAX, 'results', decodeValueType);
  return { params, results };
}

function decodeTypeIndex(cursor: Cursor, draft: Draft): number {
  const at = cursor.at;
  const index = readU32(cursor);
  if (index >= draft.types.length) throw malformedModule(at, `a type index below ${draft.types.length}`, String(index));
  return index;
}

/** The kinds of imports that are no functions. */
const FOREIGN_IMPORTS: readonly (RefusedFeature | undefined)[] = [
  undefined,
  'an imported table',
  'an imported memory',
  'an imported global',
  'exceptions',
];

/** Undefined for the memory of a library: no index refers to it. */
function decodeImport(cursor: Cursor, draft: Draft): FunctionImport | undefined {
  const module = readName(cursor);
  const name = readName(cursor);
  const at = cursor.at;
  const kind = readByte(cursor);
  if (kind === 0) return { module, name, type: decodeTypeIndex(cursor, draft) };
  if (kind === IMPORT_MEMORY && draft.library) {
    decodeLimits(cursor, 'a memory');
    return undefined;
  }
  const feature = FOREIGN_IMPORTS[kind];
  throw feature === undefined ? malformedModule(at, 'an import kind', String(kind)) : unsupported(feature, at);
}

function decodeTable(cursor: Cursor, draft: Draft): void {
  const at = cursor.at;
  const type = readByte(cursor);
  if (type === 0x40 || type === 0x6f || type === 0x63 || type === 0x64) throw unsupported('reference types', at);
  if (type !== FUNCREF) throw malformedModule(at, 'a table of functions (0x70)', `0x${type.toString(16)}`);
  if (draft.table !== undefined) throw unsupported('multiple tables', at);
  draft.table = decodeLimits(cursor, 'a table');
  const { initial } = draft.table;
  if (initial > limit.TABLE_ENTRIES_MAX) throw moduleTooLarge('table entries', limit.TABLE_ENTRIES_MAX, initial, at);
}

function decodeMemory(cursor: Cursor, draft: Draft): void {
  const at = cursor.at;
  if (draft.memory !== undefined) throw unsupported('multiple memories', at);
  draft.memory = decodeLimits(cursor, 'a memory');
  const { initial, maximum } = draft.memory;
  if (initial > 65536 || (maximum ?? 0) > 65536 || initial > (maximum ?? 65536))
    throw malformedModule(at, 'a memory of at most 65536 pages, initial <= maximum', `${initial}, ${maximum}`);
  if (initial > MEMORY_PAGES_MAX) throw moduleTooLarge('pages of memory', MEMORY_PAGES_MAX, initial, at);
}

function decodeLimits(cursor: Cursor, what: string): Limits {
  const at = cursor.at;
  const flags = readByte(cursor);
  const feature = featureOfLimits(flags);
  if (feature !== undefined) throw unsupported(feature, at);
  if (flags > 1) throw malformedModule(at, `the limits of ${what}`, `flags ${flags}`);
  const initial = readU32(cursor);
  return { initial, maximum: flags === 1 ? readU32(cursor) : undefined };
}

function decodeGlobal(cursor: Cursor, draft: Draft): Global {
  const type = decodeValueType(cursor);
  const at = cursor.at;
  const mutability = readByte(cursor);
  if (mutability === 2 || mutability === 3) throw unsupported('threads and atomics (a shared global)', at);
  if (mutability > 1) throw malformedModule(at, 'a mutability of 0 or 1', String(mutability));
  return { type, mutable: mutability === 1, value: decodeInitial(cursor, type, draft) };
}

function decodeExport(cursor: Cursor): Export {
  const name = readName(cursor);
  const at = cursor.at;
  const kind = readByte(cursor);
  if (kind > 3) throw kind === 4 ? unsupported('exceptions', at) : malformedModule(at, 'an export kind', String(kind));
  return { name, kind, index: readU32(cursor) };
}

function decodeInitial(cursor: Cursor, type: ValueType, draft: Draft): bigint {
  return decodeConstant(cursor, type, () => {
    draft.extendedConstants = true;
  });
}

// Passive and declared segments have no effect without table.init, which is refused.
function decodeElement(cursor: Cursor, draft: Draft): ElementSegment | undefined {
  const at = cursor.at;
  const flags = readU32(cursor);
  if (flags > 7) throw malformedModule(at, 'the flags of an element segment', String(flags));
  if (flags > 3) throw unsupported('reference types (element expressions)', at);
  if (flags === 2 && readU32(cursor) !== 0) throw unsupported('multiple tables', at);
  const offset = (flags & 1) === 0 ? Number(decodeInitial(cursor, I32, draft)) : undefined;
  if (flags !== 0 && readByte(cursor) !== 0) throw malformedModule(at, 'an element kind of 0', 'another');
  const functions = list(cursor, limit.TABLE_ENTRIES_MAX, 'table entries', readU32);
  return offset === undefined ? undefined : { offset, functions };
}

function decodeFunction(cursor: Cursor, draft: Draft, index: number): FunctionBody {
  const at = cursor.at;
  const type = draft.declared[index];
  if (type === undefined) throw malformedModule(at, `${draft.declared.length} function bodies`, 'more');
  const size = readU32(cursor);
  if (size > limit.FUNCTION_BYTES_MAX) throw moduleTooLarge('bytes in a function', limit.FUNCTION_BYTES_MAX, size, at);
  const start = cursor.at;
  readSpan(cursor, size);
  const body = { type, bytes: cursor.bytes, start, end: cursor.at };
  let weigher: Weigher | undefined;
  visitBody(body, (groups) => {
    const locals = groups.reduce((sum, { count }) => sum + count, 0);
    const own = createWeigher(draft, draft.types[type]!, locals, at);
    weigher = own;
    return (instruction) => {
      own.add(instruction);
      const { op, a } = instruction;
      if (op === WASM.memoryInit || op === WASM.dataDrop) draft.named.add(a);
    };
  });
  draft.weight += weigher?.weight() ?? 0;
  const most = limit.WEIGHT_BASE + limit.WEIGHT_PER_BYTE * cursor.bytes.length;
  if (draft.weight > most) throw moduleTooLarge('locals and values at blocks and branches', most, draft.weight, at);
  return body;
}

function decodeData(cursor: Cursor, draft: Draft): DataSegment {
  const at = cursor.at;
  const flags = readU32(cursor);
  if (flags > 2) throw malformedModule(at, 'the flags of a data segment', String(flags));
  if (flags === 2 && readU32(cursor) !== 0) throw unsupported('multiple memories', at);
  const address = flags === 1 ? undefined : Number(decodeInitial(cursor, I32, draft));
  return { address, bytes: readSpan(cursor, readU32(cursor)) };
}

function canonicalTypes(types: readonly FunctionType[]): number[] {
  const first = new Map<string, number>();
  return types.map((type, index) => {
    const key = typeKey(type);
    const id = first.get(key) ?? index;
    first.set(key, id);
    return id;
  });
}
