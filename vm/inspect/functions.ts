// docs/vm.md#functions: tells people which function of the WebAssembly module an instruction of a program came from.
import type { Hex } from '../../protocol/hex.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { loadModule } from '../load.ts';
import { lowerModule } from '../lower/module.ts';
import { createCursor, readByte, readName, readU32 } from '../wasm/read.ts';

export type CodeFunction = {
  /** Index in the module, imports counted first. */
  readonly index: number;
  /** The name in the module's name section; undefined if that names no functions. */
  readonly name: string | undefined;
  /** Instructions of lowered code from the function's first one. */
  readonly offset: number;
};

const FUNCTION_NAMES = 1;

/**
 * Undefined if the instruction lies in no function, or if the module does not lower to the code of this root: then the
 * module says nothing about it. @@ @throws MizuError as `loadModule` and `lowerModule` do
 */
export function functionAt(wasm: Uint8Array, codeRoot: Hex, pc: number): CodeFunction | undefined {
  const module = loadModule(wasm);
  for (const callStart of [false, true]) {
    const { code, starts } = lowerModule(module, { entry: '_start', callStart });
    if (objectRoot(code) !== codeRoot) continue;
    let found: CodeFunction | undefined;
    starts.forEach((start, index) => {
      if (index >= module.imports.length && start <= pc) found = { index, name: undefined, offset: pc - start };
    });
    return found === undefined ? undefined : { ...found, name: readFunctionNames(wasm).get(found.index) };
  }
  return undefined;
}

/** Empty without a name section. */
function readFunctionNames(wasm: Uint8Array): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(wasm as BufferSource), 'name');
  if (section === undefined) return names;
  const cursor = createCursor(new Uint8Array(section));
  while (cursor.at < cursor.end) {
    const kind = readByte(cursor);
    const next = readU32(cursor) + cursor.at;
    if (kind === FUNCTION_NAMES)
      for (let left = readU32(cursor); left > 0; left--) names.set(readU32(cursor), readName(cursor));
    cursor.at = next;
  }
  return names;
}
