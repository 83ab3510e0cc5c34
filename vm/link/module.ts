// docs/vm.md#program: a WebAssembly module taken apart just far enough to link it; code stays as bytes.

export type ExternalKind = 'function' | 'table' | 'memory' | 'global';

export type Limits = { readonly min: number; readonly max: number | undefined };

export type ImportEntry = {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  /** Index into `types`; only a function import has one. */
  readonly type: number | undefined;
};

export type GlobalEntry = {
  readonly valueType: number;
  readonly mutable: boolean;
  /** The initialiser expression with its `end`. */
  readonly init: Uint8Array;
};

export type ExportEntry = { readonly name: string; readonly kind: ExternalKind; readonly index: number };

export type FunctionEntry = {
  readonly type: number;
  /** Local declarations and expression, without the length in front. */
  readonly body: Uint8Array;
};

export type ElementSegment = { readonly offset: Uint8Array; readonly functions: readonly number[] };

/** `offset` is the expression with its `end`; a passive segment has none. */
export type DataSegment = { readonly offset: Uint8Array | undefined; readonly bytes: Uint8Array };

export type LinkModule = {
  /** Each type as its encoded bytes, `0x60` first. */
  readonly types: readonly Uint8Array[];
  readonly imports: readonly ImportEntry[];
  /** The functions that the module defines; their indices follow the imported ones. */
  readonly functions: readonly FunctionEntry[];
  readonly tables: readonly Limits[];
  readonly memories: readonly Limits[];
  readonly globals: readonly GlobalEntry[];
  readonly exports: readonly ExportEntry[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly datas: readonly DataSegment[];
  /** Code that names data segments must be preceded by their count. */
  readonly dataCount: boolean;
};

export function countImports(module: LinkModule, kind: ExternalKind): number {
  return module.imports.reduce((count, entry) => count + (entry.kind === kind ? 1 : 0), 0);
}

/** The type index of a function by its index in the whole function index space. */
export function typeOfFunction(module: LinkModule, index: number): number {
  const imported = module.imports.filter((entry) => entry.kind === 'function');
  const type = index < imported.length ? imported[index]?.type : module.functions[index - imported.length]?.type;
  if (type === undefined) throw new Error(`function ${index} does not exist`);
  return type;
}
