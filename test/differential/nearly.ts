// docs/vm.md#engines: a deployed program that is nearly what its module lowers to: one field of the header, or one byte of a part, is another.
import { isDeepStrictEqual } from 'node:util';
import { SLOT_TREE_DEPTH } from '../../protocol/isa.ts';
import { objectRoot, treeRoot } from '../../protocol/tree.ts';
import { createNativeEngine, type NativeEngine } from '../../vm/native/engine.ts';
import { memoryDepth, type Program, SLOT_BYTES } from '../../vm/program.ts';
import { runReference } from '../../vm/reference/machine.ts';
import type { ProgramRun, RunResult } from '../../vm/run.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import type { Random } from './random.ts';

export type DeployedProgram = { readonly wasm: Uint8Array; readonly program: Program };

/** The program with these parts, under a header that names them. */
export function withParts(program: Program, parts: Partial<Program>): Program {
  const { header, code, memory, slots, data } = { ...program, ...parts };
  return {
    code,
    memory,
    slots,
    data,
    header: {
      ...header,
      codeRoot: objectRoot(code),
      memoryRoot: treeRoot(memory, memoryDepth(header.pagesMax)),
      slotsRoot: treeRoot(slots, SLOT_TREE_DEPTH),
      dataRoot: objectRoot(data),
    },
  };
}

/** The program with so many globals; those that are new are zero. */
export function withGlobals(program: Program, globals: number): Program {
  const slots = new Uint8Array(globals * SLOT_BYTES);
  slots.set(program.slots.subarray(0, slots.length));
  return withParts({ ...program, header: { ...program.header, globals } }, { slots });
}

const PARTS = ['code', 'code', 'slots', 'slots', 'memory', 'data'] as const;
const NUMBERS = ['globals', 'pagesInitial', 'pagesMax'] as const;

/** Another program than the module's; one in six by a number of its header. */
export function almost(program: Program, random: Random): Program {
  if (random.chance(6)) {
    const name = random.pick(NUMBERS);
    if (name === 'globals') return withGlobals(program, program.header.globals + 1);
    const header = { ...program.header, [name]: program.header[name] + 1 };
    if (header.pagesInitial > header.pagesMax) header.pagesMax = header.pagesInitial;
    return withParts({ ...program, header }, {});
  }
  const name = random.pick(PARTS);
  const bytes = program[name].slice();
  if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  // A module without data, memory or globals: more of it is another program, too, if it fits.
  else if (name === 'memory' && program.header.pagesInitial > 0)
    return withParts(program, { memory: Uint8Array.of(1 + random.below(255)) });
  else return almost(program, random);
  return withParts(program, { [name]: bytes });
}

/** What keeps the native engine from the common result; undefined if nothing does. `isNative` is told whether it ran at all. */
export function compareNearly(
  { wasm, program }: DeployedProgram,
  request: ProgramRun,
  engine: NativeEngine = createNativeEngine(),
  isNative: (native: boolean) => void = () => undefined,
): string | undefined {
  const stepped = createStepMachine({ program, ...request }).runToEnd();
  const plain = endOf(runReference(program, request));
  if (!isDeepStrictEqual(stepped, plain)) return `step ${tell(stepped)}, reference ${tell(plain)}`;
  for (const fromImage of [false, true]) {
    const loaded = engine.load({ ...program, wasm, fromImage });
    isNative(loaded.kind === 'native');
    if (loaded.kind !== 'native') continue;
    const native = endOf(engine.run(loaded, request));
    if (!isDeepStrictEqual(native, plain)) return `native ${tell(native)}, reference ${tell(plain)}`;
  }
  return undefined;
}

function endOf({ status, output, gasUsed }: Pick<RunResult, 'status' | 'output' | 'gasUsed'>) {
  return { status, output, gasUsed };
}

function tell({ status, gasUsed, output }: ReturnType<typeof endOf>): string {
  return `status ${status}, ${gasUsed} gas, ${output.length} bytes ${Buffer.from(output.subarray(0, 32)).toString('hex')}`;
}
