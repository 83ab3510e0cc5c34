// docs/vm.md#code: big-endian instructions to the layout that the interpreter reads.
import { code, CODE_BYTES, codeCount, codeEnd, OP_TABLE, SLOTS } from './layout';

// Kinds of fields, as vm/step/decode-table.ts numbers them.
const PLAIN: u32 = 0;
const TARGET: u32 = 1;
const CALL: u32 = 2;
const CALL_INDIRECT: u32 = 3;
const SELECT: u32 = 4;
const GLOBAL_GET: u32 = 5;
const GLOBAL_SET: u32 = 6;
const ENTER: u32 = 7;
const LOAD: u32 = 8;
const STORE: u32 = 9;
const ARGUMENTS: u32 = 10;

const TRAP: u16 = 0;
/** A number that no instruction has: the interpreter faults. */
const OUT_OF_CODE: u16 = 0x3ff;
const ARGUMENT_SLOTS: u32 = 3;

/** Largest distance from the frame pointer to a slot that the code names. */
export let farthest: u32 = 0;
let sentinel: usize = 0;

/** For each target behind the code there is an instruction that faults and tells its pc. */
export function countSentinels(raw: usize, count: u32): u32 {
  let sentinels: u32 = 1;
  for (let pc: u32 = 0; pc < count; pc++) {
    const at = raw + (<usize>pc << 4);
    const kind = entryOf(bswap<u16>(load<u16>(at))) >> 16;
    if ((kind == TARGET || kind == CALL) && bswap<u32>(load<u32>(at, 12)) >= count) sentinels++;
  }
  return sentinels;
}

export function decode(raw: usize): void {
  sentinel = codeEnd;
  farthest = 0;
  addSentinel(codeCount);
  for (let pc: u32 = 0; pc < codeCount; pc++) decodeOne(raw + (<usize>pc << 4), pc, code + <usize>pc * CODE_BYTES);
}

function decodeOne(raw: usize, pc: u32, at: usize): void {
  const entry = entryOf(bswap<u16>(load<u16>(raw)));
  const kind = entry >> 16;
  let op = <u16>entry;
  let a = <u32>bswap<u16>(load<u16>(raw, 2)), b = <u32>bswap<u16>(load<u16>(raw, 4)), c = <u32>bswap<u16>(load<u16>(raw, 6));
  const imm = bswap<u64>(load<u64>(raw, 8));
  const low = <u32>imm;
  let operand = imm;
  if (kind != GLOBAL_GET) see(b);
  if (kind != GLOBAL_SET) see(kind == ARGUMENTS ? a + ARGUMENT_SLOTS : a);
  see(c);
  a <<= 3; b <<= 3; c <<= 3;
  if (kind == TARGET) operand = <u64>target(low);
  else if (kind == CALL) operand = <u64>target(low) | (<u64>(pc + 1) << 32);
  else if (kind == CALL_INDIRECT) operand = <u64>low | (<u64>(pc + 1) << 32);
  else if (kind == SELECT) {
    see(low & 0xffff);
    operand = <u64>((low & 0xffff) << 3);
  } else if (kind == GLOBAL_GET) b += <u32>SLOTS;
  else if (kind == GLOBAL_SET) a += <u32>SLOTS;
  else if (kind == ENTER) {
    if (low > 65536) op = TRAP;
    operand = <u64>low << 3;
  } else if ((kind == LOAD || kind == STORE) && imm > <u64>u32.MAX_VALUE) op = TRAP;
  store<u16>(at, op);
  store<u32>(at, a, 4);
  store<u32>(at, b, 8);
  store<u32>(at, c, 12);
  store<u64>(at, operand, 16);
}

function see(field: u32): void {
  if (field > farthest) farthest = field;
}

function entryOf(op: u16): u32 {
  const number = op & 0x7fff;
  return number >= 0x400 ? <u32>TRAP : load<u32>(OP_TABLE + (<usize>(<u32>number | ((<u32>op >> 15) << 10)) << 2));
}

function target(pc: u32): usize {
  return pc < codeCount ? code + <usize>pc * CODE_BYTES : addSentinel(pc);
}

function addSentinel(pc: u32): usize {
  const at = sentinel;
  store<u16>(at, OUT_OF_CODE);
  store<u64>(at, <u64>pc, 16);
  sentinel += CODE_BYTES;
  return at;
}
