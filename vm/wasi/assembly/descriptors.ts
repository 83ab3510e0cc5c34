// docs/vm.md#wasi: the state of the descriptors. It lives in globals, because the memory belongs to the guest.
import { inputCount, inputSize } from "./mizu";

/** Descriptors 0 and 3..17 are streams 0..15 over inputs 1..16. */
export const STREAMS: u32 = 16;
const CLOSED: u64 = u64.MAX_VALUE;

let position0: u64 = 0;
let position1: u64 = 0;
let position2: u64 = 0;
let position3: u64 = 0;
let position4: u64 = 0;
let position5: u64 = 0;
let position6: u64 = 0;
let position7: u64 = 0;
let position8: u64 = 0;
let position9: u64 = 0;
let position10: u64 = 0;
let position11: u64 = 0;
let position12: u64 = 0;
let position13: u64 = 0;
let position14: u64 = 0;
let position15: u64 = 0;

/** One bit for each of the descriptors 1 and 2. */
let closedOutputs: u32 = 0;

/** The stream of a descriptor, or `STREAMS` if it names none. */
export function streamOf(fd: u32): u32 {
  const stream: u32 = fd == 0 ? 0 : fd >= 3 ? fd - 2 : STREAMS;
  if (stream >= STREAMS || positionOf(stream) == CLOSED) return STREAMS;
  return stream == 0 || stream + 1 < inputCount() ? stream : STREAMS;
}

/** Bytes in a stream; stdin of a task without input 1 is empty. */
export function streamSize(stream: u32): u64 {
  return stream + 1 < inputCount() ? inputSize(stream + 1) : 0;
}

export function isOutput(fd: u32): bool {
  return (fd == 1 || fd == 2) && (closedOutputs & fd) == 0;
}

export function closeOutput(fd: u32): void {
  closedOutputs |= fd;
}

export function closeStream(stream: u32): void {
  setPosition(stream, CLOSED);
}

export function positionOf(stream: u32): u64 {
  switch (stream) {
    case 0: return position0;
    case 1: return position1;
    case 2: return position2;
    case 3: return position3;
    case 4: return position4;
    case 5: return position5;
    case 6: return position6;
    case 7: return position7;
    case 8: return position8;
    case 9: return position9;
    case 10: return position10;
    case 11: return position11;
    case 12: return position12;
    case 13: return position13;
    case 14: return position14;
    case 15: return position15;
    default: return CLOSED;
  }
}

export function setPosition(stream: u32, value: u64): void {
  switch (stream) {
    case 0: position0 = value; break;
    case 1: position1 = value; break;
    case 2: position2 = value; break;
    case 3: position3 = value; break;
    case 4: position4 = value; break;
    case 5: position5 = value; break;
    case 6: position6 = value; break;
    case 7: position7 = value; break;
    case 8: position8 = value; break;
    case 9: position9 = value; break;
    case 10: position10 = value; break;
    case 11: position11 = value; break;
    case 12: position12 = value; break;
    case 13: position13 = value; break;
    case 14: position14 = value; break;
    case 15: position15 = value; break;
  }
}
