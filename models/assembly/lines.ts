// docs/rows.md: reads an input line by line through one buffer.
import { inputRead, inputSize } from "./host";

const NEWLINE: u8 = 10;
const FIRST_ROOM: u32 = 1 << 16;

let input: i32 = 0;
let offset: u64 = 0;
let size: u64 = 0;
let buffer: u32 = 0;
let room: u32 = 0;
let begin: u32 = 0;
let end: u32 = 0;

/** The line that `nextLine` has moved to; its bytes stay until the next call. */
export let lineAt: u32 = 0;
export let lineEnd: u32 = 0;

export function openLines(index: i32): void {
  input = index;
  size = inputSize(index);
  offset = 0;
  begin = 0;
  end = 0;
}

/** Whether there is one more. */
export function nextLine(): bool {
  let searched = begin;
  while (true) {
    for (; searched < end; searched++) {
      if (load<u8>(buffer + searched) != NEWLINE) continue;
      take(searched, searched + 1);
      return true;
    }
    if (offset == size) {
      if (begin == end) return false;
      take(end, end);
      return true;
    }
    searched = end - begin;
    fill();
  }
}

function take(stop: u32, next: u32): void {
  lineAt = buffer + begin;
  lineEnd = buffer + stop;
  begin = next;
}

/** Moves the rest to the front and reads on; doubles the buffer if one line fills it. */
function fill(): void {
  const rest = end - begin;
  if (rest == room) {
    const grown = room == 0 ? FIRST_ROOM : room * 2;
    const larger = u32(heap.alloc(grown));
    memory.copy(larger, buffer + begin, rest);
    buffer = larger;
    room = grown;
  } else if (begin > 0) memory.copy(buffer, buffer + begin, rest);
  begin = 0;
  const length = u32(min<u64>(room - rest, size - offset));
  inputRead(buffer + rest, input, offset, length);
  offset += length;
  end = rest + length;
}
