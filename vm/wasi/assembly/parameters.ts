// docs/vm.md#inputs-of-a-task: arguments and environment, read from input 0.
import { EFAULT, Errno, SUCCESS, inMemory } from "./errno";
import { inputCount, inputRead, inputSize } from "./mizu";

const ARGUMENT: u8 = 0x61;
const ENVIRONMENT: u8 = 0x65;

export function args_sizes_get(count: u32, bytes: u32): Errno {
  return sizes(ARGUMENT, count, bytes);
}

export function args_get(pointers: u32, strings: u32): Errno {
  return copy(ARGUMENT, pointers, strings);
}

export function environ_sizes_get(count: u32, bytes: u32): Errno {
  return sizes(ENVIRONMENT, count, bytes);
}

export function environ_get(pointers: u32, strings: u32): Errno {
  return copy(ENVIRONMENT, pointers, strings);
}

function sizes(kind: u8, countResult: u32, bytesResult: u32): Errno {
  if (!inMemory(countResult, 4) || !inMemory(bytesResult, 4)) return EFAULT;
  const size = parametersSize();
  let count: u32 = 0;
  let bytes: u64 = 0;
  for (let start: u64 = 0; start < size; ) {
    const end = stringEnd(start, size);
    if (end == size) break;
    if (byteAt(start) == kind && end > start) {
      count++;
      bytes += end - start;
    }
    start = end + 1;
  }
  store<u32>(countResult, count);
  store<u32>(bytesResult, u32(bytes));
  return SUCCESS;
}

function copy(kind: u8, pointers: u32, strings: u32): Errno {
  if (memory.size() == 0) return EFAULT;
  const size = parametersSize();
  for (let start: u64 = 0; start < size; ) {
    const end = stringEnd(start, size);
    if (end == size) break;
    if (byteAt(start) == kind && end > start) {
      // The string without its kind byte and with its NUL is as long as the string with its kind byte and without its
      // NUL.
      const length = end - start;
      if (!inMemory(pointers, 4) || !inMemory(strings, length)) return EFAULT;
      store<u32>(pointers, strings);
      inputRead(strings, 0, start + 1, u32(length));
      pointers += 4;
      strings += u32(length);
    }
    start = end + 1;
  }
  return SUCCESS;
}

function parametersSize(): u64 {
  return inputCount() > 0 ? inputSize(0) : 0;
}

/** Offset of the NUL that ends the string at `start`, or `size` if none does. */
function stringEnd(start: u64, size: u64): u64 {
  while (start < size && byteAt(start) != 0) start++;
  return start;
}

/**
 * One byte of input 0. It can be read into memory only, so the first byte of the guest's memory is lent for a moment
 * and put back: the guest cannot notice, and no address has to be kept free.
 */
function byteAt(offset: u64): u8 {
  const kept = load<u8>(0);
  inputRead(0, 0, offset, 1);
  const byte = load<u8>(0);
  store<u8>(0, kept);
  return byte;
}
