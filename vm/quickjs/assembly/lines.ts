// docs/vm.md#quickjs: reads one input line by line through a buffer, so that memory does not grow with the input.
import { inputRead, inputSize } from "../../wasi/assembly/mizu";
import { allocate, findByte, release } from "./engine";

const NEWLINE: u8 = 10;
const FIRST_CAPACITY: u32 = 1 << 16;
const MAX_CAPACITY: u32 = 1 << 30;

let input: u32 = 0;
/** Offset in the input of the first byte that is not in the buffer yet. */
let offset: u64 = 0;
let size: u64 = 0;
/** One byte more than `capacity` is allocated: a line is ended by a zero in place of its newline. */
let buffer: u32 = 0;
let capacity: u32 = 0;
/** The bytes of the buffer that no line has taken yet. */
let begin: u32 = 0;
let end: u32 = 0;

export let linePointer: u32 = 0;
export let lineLength: u32 = 0;

export function openLines(index: u32): void {
  input = index;
  size = inputSize(index);
  offset = 0;
  begin = 0;
  end = 0;
  linePointer = 0;
  lineLength = 0;
}

export const NEXT_END: u32 = 0;
export const NEXT_LINE: u32 = 1;
export const NEXT_NO_MEMORY: u32 = 2;

/** Moves to the next line; its bytes stay where they are until the next call. */
export function nextLine(): u32 {
  let searched = begin;
  while (true) {
    const found = searched < end ? findByte(buffer + searched, NEWLINE, end - searched) : 0;
    if (found != 0) {
      take(found - buffer, found - buffer + 1);
      return NEXT_LINE;
    }
    if (offset == size) {
      if (begin == end) return NEXT_END;
      take(end, end);
      return NEXT_LINE;
    }
    searched = end - begin;
    if (!fill()) return NEXT_NO_MEMORY;
  }
}

const ONES: u64 = 0x0101010101010101;
const BRACES: u64 = 0x7b7b7b7b7b7b7b7b;
const CASE: u64 = 0x2020202020202020;

/** Whether there is no bracket behind the line's first two, those of `[index,{`: `[` and `{` differ by one bit. */
export function isFlat(): bool {
  const end = linePointer + lineLength;
  let at = linePointer;
  let found = 0;
  for (; at < end && found < 2; at++) if ((load<u8>(at) | 0x20) == 0x7b) found++;
  for (; at + 8 <= end; at += 8) {
    const other = (load<u64>(at) | CASE) ^ BRACES;
    if ((other - ONES) & ~other & (ONES << 7)) return false;
  }
  for (; at < end; at++) if ((load<u8>(at) | 0x20) == 0x7b) return false;
  return found == 2;
}

/** The number behind the bracket of `[index,…`. */
export function lineIndex(): f64 {
  let index: f64 = 0;
  const end = linePointer + lineLength;
  for (let at = linePointer + 1; at < end; at++) {
    const digit = u32(load<u8>(at)) - 0x30;
    if (digit > 9) break;
    index = index * 10 + f64(digit);
  }
  return index;
}

function take(lineEnd: u32, next: u32): void {
  linePointer = buffer + begin;
  lineLength = lineEnd - begin;
  store<u8>(buffer + lineEnd, 0);
  begin = next;
}

/** Moves the rest to the front and reads on; doubles the buffer if one line fills it. */
function fill(): bool {
  const rest = end - begin;
  if (rest == capacity) {
    if (capacity >= MAX_CAPACITY) return false;
    const grown = capacity == 0 ? FIRST_CAPACITY : capacity * 2;
    const larger = allocate(grown + 1);
    if (larger == 0) return false;
    memory.copy(larger, buffer + begin, rest);
    if (buffer != 0) release(buffer);
    buffer = larger;
    capacity = grown;
  } else if (begin > 0) {
    memory.copy(buffer, buffer + begin, rest);
  }
  begin = 0;
  end = rest;
  const length = u32(min<u64>(capacity - end, size - offset));
  inputRead(buffer + end, input, offset, length);
  offset += length;
  end += length;
  return true;
}
