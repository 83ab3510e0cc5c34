// docs/machine.md: a readable trace of instructions: operands before, result after.
import { SLOT_COUNT } from '../../protocol/isa.ts';
import { MACHINE_KIND } from './encode.ts';
import { type Fetched, fetchInstruction, memoryAddressOf, readSlot } from './fetch.ts';
import { cannotFetch, type Machine } from './machine.ts';
import type { StepMachine } from './step-machine.ts';

export type TraceLine = {
  readonly position: bigint;
  readonly program: 'user' | 'kernel';
  readonly pc: number;
  readonly fp: number;
  readonly gasLeft: bigint;
  /** Name of the instruction, `#` behind it if its last operand is immediate. */
  readonly name: string;
  /** What it reads. */
  readonly operands: string;
  /** What it did: the slot written, where it went, or how it ended. */
  readonly effect: string;
};

/** Executes up to `count` instructions and tells what each did. */
export function* traceSteps(steps: StepMachine, count: number): Generator<TraceLine> {
  for (let i = 0; i < count; i++) {
    const machine = steps.machine();
    if (machine === undefined) return;
    const { pc, fp, gasLeft } = machine;
    const position = steps.position();
    const owed = machine.debt > 0n;
    const fetched = cannotFetch(machine) || owed ? undefined : fetchInstruction(machine);
    const operands = fetched === undefined ? '' : operandsOf(machine, fetched);
    const pages = machine.core.size();
    steps.runTo(position + 1n);
    yield {
      position,
      program: machine.options.kind === MACHINE_KIND.kernel ? 'kernel' : 'user',
      pc,
      fp,
      gasLeft,
      name: owed ? 'debt' : nameOf(fetched),
      operands,
      effect:
        owed && machine.stop === undefined
          ? `${machine.debt} gas owed`
          : effectOf(steps, machine, fetched, { pc, fp, pages }),
    };
  }
}

export function printTraceLine(line: TraceLine): string {
  const place = `${String(line.position).padStart(12)} ${line.program.padEnd(6)} pc ${String(line.pc).padStart(7)} fp ${String(line.fp).padStart(5)}`;
  return `${place}  ${line.name.padEnd(20)} ${line.operands.padEnd(40)} ${line.effect}`.trimEnd();
}

/** The name of an instruction in traces and tables. */
export function nameOf(fetched: Fetched | undefined): string {
  if (fetched === undefined) return 'no instruction';
  const { instruction, immediate, op } = fetched;
  return instruction === undefined ? `undefined 0x${op.toString(16)}` : `${instruction.name}${immediate ? '#' : ''}`;
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

function operandsOf(machine: Machine, fetched: Fetched): string {
  const { instruction, immediate, a, b, c, imm, high, low } = fetched;
  const slot = (field: number): string => `s${field}=${hex(readSlot(machine, machine.fp + field))}`;
  const last = (field: number): string => (immediate ? `#${hex(imm)}` : slot(field));
  switch (instruction?.shape) {
    case 'jump':
      return `to ${low}`;
    case 'branch':
      return `${slot(b)} to ${low}`;
    case 'brTable':
      return `${slot(b)} of ${low}`;
    case 'call':
      return `${low} frame +${a}`;
    case 'callIndirect':
      return `${slot(c)} type ${low} frame +${a}`;
    case 'tableGet':
      return `${slot(b)} of ${low} at ${high}`;
    case 'return':
      return slot(b);
    case 'enter':
      return `${low} slots`;
    case 'unary':
    case 'globalSet':
      return last(b);
    case 'binary':
      return `${slot(b)} ${last(c)}`;
    case 'select':
      return `${slot(Number(imm & 0xffffn))} ? ${slot(b)} : ${slot(c)}`;
    case 'globalGet':
      return `g${b}`;
    case 'load':
      return `[${hex(memoryAddressOf(machine, fetched))}]`;
    case 'store':
      return `[${hex(memoryAddressOf(machine, fetched))}] = ${immediate ? `#${low | 0}` : slot(c)}`;
    case 'bulk':
    case 'memoryInit':
    case 'host':
      return [0, 1, 2].map((i) => slot((a + i) % SLOT_COUNT)).join(' ');
    default:
      return '';
  }
}

const WRITES_A = new Set(['unary', 'binary', 'select', 'globalGet', 'load', 'result', 'tableGet', 'host']);

function effectOf(
  steps: StepMachine,
  machine: Machine,
  fetched: Fetched | undefined,
  before: { readonly pc: number; readonly fp: number; readonly pages: number },
): string {
  const { stop } = machine;
  if (stop?.kind === 'fault') return 'fault';
  if (stop?.kind === 'exit') return `ends with code ${stop.code}`;
  if (stop?.kind === 'commit') return 'commits';
  if (steps.machine() !== machine) return 'starts a program';
  const parts: string[] = [];
  const shape = fetched?.instruction?.shape;
  if (fetched !== undefined && shape !== undefined && WRITES_A.has(shape))
    parts.push(`s${fetched.a} = ${hex(readSlot(machine, machine.fp + fetched.a))}`);
  if (fetched !== undefined && shape === 'globalSet')
    parts.push(`g${fetched.a} = ${hex(readSlot(machine, fetched.a))}`);
  if (machine.pc === before.pc) parts.push('repeats');
  else if (machine.pc !== before.pc + 1) parts.push(`pc ${machine.pc}`);
  if (machine.fp !== before.fp) parts.push(`fp ${machine.fp}`);
  if (machine.core.size() !== before.pages) parts.push(`memory ${machine.core.size()} bytes`);
  return parts.join(', ');
}
