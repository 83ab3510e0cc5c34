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

/** Entries of a table or pages of a memory; `maximum` is undefined if the module names none. */
export type Limits = { readonly initial: number; readonly maximum: number | undefined };

export type Global = {
  readonly type: ValueType;
  readonly mutable: boolean;
  /** Initial value as the bits of a slot. */
  readonly value: bigint;
};

export type Export = { readonly name: string; readonly kind: number; readonly index: number };
export const EXPORT_FUNCTION = 0;
export const EXPORT_MEMORY = 2;
export const EXPORT_GLOBAL = 3;

export type ElementSegment = { readonly offset: number; readonly functions: readonly number[] };

export type DataSegment = {
  /** Address of an active segment; undefined for a passive one. */
  readonly address: number | undefined;
  readonly bytes: Uint8Array;
};

/** What the sections of a module say. */
export type ModuleSections = {
  readonly types: readonly FunctionType[];
  /** Function indices count imports first, then bodies. */
  readonly imports: readonly FunctionImport[];
  readonly functions: readonly FunctionBody[];
  readonly table: Limits | undefined;
  readonly memory: Limits | undefined;
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly data: readonly DataSegment[];
  readonly dataCount: number | undefined;
};

/** A decoded module, with what was found out about it on the way. */
export type Module = ModuleSections & {
  /** For each type, the first type that is structurally equal to it. */
  readonly typeIds: readonly number[];
  /** Data segments that the code names, ascending. */
  readonly namedSegments: readonly number[];
  /** True if a constant expression is more than one constant. */
  readonly extendedConstants: boolean;
  /** The weight (docs/vm.md#weight) of all functions together. */
  readonly weight: number;
};

/** Type of the function with this index, imports counted first. */
export function typeOfFunction(module: ModuleSections, index: number): FunctionType {
  return module.types[typeIndexOfFunction(module, index)]!;
}

export function typeIndexOfFunction(module: ModuleSections, index: number): number {
  const imported = module.imports[index];
  return imported === undefined ? module.functions[index - module.imports.length]!.type : imported.type;
}

/** A text that is equal for types that are structurally equal. */
export function typeKey({ params, results }: FunctionType): string {
  return `${params.join()}>${results.join()}`;
}

const TYPE_NAMES: Readonly<Record<ValueType, string>> = { [I32]: 'i32', [I64]: 'i64', [F32]: 'f32', [F64]: 'f64' };

/** The type as text, like `(i32, i64) -> (i32)`. */
export function formatType({ params, results }: FunctionType): string {
  const names = (types: readonly ValueType[]): string => types.map((type) => TYPE_NAMES[type]).join(', ');
  return `(${names(params)}) -> (${names(results)})`;
}
