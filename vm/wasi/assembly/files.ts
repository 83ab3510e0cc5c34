// docs/vm.md#wasi: reading, writing and seeking on descriptors.
import { EBADF, EFAULT, EINVAL, ESPIPE, Errno, SUCCESS, inMemory } from "./errno";
import { STREAMS, closeOutput, closeStream, isOutput, positionOf, setPosition, streamOf, streamSize } from "./descriptors";
import { inputRead, log, outputWrite } from "./mizu";

const IOVEC_BYTES: u32 = 8;
const REGULAR_FILE: u8 = 4;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_SEEK: u64 = 1 << 2;
const RIGHT_TELL: u64 = 1 << 5;
const RIGHT_WRITE: u64 = 1 << 6;
const RIGHT_FILESTAT: u64 = 1 << 21;

let written: u64 = 0;

export function fd_read(fd: u32, iovs: u32, count: u32, read: u32): Errno {
  const stream = streamOf(fd);
  if (stream == STREAMS) return EBADF;
  if (!inMemory(read, 4)) return EFAULT;
  const errno = checkVectors(iovs, count);
  if (errno != SUCCESS) return errno;
  const position = positionOf(stream);
  const length = readVectors(stream, position, iovs, count);
  setPosition(stream, position + length);
  store<u32>(read, u32(length));
  return SUCCESS;
}

export function fd_pread(fd: u32, iovs: u32, count: u32, offset: u64, read: u32): Errno {
  const stream = streamOf(fd);
  if (stream == STREAMS) return EBADF;
  if (!inMemory(read, 4)) return EFAULT;
  const errno = checkVectors(iovs, count);
  if (errno != SUCCESS) return errno;
  store<u32>(read, u32(readVectors(stream, offset, iovs, count)));
  return SUCCESS;
}

export function fd_write(fd: u32, iovs: u32, count: u32, sent: u32): Errno {
  if (!isOutput(fd)) return EBADF;
  if (!inMemory(sent, 4)) return EFAULT;
  const errno = checkVectors(iovs, count);
  if (errno != SUCCESS) return errno;
  let total: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const pointer = load<u32>(iovs + i * IOVEC_BYTES);
    const length = load<u32>(iovs + i * IOVEC_BYTES, 4);
    if (length == 0) continue;
    if (fd == 1) outputWrite(pointer, length);
    else log(pointer, length);
    total += length;
  }
  if (fd == 1) written += total;
  store<u32>(sent, total);
  return SUCCESS;
}

export function fd_seek(fd: u32, delta: i64, whence: u32, result: u32): Errno {
  if (isOutput(fd)) return ESPIPE;
  const stream = streamOf(fd);
  if (stream == STREAMS) return EBADF;
  if (!inMemory(result, 8)) return EFAULT;
  if (whence > 2) return EINVAL;
  const base: i64 = whence == 0 ? 0 : i64(whence == 1 ? positionOf(stream) : streamSize(stream));
  const target = base + delta;
  // Positions stay below 2^63, so a sum that wraps around is negative as well.
  if (target < 0) return EINVAL;
  setPosition(stream, u64(target));
  store<u64>(result, u64(target));
  return SUCCESS;
}

export function fd_tell(fd: u32, result: u32): Errno {
  if (isOutput(fd)) return ESPIPE;
  const stream = streamOf(fd);
  if (stream == STREAMS) return EBADF;
  if (!inMemory(result, 8)) return EFAULT;
  store<u64>(result, positionOf(stream));
  return SUCCESS;
}

export function fd_close(fd: u32): Errno {
  const stream = streamOf(fd);
  if (stream != STREAMS) closeStream(stream);
  else if (isOutput(fd)) closeOutput(fd);
  else return EBADF;
  return SUCCESS;
}

export function fd_fdstat_get(fd: u32, result: u32): Errno {
  const output = isOutput(fd);
  if (!output && streamOf(fd) == STREAMS) return EBADF;
  if (!inMemory(result, 24)) return EFAULT;
  // Descriptors 1 and 2 are regular files too: on a terminal C libraries would write line by line.
  store<u64>(result, REGULAR_FILE);
  store<u64>(result, output ? RIGHT_WRITE | RIGHT_FILESTAT : RIGHT_READ | RIGHT_SEEK | RIGHT_TELL | RIGHT_FILESTAT, 8);
  store<u64>(result, 0, 16);
  return SUCCESS;
}

export function fd_filestat_get(fd: u32, result: u32): Errno {
  const stream = streamOf(fd);
  if (!isOutput(fd) && stream == STREAMS) return EBADF;
  if (!inMemory(result, 64)) return EFAULT;
  memory.fill(result, 0, 64);
  // Each descriptor is a file of its own, so that a program does not take its output for its input.
  store<u64>(result, fd, 8);
  store<u8>(result, REGULAR_FILE, 16);
  store<u64>(result, 1, 24);
  store<u64>(result, stream != STREAMS ? streamSize(stream) : fd == 1 ? written : 0, 32);
  return SUCCESS;
}

/** No directory is open: libc stops its search at the first EBADF. */
export function fd_prestat_get(fd: u32, result: u32): Errno {
  return EBADF;
}

export function fd_prestat_dir_name(fd: u32, path: u32, length: u32): Errno {
  return EBADF;
}

function checkVectors(iovs: u32, count: u32): Errno {
  if (!inMemory(iovs, u64(count) * IOVEC_BYTES)) return EFAULT;
  let total: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(iovs + i * IOVEC_BYTES, 4);
    if (!inMemory(load<u32>(iovs + i * IOVEC_BYTES), length)) return EFAULT;
    total += length;
  }
  return total > u32.MAX_VALUE ? EINVAL : SUCCESS;
}

function readVectors(stream: u32, offset: u64, iovs: u32, count: u32): u64 {
  const size = streamSize(stream);
  let left = offset < size ? size - offset : 0;
  const available = left;
  for (let i: u32 = 0; i < count && left > 0; i++) {
    const pointer = load<u32>(iovs + i * IOVEC_BYTES);
    const length = u32(min<u64>(load<u32>(iovs + i * IOVEC_BYTES, 4), left));
    if (length > 0) inputRead(pointer, stream + 1, offset + available - left, length);
    left -= length;
  }
  return available - left;
}
