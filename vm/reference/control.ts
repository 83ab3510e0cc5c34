// docs/vm.md#code: control instructions of the reference machine.
import { frameGas, NULL_TYPE, OP, SLOT_COUNT } from '../../protocol/isa.ts';
import { MachineFault } from './fault.ts';
import { type Handler, immediateOf, type PlainOperands, unaryBits } from './plain.ts';
import type { State } from './state.ts';

const ENTRY_BYTES = 16;

export const CONTROL = new Map<number, Handler>([
  [
    OP.trap,
    () => {
      throw new MachineFault('trap', 'unreachable');
    },
  ],
  [
    OP.entry,
    () => {
      throw new MachineFault('trap', 'a table entry was executed');
    },
  ],
  [
    OP.jump,
    (state, o) => {
      state.pc = o.low;
    },
  ],
  [
    OP.br_if,
    (state, o) => {
      if (lowWord(state, o.slotB) !== 0) state.pc = o.low;
    },
  ],
  [
    OP.br_if_zero,
    (state, o) => {
      if (lowWord(state, o.slotB) === 0) state.pc = o.low;
    },
  ],
  [
    OP.br_table,
    (state, o) => {
      state.pc += Math.min(lowWord(state, o.slotB), o.low);
    },
  ],
  [OP.call, (state, o) => call(state, o, o.low)],
  [
    OP.table_get,
    (state, o) => {
      const index = lowWord(state, o.slotB);
      if (index >= o.low) throw new MachineFault('trap', 'table index is out of bounds');
      const at = o.high + index;
      if (at >= state.instructions || state.code.getUint16(at * ENTRY_BYTES) !== OP.entry)
        throw new MachineFault('trap', 'no table entry');
      state.slots[o.slotA] = state.code.getBigUint64(at * ENTRY_BYTES + 8);
    },
  ],
  [
    OP.call_indirect,
    (state, o) => {
      const entry = state.slots[o.slotC]!;
      const type = Number(entry >> 32n);
      if (type !== o.low || type === NULL_TYPE)
        throw new MachineFault('trap', 'null function or function signature mismatch');
      call(state, o, Number(entry & 0xffffffffn));
    },
  ],
  [
    OP.return,
    (state, o) => {
      const record = state.slots[o.slotB]!;
      const distance = Number(record & 0xffffffffn);
      if (distance > state.fp) throw new MachineFault('trap', 'no such caller');
      state.pc = Number(record >> 32n);
      state.fp -= distance;
    },
  ],
  [
    OP.enter,
    (state, o) => {
      if (state.fp + o.low > SLOT_COUNT) throw new MachineFault('slots', 'The calls are nested too deeply.');
      state.debt += BigInt(frameGas(o.low));
    },
  ],
  [
    OP.halt,
    (state) => {
      state.halted = true;
    },
  ],
  [
    OP.mov,
    (state, o) => {
      state.slots[o.slotA] = unaryBits(state, o);
    },
  ],
  [
    OP.select,
    (state, o) => {
      const condition = lowWord(state, (state.fp + Number(immediateOf(o) & 0xffffn)) % SLOT_COUNT);
      state.slots[o.slotA] = state.slots[condition !== 0 ? o.slotB : o.slotC]!;
    },
  ],
  [
    OP.global_get,
    (state, o) => {
      state.slots[o.slotA] = state.slots[o.b]!;
    },
  ],
  [
    OP.global_set,
    (state, o) => {
      state.slots[o.a] = unaryBits(state, o);
    },
  ],
]);

function call(state: State, o: PlainOperands, target: number): void {
  const frame = state.fp + o.a;
  if (frame + o.b >= SLOT_COUNT) throw new MachineFault('slots', 'The calls are nested too deeply.');
  state.slots[frame + o.b] = (BigInt(state.pc) << 32n) | BigInt(o.a);
  state.fp = frame;
  state.pc = target;
}

function lowWord(state: State, slot: number): number {
  return Number(state.slots[slot]! & 0xffffffffn);
}
