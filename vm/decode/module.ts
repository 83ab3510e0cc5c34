// docs/vm.md#program: a WebAssembly module, taken apart; function bodies stay bytes until they are lowered.

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64;

export type FunctionType = { readonly params: readonly ValueType[]; readonly results: readonly ValueType[] };

export type FunctionImport = { readonly module: string; readonly name: string; readonly type: number };

/** Body of a function: its locals and instructions lie in `bytes[start, end)`. */
export type FunctionBody = {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
};

export type Global = {
  readonly type: ValueType;
  readonly mutable: boolean;
  /** Initial value as the bits of a slot. */
  readonly value: bigint;
};

export type Export = { readonly name: string; readonly kind: number; readonly index: number };
export const EXPORT_FUNCTION = 0;
export const EXPORT_MEMORY = 2;

export type ElementSegment = { readonly offset: number; readonly functions: readonly number[] };

export type DataSegment = {
  /** Address of an active segment; undefined for a passive one. */
  readonly address: number | undefined;
  readonly bytes: Uint8Array;
};

export type Module = {
  readonly types: readonly FunctionType[];
  /** For each type, the first type that is structurally equal to it. */
  readonly typeIds: readonly number[];
  /** Function indices count imports first, then bodies. */
  readonly imports: readonly FunctionImport[];
  readonly functions: readonly FunctionBody[];
  readonly tableSize: number | undefined;
  readonly memory: { readonly initial: number; readonly maximum: number | undefined } | undefined;
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly data: readonly DataSegment[];
  readonly dataCount: number | undefined;
  /** Data segments that the code names, ascending. */
  readonly namedSegments: readonly number[];
  /** True if a constant expression is more than one constant. */
  readonly extendedConstants: boolean;
  /** docs/vm.md#weight, of all functions. */
  readonly weight: number;
};

/** Type of the function with this index, imports counted first. */
export function typeOfFunction(module: Module, index: number): FunctionType {
  const imported = module.imports[index];
  const type = imported === undefined ? module.functions[index - module.imports.length]!.type : imported.type;
  return module.types[type]!;
}

export function typeIndexOfFunction(module: Module, index: number): number {
  const imported = module.imports[index];
  return imported === undefined ? module.functions[index - module.imports.length]!.type : imported.type;
}
