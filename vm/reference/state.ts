// docs/vm.md#code: state of the reference machine.
import { INSTRUCTION_BYTES, SLOT_COUNT } from '../../protocol/isa.ts';
import { createHost, type Host } from '../host.ts';
import { PAGE_BYTES, type Program, viewSlots } from '../program.ts';
import type { ProgramRun } from '../run.ts';

export type State = {
  readonly program: Program;
  readonly code: DataView;
  readonly instructions: number;
  readonly request: ProgramRun;
  readonly host: Host;
  pc: number;
  fp: number;
  gasLeft: bigint;
  /** Gas that is still owed for the last instruction. */
  debt: bigint;
  halted: boolean;
  memory: Uint8Array;
  outputLength: number;
  readonly slots: BigUint64Array;
};

/** The state of L1's machine when a program starts. L1 starts a program that fits, and no other. */
export function createReferenceState(program: Program, request: ProgramRun): State {
  const slots = new BigUint64Array(SLOT_COUNT);
  const initial = viewSlots(program.slots);
  for (let i = 0; i * 8 < initial.byteLength; i++) slots[i] = initial.getBigUint64(i * 8);
  const memory = new Uint8Array(program.header.pagesInitial * PAGE_BYTES);
  memory.set(program.memory);
  const { code } = program;
  const state: State = {
    program,
    code: new DataView(code.buffer, code.byteOffset, code.byteLength),
    instructions: code.length / INSTRUCTION_BYTES,
    request,
    host: createHost(request, () => state.memory),
    pc: program.header.entry,
    fp: program.header.globals,
    gasLeft: request.gasLimit,
    debt: 0n,
    halted: false,
    memory,
    outputLength: 0,
    slots,
  };
  return state;
}
