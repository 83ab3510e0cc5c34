// docs/vm.md#code: lowers a module: entry stub, function table, functions.
import { MizuError } from '../../protocol/errors.ts';
import { NULL_TYPE, OP } from '../../protocol/isa.ts';
import { EXPORT_FUNCTION, type FunctionBody, type Module, typeIndexOfFunction } from '../wasm/module.ts';
import { moduleTooLarge } from '../wasm/read.ts';
import { createCodeBuffer } from './code-buffer.ts';
import type { DataPlace, LowerContext } from './context.ts';
import { lowerFunction } from './function.ts';
import { wrapHostFunctions } from './host-wrappers.ts';
import type { FunctionPlan } from './plan.ts';

/** Instructions of one program: 2^24, 256 MiB of code. */
const CODE_INSTRUCTIONS_MAX = 2 ** 24;

export type LoweredModule = {
  /** The module with host functions wrapped: what the plans and function indices refer to. */
  readonly module: Module;
  readonly code: Uint8Array;
  /** Index of the first instruction of each function; imports are counted first and have 0. */
  readonly starts: readonly number[];
  /** Values of the slots before the first frame. */
  readonly slots: BigUint64Array;
  /** Absolute slot of each mutable global. */
  readonly globalSlots: readonly (number | undefined)[];
  /** Places of the data segments that the code names. */
  readonly segments: ReadonlyMap<number, DataPlace>;
  readonly data: Uint8Array;
  /** Elements of the function table: function index, or undefined. */
  readonly table: readonly (number | undefined)[];
  /** Instruction that halts the run: the end of the entry stub. */
  readonly haltAt: number;
};

export type LowerOptions = {
  /** Name of the exported function that the run calls. */
  readonly entry: string;
  /** False if the program starts from a state that was taken after the start function had run. */
  readonly callStart: boolean;
  /**
   * Called for each function of the wrapped module once it is lowered, in order: all plans together are too large to
   * keep.
   */
  readonly onFunction?: ((func: FunctionBody, plan: FunctionPlan) => void) | undefined;
  /** The lowering ends as soon as there are more instructions; the default is 2^24. */
  readonly maxInstructions?: number | undefined;
};

/** @throws MizuError `vm/no-entry`, `vm/too-large` or `vm/table-out-of-bounds` */
export function lowerModule(source: Module, options: LowerOptions): LoweredModule {
  const { entry, callStart, onFunction, maxInstructions = CODE_INSTRUCTIONS_MAX } = options;
  const limit = Math.min(maxInstructions, CODE_INSTRUCTIONS_MAX);
  const tableSize = source.table?.initial ?? 0;
  if (tableSize > limit) throw moduleTooLarge('instructions', limit, tableSize, 0);
  const module = wrapHostFunctions(source);
  const entryIndex = findEntry(module, entry);
  const table = buildTable(module);
  const code = createCodeBuffer(limit);
  const state = placeState(module);
  const calls: LowerContext['calls'][number][] = [];
  if (callStart && module.start !== undefined) {
    calls.push({ at: code.length(), target: module.start });
    code.emit(OP.call);
  }
  calls.push({ at: code.length(), target: entryIndex });
  code.emit(OP.call);
  const haltAt = code.length();
  code.emit(OP.halt);
  const tableBase = code.length();
  for (const index of table)
    code.emit(OP.entry, 0, 0, 0, index === undefined ? NULL_TYPE : module.typeIds[typeIndexOfFunction(module, index)]!);
  const context: LowerContext = { module, code, tableBase, calls, ...state };
  const starts: number[] = module.imports.map(() => 0);
  for (const func of module.functions) {
    starts.push(code.length());
    const plan = lowerFunction(context, func);
    if (code.length() > limit) throw moduleTooLarge('instructions', limit, code.length(), func.start);
    onFunction?.(func, plan);
  }
  for (const { at, target } of calls) code.patch(at, starts[target]!);
  table.forEach((index, position) => {
    if (index !== undefined) code.patch(tableBase + position, starts[index]!);
  });
  const { globalSlots, slots, segments, data } = state;
  return { module, code: code.finish(), starts, slots, globalSlots, segments, data, table, haltAt };
}

function findEntry(module: Module, name: string): number {
  const found = module.exports.find((e) => e.name === name && e.kind === EXPORT_FUNCTION);
  const type = found && module.types[typeIndexOfFunction(module, found.index)]!;
  if (found !== undefined && type?.params.length === 0 && type.results.length === 0) return found.index;
  throw new MizuError({
    code: 'vm/no-entry',
    message: `The module has no entry function ${name}.`,
    expected: `an exported function ${name} without parameters and results`,
    actual: found === undefined ? `exports: ${module.exports.map((e) => e.name).join(', ') || 'none'}` : 'another type',
    hint: 'Build a WASI command (it exports _start), or name another entry.',
  });
}

function buildTable(module: Module): (number | undefined)[] {
  const size = module.table?.initial ?? 0;
  const table: (number | undefined)[] = new Array(size).fill(undefined);
  for (const { offset, functions } of module.elements) {
    if (offset + functions.length > size)
      throw new MizuError({
        code: 'vm/table-out-of-bounds',
        message: 'An element segment does not fit the function table.',
        expected: `at most ${size} entries`,
        actual: `${functions.length} at ${offset}`,
        hint: 'Such a module cannot be instantiated.',
      });
    functions.forEach((index, i) => {
      table[offset + i] = index;
    });
  }
  return table;
}

type State = {
  slots: BigUint64Array;
  globalSlots: (number | undefined)[];
  segments: Map<number, DataPlace>;
  data: Uint8Array;
};

// Mutable globals come first, then the lengths of the data segments that the code names.
function placeState(module: Module): State {
  const values: bigint[] = [];
  const globalSlots = module.globals.map((global) => (global.mutable ? values.push(global.value) - 1 : undefined));
  const segments = new Map<number, DataPlace>();
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const index of module.namedSegments) {
    const segment = module.data[index]!;
    // An active segment is dropped when the program starts.
    const bytes = segment.address === undefined ? segment.bytes : new Uint8Array(0);
    segments.set(index, { lengthSlot: values.push(BigInt(bytes.length)) - 1, offset });
    parts.push(bytes);
    offset += bytes.length;
  }
  const data = new Uint8Array(offset);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { slots: BigUint64Array.from(values), globalSlots, segments, data };
}
