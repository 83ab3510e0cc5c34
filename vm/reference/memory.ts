// docs/vm.md#code: memory instructions of the reference machine; a bulk one handles at most one leaf at each step of
// the machine.
import { PAGE_GAS } from '../../protocol/constants.ts';
import { OP } from '../../protocol/isa.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { PAGE_BYTES } from '../program.ts';
import { MachineFault } from './fault.ts';
import { type Handler, immediateOf, type PlainOperands, unaryBits } from './plain.ts';
import type { State } from './state.ts';

const MASK32 = 0xffffffffn;

export const MEMORY = new Map<number, Handler>([
  load(OP.load8_u, 1, 0),
  load(OP.load16_u, 2, 0),
  load(OP.load32_u, 4, 0),
  load(OP.load64, 8, 0),
  load(OP.load8_s32, 1, 32),
  load(OP.load16_s32, 2, 32),
  load(OP.load8_s64, 1, 64),
  load(OP.load16_s64, 2, 64),
  load(OP.load32_s64, 4, 64),
  store(OP.store8, 1),
  store(OP.store16, 2),
  store(OP.store32, 4),
  store(OP.store64, 8),
  [
    OP.memory_size,
    (state, o) => {
      state.slots[o.slotA] = BigInt(state.memory.length / PAGE_BYTES);
    },
  ],
  [
    OP.memory_grow,
    (state, o) => {
      const before = state.memory.length / PAGE_BYTES;
      const after = before + Number(unaryBits(state, o) & MASK32);
      if (after > state.program.header.pagesMax) {
        state.slots[o.slotA] = MASK32;
        return;
      }
      growMemory(state, after);
      state.debt += BigInt(after - before) * PAGE_GAS;
      state.slots[o.slotA] = BigInt(before);
    },
  ],
  [
    OP.memory_fill,
    (state, o) => {
      const { dst, src: value, n } = bulkOperands(state, o);
      checkSpan(state, dst, n);
      const k = bulkPart(dst, n);
      state.memory.fill(value & 0xff, dst, dst + k);
      advance(state, o, dst + k, value, n - k);
    },
  ],
  [
    OP.memory_copy,
    (state, o) => {
      const { dst, src, n } = bulkOperands(state, o);
      checkSpan(state, dst, n);
      checkSpan(state, src, n);
      if (dst <= src) {
        const k = bulkCopyPart(dst, src, n);
        state.memory.copyWithin(dst, src, src + k);
        advance(state, o, dst + k, src + k, n - k);
        return;
      }
      // It copies backwards, so that an overlapping source is read before it is written.
      const k = n === 0 ? 0 : Math.min(n, (dst + n) % LEAF_BYTES || LEAF_BYTES, (src + n) % LEAF_BYTES || LEAF_BYTES);
      state.memory.copyWithin(dst + n - k, src + n - k, src + n);
      advance(state, o, dst, src, n - k);
    },
  ],
  [
    OP.memory_init,
    (state, o) => {
      const { dst, src, n } = bulkOperands(state, o);
      checkSpan(state, dst, n);
      const length = Number(state.slots[o.high % state.slots.length]!);
      if (src + n > length || o.low + src + n > state.program.data.length)
        throw new MachineFault('trap', 'data segment is out of bounds');
      const k = bulkCopyPart(dst, o.low + src, n);
      state.memory.set(state.program.data.subarray(o.low + src, o.low + src + k), dst);
      advance(state, o, dst + k, src + k, n - k);
    },
  ],
  [
    OP.dot_i8,
    (state, o) => {
      const [sum, left, right, n] = [0, 1, 2, 3].map((index) => Number(argument(state, o, index) & MASK32)) as [
        number,
        number,
        number,
        number,
      ];
      checkSpan(state, left, n);
      checkSpan(state, right, n);
      const k = bulkCopyPart(left, right, n);
      let total = sum;
      for (let i = 0; i < k; i++) total += signedByte(state, left + i) * signedByte(state, right + i);
      setArgument(state, o, 0, total >>> 0);
      if (n === k) return;
      setArgument(state, o, 1, left + k);
      setArgument(state, o, 2, right + k);
      setArgument(state, o, 3, n - k);
      state.pc--;
    },
  ],
]);

function signedByte(state: State, address: number): number {
  const byte = state.memory[address]!;
  return byte < 128 ? byte : byte - 256;
}

// The bytes lie in a buffer that doubles, because a program may grow its memory page by page.
function growMemory(state: State, pages: number): void {
  const size = pages * PAGE_BYTES;
  const { memory } = state;
  if (size > memory.buffer.byteLength) {
    const most = state.program.header.pagesMax * PAGE_BYTES;
    const larger = new Uint8Array(Math.min(most, Math.max(size, 2 * memory.length)));
    larger.set(memory);
    state.memory = larger.subarray(0, size);
  } else state.memory = new Uint8Array(memory.buffer, memory.byteOffset, size);
}

/** Bytes that one step handles: up to the end of the leaf at `dst`. */
export function bulkPart(dst: number, n: number): number {
  return Math.min(n, LEAF_BYTES - (dst % LEAF_BYTES));
}

/** Bytes that one step copies: up to the end of the leaf at `dst` or at `src`. */
export function bulkCopyPart(dst: number, src: number, n: number): number {
  return bulkPart(src, bulkPart(dst, n));
}

export function checkSpan(state: State, address: number, size: number): void {
  if (address + size > state.memory.length) throw new MachineFault('trap', 'memory access out of bounds');
}

export function argument(state: State, o: PlainOperands, index: number): bigint {
  return state.slots[(o.slotA + index) % state.slots.length]!;
}

export function setArgument(state: State, o: PlainOperands, index: number, value: number | bigint): void {
  state.slots[(o.slotA + index) % state.slots.length] = BigInt.asUintN(64, BigInt(value));
}

function bulkOperands(state: State, o: PlainOperands): { dst: number; src: number; n: number } {
  const word = (index: number): number => Number(argument(state, o, index) & MASK32);
  return { dst: word(0), src: word(1), n: word(2) };
}

function advance(state: State, o: PlainOperands, dst: number, src: number, left: number): void {
  if (left === 0) return;
  setArgument(state, o, 0, dst);
  setArgument(state, o, 1, src);
  setArgument(state, o, 2, left);
  state.pc--;
}

function load(op: number, bytes: number, signedBits: number): [number, Handler] {
  return [
    op,
    (state, o) => {
      const address = o.immediate ? Number(immediateOf(o)) : baseAddress(state, o) + Number(immediateOf(o));
      checkSpan(state, address, bytes);
      let value = 0n;
      for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(state.memory[address + i]!);
      state.slots[o.slotA] = signedBits === 0 ? value : BigInt.asUintN(signedBits, BigInt.asIntN(bytes * 8, value));
    },
  ];
}

function store(op: number, bytes: number): [number, Handler] {
  return [
    op,
    (state, o) => {
      const address = baseAddress(state, o) + (o.immediate ? o.high : Number(immediateOf(o)));
      let value = o.immediate ? BigInt.asUintN(64, BigInt(o.low | 0)) : state.slots[o.slotC]!;
      checkSpan(state, address, bytes);
      for (let i = 0; i < bytes; i++) {
        state.memory[address + i] = Number(value & 0xffn);
        value >>= 8n;
      }
    },
  ];
}

function baseAddress(state: State, o: PlainOperands): number {
  return Number(state.slots[o.slotB]! & MASK32);
}
