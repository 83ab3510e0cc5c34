// docs/vm.md#program: writes a module as a WebAssembly binary; the same module gives the same bytes everywhere.
import { type FunctionBody, type FunctionType, I32, type Limits, type ModuleSections } from './module.ts';
import { type ByteWriter, createByteWriter, put, putConstant } from './write.ts';

/** Magic and version. */
export const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const FUNCREF = 0x70;

/** A memory that the module imports. The DataVM's own modules import none; rewritten ones share the engine's. */
export type ImportedMemory = {
  readonly module: string;
  readonly name: string;
  readonly pagesMax: number;
};

/** Sections without entries are left out, and so are custom ones. */
export function encodeModule(module: ModuleSections, memory?: ImportedMemory): Uint8Array {
  const w = createByteWriter(1 << 16);
  w.byte(...PREAMBLE);
  const section = (id: number, fill: (section: ByteWriter) => void): void => {
    const content = createByteWriter(4096);
    fill(content);
    w.byte(id);
    w.sized(content.finish());
  };
  const vector = <T>(id: number, items: readonly T[], putItem: (w: ByteWriter, item: T) => void): void => {
    if (items.length > 0)
      section(id, (s) => {
        s.u32(items.length);
        for (const item of items) putItem(s, item);
      });
  };
  vector(1, module.types, putType);
  vector(2, memory === undefined ? module.imports : [...module.imports, memory], (s, entry) => {
    s.name(entry.module);
    s.name(entry.name);
    if ('type' in entry) {
      s.byte(0);
      s.u32(entry.type);
    } else putSharedMemory(s, entry.pagesMax);
  });
  vector(3, module.functions, (s, { type }) => s.u32(type));
  vector(4, module.table === undefined ? [] : [module.table], (s, limits) => {
    s.byte(FUNCREF);
    putLimits(s, limits);
  });
  vector(5, module.memory === undefined ? [] : [module.memory], putLimits);
  vector(6, module.globals, (s, { type, mutable, value }) => {
    s.byte(type, mutable ? 1 : 0);
    putConstant(s, type, value);
    put.end(s);
  });
  vector(7, module.exports, (s, { name, kind, index }) => {
    s.name(name);
    s.byte(kind);
    s.u32(index);
  });
  if (module.start !== undefined) section(8, (s) => s.u32(module.start!));
  vector(9, module.elements, (s, { offset, functions }) => {
    s.byte(0);
    putAddress(s, offset);
    s.u32(functions.length);
    for (const index of functions) s.u32(index);
  });
  if (module.dataCount !== undefined) section(12, (s) => s.u32(module.data.length));
  vector(10, module.functions, putBody);
  vector(11, module.data, (s, { address, bytes }) => {
    s.byte(address === undefined ? 1 : 0);
    if (address !== undefined) putAddress(s, address);
    s.sized(bytes);
  });
  return w.finish();
}

function putType(w: ByteWriter, { params, results }: FunctionType): void {
  w.byte(0x60);
  for (const list of [params, results]) {
    w.u32(list.length);
    for (const type of list) w.byte(type);
  }
}

function putLimits(w: ByteWriter, { initial, maximum }: Limits): void {
  w.byte(maximum === undefined ? 0 : 1);
  w.u32(initial);
  if (maximum !== undefined) w.u32(maximum);
}

// The memory is shared: V8 grows other memories hundreds of times slower, because each growth makes and frees a buffer
// of the whole size.
function putSharedMemory(w: ByteWriter, pagesMax: number): void {
  w.byte(2, 3);
  w.u32(0);
  w.u32(pagesMax);
}

function putBody(w: ByteWriter, { bytes, start, end }: FunctionBody): void {
  w.u32(end - start);
  w.copy(bytes, start, end);
}

function putAddress(w: ByteWriter, address: number): void {
  putConstant(w, I32, BigInt(address));
  put.end(w);
}
