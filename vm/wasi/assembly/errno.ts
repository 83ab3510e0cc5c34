// docs/vm.md#wasi: the error numbers of WASI preview 1 that the adapter answers with, and the check of pointers.

export type Errno = u32;

export const SUCCESS: Errno = 0;
export const EBADF: Errno = 8;
export const EFAULT: Errno = 21;
export const EINVAL: Errno = 28;
export const ENOSYS: Errno = 52;
export const ESPIPE: Errno = 70;

/** Whether `length` bytes at `pointer` lie in the guest's memory. */
// @ts-ignore: decorator
@inline
export function inMemory(pointer: u32, length: u64): bool {
  return u64(pointer) + length <= u64(memory.size()) << 16;
}
