// docs/vm.md#code: a host function that is called through the table, exported or the start function gets a function of
// its own.
import { EXPORT_FUNCTION, type FunctionBody, type Module } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';

/** The same module, but imports are called directly only. */
export function wrapHostFunctions(module: Module): Module {
  const wrappers = new Map<number, number>();
  const functions: FunctionBody[] = [...module.functions];
  const wrap = (index: number): number => {
    const imported = module.imports[index];
    if (imported === undefined) return index;
    const known = wrappers.get(index);
    if (known !== undefined) return known;
    const bytes = encodeWrapper(module.types[imported.type]!.params.length, index);
    const wrapper = module.imports.length + functions.length;
    functions.push({ type: imported.type, bytes, start: 0, end: bytes.length });
    wrappers.set(index, wrapper);
    return wrapper;
  };
  const elements = module.elements.map((segment) => ({ ...segment, functions: segment.functions.map(wrap) }));
  const exports = module.exports.map((e) => (e.kind === EXPORT_FUNCTION ? { ...e, index: wrap(e.index) } : e));
  const start = module.start === undefined ? undefined : wrap(module.start);
  return { ...module, functions, elements, exports, start };
}

// Host functions have at most 4 parameters and a module at most 1000 imports: two bytes of LEB128 hold the index.
function encodeWrapper(params: number, index: number): Uint8Array {
  const code = [0];
  for (let i = 0; i < params; i++) code.push(WASM.localGet, i);
  return Uint8Array.from([...code, WASM.call, (index & 0x7f) | 0x80, index >> 7, WASM.end]);
}
