// docs/vm.md#engines: a plain interpreter of the lowered code: the oracle that tests hold other engines against.
import { gasOf, IMMEDIATE_BIT, INSTRUCTION_BYTES, instructionOf, SLOT_COUNT } from '../../protocol/isa.ts';
import { requireFit } from '../fit.ts';
import { HostExit, HostFault } from '../host.ts';
import type { Program } from '../program.ts';
import { faultResult, type ProgramRun, type RunResult } from '../run.ts';
import { CONTROL } from './control.ts';
import { MachineFault } from './fault.ts';
import { HOST_CALLS } from './host-calls.ts';
import { MEMORY } from './memory.ts';
import { type Handler, PLAIN_OPERATIONS, type PlainOperands } from './plain.ts';
import { createReferenceState, type State } from './state.ts';

const handlers: (Handler | undefined)[] = [];
for (const table of [CONTROL, PLAIN_OPERATIONS, MEMORY, HOST_CALLS])
  for (const [op, handler] of table) handlers[op] = handler;

/**
 * Runs a program instruction by instruction.
 * @throws MizuError `vm/unfit-program`
 */
export function runReference(program: Program, request: ProgramRun): RunResult {
  requireFit(program);
  const state = createReferenceState(program, request);
  try {
    runToHalt(state);
  } catch (thrown) {
    if (thrown instanceof HostExit) return finish(state, thrown.code, thrown.committed);
    if (thrown instanceof MachineFault)
      return faultResult(request.gasLimit, { kind: thrown.kind, message: thrown.message });
    if (thrown instanceof HostFault) return faultResult(request.gasLimit, { kind: 'host', message: thrown.message });
    throw thrown;
  }
  return finish(state, 0, undefined);
}

/** @throws MachineFault, HostFault, HostExit */
export function runToHalt(state: State): void {
  state.halted = false;
  while (!state.halted) {
    payDebt(state);
    step(state);
  }
}

/** Pays what is owed, as far as the gas goes. */
function payDebt(state: State): void {
  let paid = state.debt;
  if (paid > state.gasLeft) paid = state.gasLeft;
  state.debt -= paid;
  state.gasLeft -= paid;
}

/** Does one step of the machine: executes an instruction, or pays one gas of what the last instruction costs. */
export function step(state: State): void {
  if (state.gasLeft === 0n) throw new MachineFault('out-of-gas', 'The run used up its gas.');
  state.gasLeft--;
  if (state.debt > 0n) {
    state.debt--;
    return;
  }
  if (state.pc >= state.instructions) throw new MachineFault('trap', `no instruction ${state.pc}`);
  const at = state.pc * INSTRUCTION_BYTES;
  const { code, fp } = state;
  const op = code.getUint16(at);
  const immediate = (op & IMMEDIATE_BIT) !== 0;
  const number = op & ~IMMEDIATE_BIT;
  const handler = handlers[number];
  if (handler === undefined) throw new MachineFault('trap', `undefined instruction ${op}`);
  if (immediate && !takesImmediate(number)) throw new MachineFault('trap', `instruction ${number} takes no immediate`);
  const operands: PlainOperands = {
    immediate,
    a: code.getUint16(at + 2),
    b: code.getUint16(at + 4),
    c: code.getUint16(at + 6),
    high: code.getUint32(at + 8),
    low: code.getUint32(at + 12),
    slotA: (fp + code.getUint16(at + 2)) % SLOT_COUNT,
    slotB: (fp + code.getUint16(at + 4)) % SLOT_COUNT,
    slotC: (fp + code.getUint16(at + 6)) % SLOT_COUNT,
  };
  state.pc++;
  state.debt = BigInt(gasOf(number) - 1);
  handler(state, operands);
}

function takesImmediate(op: number): boolean {
  return IMMEDIATE_SHAPES.has(instructionOf(op)!.shape);
}

const IMMEDIATE_SHAPES = new Set<string>(['unary', 'binary', 'globalSet', 'load', 'store']);

function finish(state: State, status: number, committed: Uint8Array | undefined): RunResult {
  return { status, output: state.host.output(), gasUsed: state.request.gasLimit - state.gasLeft, committed };
}
