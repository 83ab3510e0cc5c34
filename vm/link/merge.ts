// docs/vm.md#program: links a main module with libraries that share its memory; what cannot be reached is left out.
import { MizuError } from '../../protocol/errors.ts';
import {
  EXPORT_FUNCTION,
  type Export,
  type FunctionImport,
  type FunctionType,
  formatType,
  type ModuleSections,
  typeKey,
  typeOfFunction,
} from '../wasm/module.ts';
import { renumberBody, visitIndices } from './renumber.ts';

/** Module name under which a library imports functions that the main module exports. */
export const MAIN = 'main';

/**
 * A module that answers the imports whose module name is `provides`. It has code and globals, but no tables, data or
 * memory of its own.
 */
export type Library = { readonly provides: string; readonly module: ModuleSections };

type Unit = { readonly name: string; readonly module: ModuleSections };
type Target =
  | { readonly kind: 'import'; readonly key: string; readonly entry: FunctionImport; readonly unit: Unit }
  | { readonly kind: 'defined'; readonly unit: Unit; readonly index: number };

/** A function of a library that the result exports. */
export type LibraryExport = { readonly library: string; readonly name: string };

/**
 * Makes one module out of several. Imports of `mizu` stay, those of a library's name are bound to it, and all others
 * are refused. `exports` names what to keep of the main module, by index in its own index spaces, and `libraryExports`
 * what to keep of the libraries.
 */
export function mergeModules(
  main: ModuleSections,
  libraries: readonly Library[],
  exports: readonly Export[],
  libraryExports: readonly LibraryExport[] = [],
): ModuleSections {
  const units: Unit[] = [
    { name: MAIN, module: main },
    ...libraries.map((entry) => ({ name: entry.provides, module: entry.module })),
  ];
  for (const unit of units.slice(1)) assertLibrary(unit);
  const mainUnit = units[0] as Unit;
  const fromLibraries = libraryExports.map((entry) => ({ name: entry.name, target: exportOf(units, entry) }));
  const roots = [
    ...exports.filter((entry) => entry.kind === EXPORT_FUNCTION).map((entry) => entry.index),
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
    const body = unit.module.functions[index]!;
    const position = units.indexOf(unit);
    const types = typeMaps[position]!;
    return renumberBody(body, types[body.type]!, (space, value) => {
      if (space === 'function') return numberOf(unit, value);
      return space === 'type' ? types[value]! : value + globalBases[position]!;
    });
  });
  return {
    types: typeTable.types,
    imports: imports.map(({ entry, unit }) => ({
      ...entry,
      type: typeMaps[units.indexOf(unit)]![entry.type]!,
    })),
    functions,
    table: main.table,
    memory: main.memory ?? { initial: 1, maximum: 1 },
    globals: units.flatMap((unit) => unit.module.globals),
    exports: [
      ...exports.map((entry) =>
        entry.kind === EXPORT_FUNCTION ? { ...entry, index: numberOf(mainUnit, entry.index) } : entry,
      ),
      ...fromLibraries.map(({ name, target }): Export => {
        return { name, kind: EXPORT_FUNCTION, index: numbers.get(keyOf(target)) as number };
      }),
    ],
    start: main.start === undefined ? undefined : numberOf(mainUnit, main.start),
    elements: main.elements.map((entry) => ({
      ...entry,
      functions: entry.functions.map((index) => numberOf(mainUnit, index)),
    })),
    data: main.data,
    dataCount: main.dataCount,
  };
}

function resolve(units: readonly Unit[], unit: Unit, index: number): Target {
  const imported = unit.module.imports[index];
  if (imported === undefined) return { kind: 'defined', unit, index: index - unit.module.imports.length };
  if (imported.module === 'mizu') return { kind: 'import', key: `mizu.${imported.name}`, entry: imported, unit };
  const provider = units.find((candidate) => candidate !== unit && candidate.name === imported.module);
  const found = provider?.module.exports.find(
    (entry) => entry.kind === EXPORT_FUNCTION && entry.name === imported.name,
  );
  if (provider === undefined || found === undefined) throw unknownImport(imported);
  const wanted = unit.module.types[imported.type]!;
  const offered = typeOfFunction(provider.module, found.index);
  if (typeKey(wanted) !== typeKey(offered)) {
    throw new MizuError({
      code: 'vm/import-type',
      message: `The module imports ${imported.module}.${imported.name} with the wrong type.`,
      expected: formatType(offered),
      actual: formatType(wanted),
      hint: 'Compile the module for WASI preview 1 (wasm32-wasip1).',
    });
  }
  if (found.index < provider.module.imports.length)
    throw new Error(`${provider.name} hands on an import as ${found.name}`);
  return { kind: 'defined', unit: provider, index: found.index - provider.module.imports.length };
}

function exportOf(units: readonly Unit[], { library, name }: LibraryExport): Target {
  const unit = units.find((candidate) => candidate.name === library);
  const found = unit?.module.exports.find((entry) => entry.kind === EXPORT_FUNCTION && entry.name === name);
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
    visitIndices(unit.module.functions[index]!, (space, callee) => {
      if (space === 'function') open.push(resolve(units, unit, callee));
    });
  }
  return reached;
}

/**
 * Imports first, ordered by name, then the functions in the order of their modules: the result does not depend on the
 * walk.
 */
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

/** Gives equal types one number. */
function createTypeTable() {
  const types: FunctionType[] = [];
  const numbers = new Map<string, number>();
  return {
    types,
    add(type: FunctionType): number {
      const key = typeKey(type);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, types.length);
      return types.push(type) - 1;
    },
  };
}

function assertLibrary({ name, module }: Unit): void {
  const { table, memory, data, elements, start } = module;
  if (table !== undefined || memory !== undefined || data.length + elements.length > 0 || start !== undefined)
    throw new Error(`library ${name} must have code and globals only`);
}

function unknownImport(entry: FunctionImport): MizuError {
  return new MizuError({
    code: 'vm/unknown-import',
    message: `The module imports the function ${entry.module}.${entry.name}, which the DataVM does not offer.`,
    expected: 'functions of wasi_snapshot_preview1 or mizu',
    actual: `${entry.module}.${entry.name}`,
    hint: 'Compile the module for WASI preview 1 (wasm32-wasip1) as a command that reads stdin and writes stdout.',
  });
}
