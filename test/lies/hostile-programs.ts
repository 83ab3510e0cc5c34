// docs/disputes.md#lies: programs that are deployed to make an honest node fail, or end otherwise than L1 judges.

import {
  branchTableBomb,
  callBomb,
  growLoop,
  idleModule,
  liveValues,
  loopBomb,
  randomLoop,
} from '../../bench/attacks/modules.ts';
import { INSTRUCTION_BYTES, OP, SLOT_COUNT } from '../../protocol/isa.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import { withParts } from '../differential/nearly.ts';
import { writeFields } from '../differential/raw-code.ts';
import { createRawProgram, createRawSubject } from '../differential/raw-subject.ts';
import { assemble } from '../modules/test-modules.fixture.ts';

export type HostileProgram = {
  readonly name: string;
  readonly program: Program;
  /** What is named as its module: it may be any bytes. */
  readonly wasm: Uint8Array;
  readonly gasLimit: bigint;
};

const NONE = new Uint8Array(0);
const NO_MODULE = new TextEncoder().encode('no module');
const GAS = 2_000_000n;

function lowered(name: string, wasm: Uint8Array, gasLimit = GAS): HostileProgram {
  return { name, program: createProgram({ module: loadModule(wasm) }), wasm, gasLimit };
}

function raw(
  name: string,
  instructions: readonly (readonly [op: number, imm: bigint])[],
  { globals = 0, slots = NONE, gasLimit = 1_000n }: { globals?: number; slots?: Uint8Array; gasLimit?: bigint } = {},
): HostileProgram {
  const code = new Uint8Array(instructions.length * INSTRUCTION_BYTES);
  instructions.forEach(([op, imm], i) => {
    writeFields(code, i, { op, a: 0, b: 0, c: 0, imm });
  });
  const numbers = { pagesInitial: 1, pagesMax: 1, entry: 0, globals };
  return {
    name,
    program: createRawProgram({ code, memory: NONE, slots, data: NONE }, numbers),
    wasm: NO_MODULE,
    gasLimit,
  };
}

function random(seed: number): HostileProgram {
  const { program, kind } = createRawSubject(seed);
  return { name: `random code ${seed} (${kind})`, program, wasm: NO_MODULE, gasLimit: 1_000n };
}

/** The deployed slot says that the segment is shorter than the module does. */
function shortSegment(): HostileProgram {
  const wasm =
    assemble(`(module (import "mizu" "output_write" (func $write (param i32 i32))) (memory 1) (data "abcdefgh")
    (func (export "_start") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 8)) (call $write (i32.const 0) (i32.const 8))))`);
  const program = createProgram({ module: loadModule(wasm) });
  const slots = program.slots.slice();
  slots[7] = 3;
  return {
    name: 'a segment shorter than its module says',
    program: withParts(program, { slots }),
    wasm,
    gasLimit: GAS,
  };
}

const ENTER_HALT = [
  [OP.enter, 1n],
  [OP.halt, 0n],
] as const;

export function hostilePrograms(): HostileProgram[] {
  const idle = (name: string, pages: number, wasm: Uint8Array): HostileProgram => ({
    ...lowered(name, idleModule(pages)),
    wasm,
  });
  return [
    raw('globals 65,536', ENTER_HALT, { globals: SLOT_COUNT }),
    raw('globals 2^32 - 1', ENTER_HALT, { globals: 2 ** 32 - 1 }),
    raw('slots of 3 bytes', ENTER_HALT, { slots: Uint8Array.of(1, 1, 1) }),
    raw('a jump to itself', [[OP.jump, 0n]]),
    raw('a jump behind the end', [[OP.jump, 2n ** 32n - 1n]]),
    shortSegment(),
    random(1_000_001),
    random(1_000_003),
    random(1_000_012),
    lowered('call bomb', callBomb(450_000)),
    lowered('300 values alive over a recursion', liveValues(300, 1_000), 20_000_000n),
    idle('br_table bomb as its module', 1, branchTableBomb(998, 4_000)),
    idle('loop bomb as its module', 2, loopBomb(32_000, 4_000)),
    { ...lowered('memory.grow without its module', growLoop(200, 1024)), wasm: NO_MODULE },
    { ...lowered('random without its module', randomLoop(2_000)), wasm: NO_MODULE },
  ];
}
