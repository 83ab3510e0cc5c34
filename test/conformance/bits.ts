// docs/vm.md#program: exported functions wrapped so that floats enter and leave as integer bits; JavaScript would alter a NaN.
import {
  EXPORT_FUNCTION,
  F32,
  F64,
  type FunctionBody,
  type FunctionType,
  I32,
  I64,
  type Module,
  typeOfFunction,
  type ValueType,
} from '../../vm/wasm/module.ts';
import { WASM } from '../../vm/wasm/opcodes.ts';
import { createByteWriter } from '../../vm/wasm/write.ts';

export const EMPTY_ENTRY = 'bits:empty';
export const BITS_PREFIX = 'bits:call:';

const INTEGER: Record<ValueType, ValueType> = { [I32]: I32, [I64]: I64, [F32]: I32, [F64]: I64 };
const TO_FLOAT: Partial<Record<ValueType, number>> = { [F32]: 0xbe, [F64]: 0xbf };
const TO_INTEGER: Partial<Record<ValueType, number>> = { [F32]: 0xbc, [F64]: 0xbd };

/** Adds an empty entry function, and for each exported function one on integers, exported under BITS_PREFIX. */
export function exportBits(module: Module): Module {
  const types: FunctionType[] = [...module.types];
  const functions: FunctionBody[] = [...module.functions];
  const exports = [...module.exports];
  const add = (name: string, type: FunctionType, bytes: Uint8Array): void => {
    functions.push({ type: types.push(type) - 1, bytes, start: 0, end: bytes.length });
    exports.push({ name, kind: EXPORT_FUNCTION, index: module.imports.length + functions.length - 1 });
  };
  add(EMPTY_ENTRY, { params: [], results: [] }, Uint8Array.of(0, WASM.end));
  for (const { name, kind, index } of module.exports) {
    if (kind !== EXPORT_FUNCTION) continue;
    const { params, results } = typeOfFunction(module, index);
    const type = { params: params.map((t) => INTEGER[t]), results: results.map((t) => INTEGER[t]) };
    add(BITS_PREFIX + name, type, encodeWrapper(params, results, index));
  }
  return { ...module, types, functions, exports, typeIds: types.map((_, index) => module.typeIds[index] ?? index) };
}

function encodeWrapper(params: readonly ValueType[], results: readonly ValueType[], index: number): Uint8Array {
  const w = createByteWriter();
  w.u32(results.length);
  for (const type of results) w.byte(1, type);
  params.forEach((type, i) => {
    w.byte(WASM.localGet);
    w.u32(i);
    if (TO_FLOAT[type] !== undefined) w.byte(TO_FLOAT[type]);
  });
  w.byte(WASM.call);
  w.u32(index);
  for (let i = results.length - 1; i >= 0; i--) {
    w.byte(WASM.localSet);
    w.u32(params.length + i);
  }
  results.forEach((type, i) => {
    w.byte(WASM.localGet);
    w.u32(params.length + i);
    if (TO_INTEGER[type] !== undefined) w.byte(TO_INTEGER[type]);
  });
  w.byte(WASM.end);
  return w.finish();
}
