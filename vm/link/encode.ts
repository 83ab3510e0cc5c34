// docs/vm.md#program: writes a LinkModule as a WebAssembly binary; the same module gives the same bytes everywhere.
import { concat, encodeName, encodeSized, encodeU32, encodeVector } from './bytes.ts';
import type { DataSegment, ExternalKind, GlobalEntry, ImportEntry, Limits, LinkModule } from './module.ts';

const HEADER = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
const KIND_BYTE: Readonly<Record<ExternalKind, number>> = { function: 0, table: 1, memory: 2, global: 3 };

/** Every import must be a function: a linked module has no others. */
export function encodeModule(module: LinkModule): Uint8Array {
  const parts: Uint8Array[] = [HEADER];
  const section = (id: number, items: readonly Uint8Array[]) => {
    if (items.length > 0) parts.push(Uint8Array.of(id), encodeSized(encodeVector(items)));
  };
  section(1, module.types);
  section(2, module.imports.map(encodeImport));
  section(
    3,
    module.functions.map((entry) => numbers(entry.type)),
  );
  section(
    4,
    module.tables.map((limits) => concat([Uint8Array.of(0x70), encodeLimits(limits)])),
  );
  section(5, module.memories.map(encodeLimits));
  section(6, module.globals.map(encodeGlobal));
  section(
    7,
    module.exports.map((entry) => concat([encodeName(entry.name), numbers(KIND_BYTE[entry.kind], entry.index)])),
  );
  if (module.start !== undefined) parts.push(Uint8Array.of(8), encodeSized(numbers(module.start)));
  section(
    9,
    module.elements.map((entry) =>
      concat([numbers(0), entry.offset, numbers(entry.functions.length, ...entry.functions)]),
    ),
  );
  if (module.dataCount) parts.push(Uint8Array.of(12), encodeSized(numbers(module.datas.length)));
  section(
    10,
    module.functions.map((entry) => encodeSized(entry.body)),
  );
  section(11, module.datas.map(encodeData));
  return concat(parts);
}

function encodeImport(entry: ImportEntry): Uint8Array {
  if (entry.type === undefined) throw new Error(`import ${entry.module}.${entry.name} is not a function`);
  return concat([encodeName(entry.module), encodeName(entry.name), numbers(KIND_BYTE.function, entry.type)]);
}

function encodeLimits(limits: Limits): Uint8Array {
  return limits.max === undefined ? numbers(0, limits.min) : numbers(1, limits.min, limits.max);
}

function encodeGlobal(entry: GlobalEntry): Uint8Array {
  return concat([Uint8Array.of(entry.valueType, entry.mutable ? 1 : 0), entry.init]);
}

function encodeData(entry: DataSegment): Uint8Array {
  const head = entry.offset === undefined ? numbers(1) : concat([numbers(0), entry.offset]);
  return concat([head, encodeSized(entry.bytes)]);
}

function numbers(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap(encodeU32));
}
