// docs/vm.md#program: `mizu vm inspect`: what a module imports, exports and uses, and the program it lowers to.
import { hashProgram } from '../../protocol/program.ts';
import { type Body, decodeBody } from '../../vm/decode/body.ts';
import { decodeModule } from '../../vm/decode/sections.ts';
import {
  F32,
  F64,
  type FunctionType,
  I32,
  I64,
  type Module,
  typeOfFunction,
  type ValueType,
} from '../../vm/wasm/module.ts';
import { loadModuleFile } from './module.ts';

const TYPE_NAMES: Readonly<Record<ValueType, string>> = { [I32]: 'i32', [I64]: 'i64', [F32]: 'f32', [F64]: 'f64' };
const EXPORT_KINDS = ['function', 'table', 'memory', 'global'];
const INSTRUCTION_BYTES = 16;

export type Inspection = {
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly features: readonly string[];
  readonly moduleBytes: number;
  /** Bytes with the WASI adapter in it; for a core module the same as `moduleBytes`. */
  readonly coreBytes: number;
  readonly functions: number;
  readonly dataBytes: number;
  readonly pagesInitial: number;
  readonly pagesMax: number;
  readonly loweredInstructions: number;
  readonly loweredBytes: number;
  readonly imageBytes: number;
  readonly codeRoot: string;
  readonly programId: string;
};

export async function inspectModule(path: string): Promise<Inspection> {
  const { source, core, program } = await loadModuleFile(path);
  const module = decodeModule(source);
  const { header } = program;
  return {
    imports: module.imports.map((entry) => `${entry.module}.${entry.name} ${describe(module.types[entry.type]!)}`),
    exports: module.exports.map((entry) => {
      const type = entry.kind === 0 ? ` ${describe(typeOfFunction(module, entry.index))}` : '';
      return `${EXPORT_KINDS[entry.kind] ?? 'other'} ${entry.name}${type}`;
    }),
    features: featuresOf(module),
    moduleBytes: source.length,
    coreBytes: core.length,
    functions: module.functions.length,
    dataBytes: module.data.reduce((sum, segment) => sum + segment.bytes.length, 0),
    pagesInitial: header.pagesInitial,
    pagesMax: header.pagesMax,
    loweredInstructions: program.code.length / INSTRUCTION_BYTES,
    loweredBytes: program.code.length,
    imageBytes: program.memory.length,
    codeRoot: header.codeRoot,
    programId: hashProgram(header),
  };
}

export function printInspection(inspection: Inspection): string {
  const list = (name: string, items: readonly string[]) =>
    `${name.padEnd(12)} ${items.length === 0 ? 'none' : items.join(`\n${' '.repeat(13)}`)}`;
  return [
    list('imports', inspection.imports),
    list('exports', inspection.exports),
    list('features', [inspection.features.join(', ') || 'MVP only']),
    list('module', [
      `${inspection.moduleBytes} bytes, ${inspection.functions} functions, ${inspection.dataBytes} bytes of data`,
    ]),
    list('core module', [`${inspection.coreBytes} bytes`]),
    list('memory', [`${inspection.pagesInitial} pages at first, ${inspection.pagesMax} at most (64 KiB each)`]),
    list('program', [
      `${inspection.loweredInstructions} instructions (${inspection.loweredBytes} bytes), image of ${inspection.imageBytes} bytes`,
    ]),
    list('code root', [inspection.codeRoot]),
    list('program id', [inspection.programId]),
    '',
  ].join('\n');
}

/** The features beyond the MVP, and floats, which cost most to prove. */
function featuresOf(module: Module): string[] {
  const bodies = module.functions.map(decodeBody);
  const uses = (test: (op: number, body: Body) => boolean) =>
    bodies.some((body) => body.instructions.some((instruction) => test(instruction.op, body)));
  const found: readonly (readonly [string, boolean])[] = [
    ['floats', uses((op) => isFloat(op))],
    ['sign-extension', uses((op) => op >= 0xc0 && op <= 0xc4)],
    ['non-trapping float-to-int', uses((op) => op >= 0xfc00 && op <= 0xfc07)],
    ['bulk memory', uses((op) => op >= 0xfc08 && op <= 0xfc0b)],
    ['multi-value', module.types.some((type) => type.results.length > 1)],
    [
      'mutable globals',
      module.exports.some((entry) => entry.kind === 3 && module.globals[entry.index]?.mutable === true),
    ],
  ];
  return found.filter(([, used]) => used).map(([name]) => name);
}

/** Arithmetic, comparisons and conversions of f32 and f64; loads, stores and constants are not counted. */
function isFloat(op: number): boolean {
  return (
    (op >= 0x5b && op <= 0x66) || (op >= 0x8b && op <= 0xa6) || (op >= 0xa8 && op <= 0xab) || (op >= 0xae && op <= 0xbb)
  );
}

function describe(type: FunctionType): string {
  const names = (types: readonly ValueType[]) => `(${types.map((value) => TYPE_NAMES[value]).join(', ')})`;
  return `${names(type.params)} -> ${names(type.results)}`;
}
