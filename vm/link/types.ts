// docs/vm.md#program: function types, made unique and readable.
import { createReader, readByte, readU32 } from './bytes.ts';

const VALUE_TYPES: Readonly<Record<number, string>> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64' };

export type TypeTable = { readonly types: Uint8Array[]; add(type: Uint8Array): number };

/** Equal types get one number. */
export function createTypeTable(): TypeTable {
  const types: Uint8Array[] = [];
  const numbers = new Map<string, number>();
  return {
    types,
    add(type) {
      const key = describeType(type);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, types.length);
      return types.push(type) - 1;
    },
  };
}

/** `(i32, i64) -> (i32)` */
export function describeType(type: Uint8Array): string {
  const reader = createReader(type, 1);
  const list = () => {
    const count = readU32(reader);
    return Array.from({ length: count }, () => {
      const code = readByte(reader);
      return VALUE_TYPES[code] ?? `0x${code.toString(16)}`;
    }).join(', ');
  };
  const parameters = list();
  return `(${parameters}) -> (${list()})`;
}
