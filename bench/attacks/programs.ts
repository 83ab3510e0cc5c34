// docs/operations.md#attacks: programs that are deployed to stop or to fill the nodes that run them.
import { MizuError } from '../../protocol/errors.ts';
import { INSTRUCTION_BYTES, OP } from '../../protocol/isa.ts';
import { treeRoot } from '../../protocol/tree.ts';
import { createRawProgram } from '../../test/differential/raw-subject.ts';
import { memoryDepth } from '../../vm/program.ts';
import type { Attack, Attacked } from './attack.ts';
import type { HostileDeployment, HostileUser } from './hostile-user.ts';
import { lowered } from './hostile-user.ts';
import {
  branchTableBomb,
  callBomb,
  growLoop,
  idleModule,
  liveValues,
  loopBomb,
  randomLoop,
  writeOutput,
} from './modules.ts';

const GAS = 100_000_000n;
/** Gas for an output of 64 MiB, which costs 688 million. */
const OUTPUT_GAS = 1_000_000_000n;
const NO_MODULE = Uint8Array.of(0);
const MIB = 2 ** 20;
const IMAGE_BYTES = 48 * MIB;
const INPUT_BYTES = 64 * MIB;

/**
 * Deploys the program, runs it twice (so that two threads are busy) and forces the task through L1, so that no
 * sequencer can keep it out.
 */
async function runHostile(
  user: HostileUser,
  make: (variant: number) => HostileDeployment,
  gasLimit = GAS,
): Promise<string> {
  const told: string[] = [];
  for (const variant of [0, 1]) {
    const workflow = await user.deploy([make(variant)], [{ gasLimit }]);
    const run = await user.start(workflow, { gasLimit });
    await user.force({ kind: 'Advance', run, stage: 0, partition: 0 });
    told.push(run.slice(0, 10));
  }
  return `runs ${told.join(', ')}`;
}

/** A refusal of the network is returned, not thrown: it may be the answer to the attack. */
export async function orRefusal(attack: () => Promise<string>): Promise<string> {
  try {
    return await attack();
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    return `refused: ${error.code} ${String(error.actual ?? '').slice(0, 80)}`;
  }
}

const program =
  (make: (variant: number) => HostileDeployment, gasLimit = GAS) =>
  ({ user }: Attacked): Promise<string> =>
    orRefusal(() => runHostile(user, make, gasLimit));

/** A deployment with a code of two instructions, and a module that is tried only because it is named. */
function asHint(wasm: Uint8Array, variant: number): HostileDeployment {
  return { program: lowered(idleModule(variant + 1)).program, wasm };
}

/** Raw code that jumps to itself. */
function endlessCode(variant: number): HostileDeployment {
  const code = new Uint8Array((1 + variant) * INSTRUCTION_BYTES);
  new DataView(code.buffer).setUint16(0, OP.jump);
  const none = new Uint8Array(0);
  const numbers = { pagesInitial: 0, pagesMax: 0, entry: 0, globals: 0 };
  return { program: createRawProgram({ code, memory: none, slots: none, data: none }, numbers), wasm: NO_MODULE };
}

function withImage(variant: number): HostileDeployment {
  const { program, wasm } = lowered(writeOutput(IMAGE_BYTES));
  const memory = new Uint8Array(IMAGE_BYTES).fill(1 + variant);
  const header = { ...program.header, memoryRoot: treeRoot(memory, memoryDepth(program.header.pagesMax)) };
  return { program: { ...program, memory, header }, wasm };
}

/** One task writes 64 MiB; each of the next 64 tasks reads it once. */
async function manyInputs({ user }: Attacked): Promise<string> {
  return orRefusal(async () => {
    const programs = [lowered(writeOutput(INPUT_BYTES)), lowered(idleModule(1))];
    const read = { program: 1, width: 1, gasLimit: GAS, inputs: [{ source: 0, mode: 'all' as const }] };
    const workflow = await user.deploy(programs, [{ width: 64, gasLimit: OUTPUT_GAS, sink: false }, read]);
    return `run ${await user.start(workflow, { gasLimit: OUTPUT_GAS })}`;
  });
}

async function images({ user }: Attacked, signal: AbortSignal): Promise<string> {
  return orRefusal(async () => {
    const workflow = await user.deploy(
      [withImage(0), withImage(1)],
      [{ gasLimit: OUTPUT_GAS }, { gasLimit: OUTPUT_GAS, program: 1 }],
    );
    let runs = 0;
    for (; runs < 6 && !signal.aborted; runs++) await user.start(workflow, { gasLimit: OUTPUT_GAS });
    return `${runs} runs of 2 programs with images of 48 MiB`;
  });
}

export const PROGRAM_ATTACKS: readonly Attack[] = [
  { name: 'callbomb', what: 'a function of 450,000 calls', begin: program((v) => lowered(callBomb(450_000 + v))) },
  {
    name: 'grow',
    what: 'memory.grow(0) of 1 GiB, its module withheld',
    begin: program((v) => ({ ...lowered(growLoop(2_000 + v)), wasm: NO_MODULE })),
  },
  {
    name: 'recursion',
    what: '300 values that live over a recursion',
    begin: program((v) => lowered(liveValues(300, 1_500 + v))),
  },
  { name: 'random', what: '1,000,000 random numbers', begin: program((v) => lowered(randomLoop(1_000_000 + v))) },
  { name: 'endless', what: 'raw code that jumps to itself', begin: program(endlessCode) },
  { name: 'inputs', what: '64 inputs of 64 MiB', begin: manyInputs },
  {
    name: 'br_table',
    what: 'a module with a br_table of 998 values, named by other code',
    begin: program((v) => asHint(branchTableBomb(998, 65_000 + v), v)),
  },
  {
    name: 'loops',
    what: 'a module of 32,000 locals and 4,000 loops, named by other code',
    begin: program((v) => asHint(loopBomb(32_000, 4_000 + v), v)),
  },
  { name: 'images', what: 'programs with images of 48 MiB by turns', begin: images },
];
