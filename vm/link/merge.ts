// docs/vm.md#program: links a main module with libraries that share its memory; what nothing reaches is left out.
import { MizuError } from '../../protocol/errors.ts';
import { encodeU32 } from './bytes.ts';
import { renumberBody, walkBody } from './instructions.ts';
import { countImports, type ExportEntry, type ImportEntry, type LinkModule, typeOfFunction } from './module.ts';
import { createTypeTable, describeType } from './types.ts';

/** Module name under which a library imports functions that the main module exports. */
export const MAIN = 'main';

/** A module that answers the imports named `provides`; it has code and globals, no tables, data or memory of its own. */
export type Library = { readonly provides: string; readonly module: LinkModule };

type Unit = { readonly name: string; readonly module: LinkModule; readonly importedFunctions: readonly ImportEntry[] };
type Target =
  | { readonly kind: 'import'; readonly key: string; readonly entry: ImportEntry; readonly unit: Unit }
  | { readonly kind: 'defined'; readonly unit: Unit; readonly index: number };

/** A function of a library that the result exports. */
export type LibraryExport = { readonly library: string; readonly name: string };

/**
 * One module out of several. Imports of `mizu` stay; those of a library's name are bound to it; all others are refused.
 * `exports` names what to keep of the main module, by index in its own index spaces, and `libraryExports` of the libraries.
 */
export function mergeModules(
  main: LinkModule,
  libraries: readonly Library[],
  exports: readonly ExportEntry[],
  libraryExports: readonly LibraryExport[] = [],
): LinkModule {
  const units = [
    { name: MAIN, module: main },
    ...libraries.map((entry) => ({ name: entry.provides, module: entry.module })),
  ].map(
    (unit): Unit => ({ ...unit, importedFunctions: unit.module.imports.filter((entry) => entry.kind === 'function') }),
  );
  for (const unit of units.slice(1)) assertLibrary(unit);
  assertMainImports(main);
  const mainUnit = units[0] as Unit;
  const fromLibraries = libraryExports.map((entry) => ({ name: entry.name, target: exportOf(units, entry) }));
  const roots = [
    ...exports.filter((entry) => entry.kind === 'function').map((entry) => entry.index),
    ...(main.start === undefined ? [] : [main.start]),
    ...main.elements.flatMap((entry) => entry.functions),
  ].map((index) => resolve(units, mainUnit, index));
  const reached = reach(units, [...roots, ...fromLibraries.map((entry) => entry.target)]);
  const { numbers, imports, defined } = numberFunctions(units, reached);

  const typeTable = createTypeTable();
  const typeMaps = units.map((unit) => unit.module.types.map((type) => typeTable.add(type)));
  const globalBases = bases(units.map((unit) => unit.module.globals.length));
  const numberOf = (unit: Unit, index: number): number => numbers.get(keyOf(resolve(units, unit, index))) as number;
  const functions = defined.map(({ unit, index }) => {
    const entry = unit.module.functions[index] as LinkModule['functions'][number];
    const position = units.indexOf(unit);
    const types = typeMaps[position] as number[];
    const body = renumberBody(entry.body, (space, value) => {
      if (space === 'function') return Uint8Array.from(encodeU32(numberOf(unit, value)));
      if (space === 'type') return Uint8Array.from(encodeU32(types[value] as number));
      if (space === 'global') return Uint8Array.from(encodeU32(value + (globalBases[position] as number)));
      return Uint8Array.from(encodeU32(value));
    });
    return { type: types[entry.type] as number, body };
  });
  return {
    types: typeTable.types,
    imports: imports.map(({ entry, unit }) => ({
      ...entry,
      type: (typeMaps[units.indexOf(unit)] as number[])[entry.type as number],
    })),
    functions,
    tables: main.tables,
    memories: main.memories.length === 0 ? [{ min: 1, max: 1 }] : main.memories,
    globals: units.flatMap((unit) => unit.module.globals),
    exports: [
      ...exports.map((entry) =>
        entry.kind === 'function' ? { ...entry, index: numberOf(mainUnit, entry.index) } : entry,
      ),
      ...fromLibraries.map(({ name, target }): ExportEntry => {
        return { name, kind: 'function', index: numbers.get(keyOf(target)) as number };
      }),
    ],
    start: main.start === undefined ? undefined : numberOf(mainUnit, main.start),
    elements: main.elements.map((entry) => ({
      ...entry,
      functions: entry.functions.map((index) => numberOf(mainUnit, index)),
    })),
    datas: main.datas,
    dataCount: main.dataCount,
  };
}

function resolve(units: readonly Unit[], unit: Unit, index: number): Target {
  const imported = unit.importedFunctions[index];
  if (imported === undefined) return { kind: 'defined', unit, index: index - unit.importedFunctions.length };
  if (imported.module === 'mizu') return { kind: 'import', key: `mizu.${imported.name}`, entry: imported, unit };
  const provider = units.find((candidate) => candidate !== unit && candidate.name === imported.module);
  const found = provider?.module.exports.find((entry) => entry.kind === 'function' && entry.name === imported.name);
  if (provider === undefined || found === undefined) throw unknownImport(imported);
  const wanted = unit.module.types[imported.type as number] as Uint8Array;
  const offered = provider.module.types[typeOfFunction(provider.module, found.index)] as Uint8Array;
  if (describeType(wanted) !== describeType(offered)) {
    throw new MizuError({
      code: 'vm/import-type',
      message: `The module imports ${imported.module}.${imported.name} with the wrong type.`,
      expected: describeType(offered),
      actual: describeType(wanted),
      hint: 'Compile the module for WASI preview 1 (wasm32-wasip1).',
    });
  }
  if (found.index < provider.importedFunctions.length)
    throw new Error(`${provider.name} hands on an import as ${found.name}`);
  return { kind: 'defined', unit: provider, index: found.index - provider.importedFunctions.length };
}

function exportOf(units: readonly Unit[], { library, name }: LibraryExport): Target {
  const unit = units.find((candidate) => candidate.name === library);
  const found = unit?.module.exports.find((entry) => entry.kind === 'function' && entry.name === name);
  if (unit === undefined || found === undefined) throw new Error(`library ${library} does not export ${name}`);
  return resolve(units, unit, found.index);
}

function reach(units: readonly Unit[], roots: readonly Target[]): Map<string, Target> {
  const reached = new Map<string, Target>();
  const open = [...roots];
  for (let target = open.pop(); target !== undefined; target = open.pop()) {
    const key = keyOf(target);
    if (reached.has(key)) continue;
    reached.set(key, target);
    if (target.kind === 'import') continue;
    const { unit, index } = target;
    walkBody((unit.module.functions[index] as LinkModule['functions'][number]).body, 0, (space, callee) => {
      if (space === 'function') open.push(resolve(units, unit, callee));
    });
  }
  return reached;
}

/** Imports first, ordered by name, then the functions in the order of their modules: the result does not depend on the walk. */
function numberFunctions(units: readonly Unit[], reached: ReadonlyMap<string, Target>) {
  const targets = [...reached.values()];
  const imports = targets.filter((target) => target.kind === 'import').sort((a, b) => (a.key < b.key ? -1 : 1));
  const defined = targets
    .filter((target) => target.kind === 'defined')
    .sort((a, b) => units.indexOf(a.unit) - units.indexOf(b.unit) || a.index - b.index);
  const numbers = new Map([...imports, ...defined].map((target, index) => [keyOf(target), index]));
  return { numbers, imports, defined };
}

function keyOf(target: Target): string {
  return target.kind === 'import' ? target.key : `${target.unit.name}#${target.index}`;
}

function bases(counts: readonly number[]): number[] {
  let sum = 0;
  return counts.map((count) => {
    sum += count;
    return sum - count;
  });
}

function assertLibrary(unit: Unit): void {
  const { tables, datas, elements, memories, start } = unit.module;
  if (tables.length + datas.length + elements.length + memories.length > 0 || start !== undefined) {
    throw new Error(`library ${unit.name} must have code and globals only`);
  }
  if (countImports(unit.module, 'global') + countImports(unit.module, 'table') > 0) {
    throw new Error(`library ${unit.name} imports a global or a table`);
  }
}

function assertMainImports(main: LinkModule): void {
  const foreign = main.imports.find((entry) => entry.kind !== 'function');
  if (foreign !== undefined) throw unknownImport(foreign);
}

function unknownImport(entry: ImportEntry): MizuError {
  return new MizuError({
    code: 'vm/unknown-import',
    message: `The module imports the ${entry.kind} ${entry.module}.${entry.name}, which the DataVM does not offer.`,
    expected: 'functions of wasi_snapshot_preview1 or mizu',
    actual: `${entry.module}.${entry.name}`,
    hint: 'Compile the module for WASI preview 1 (wasm32-wasip1) as a command that reads stdin and writes stdout.',
  });
}
