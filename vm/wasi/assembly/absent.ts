// docs/vm.md#wasi: calls that a data program has no use for answer ENOSYS.
import { ENOSYS, Errno } from "./errno";

export function fd_advise(fd: u32, offset: u64, length: u64, advice: u32): Errno { return ENOSYS; }
export function fd_allocate(fd: u32, offset: u64, length: u64): Errno { return ENOSYS; }
export function fd_datasync(fd: u32): Errno { return ENOSYS; }
export function fd_fdstat_set_flags(fd: u32, flags: u32): Errno { return ENOSYS; }
export function fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64): Errno { return ENOSYS; }
export function fd_filestat_set_size(fd: u32, size: u64): Errno { return ENOSYS; }
export function fd_filestat_set_times(fd: u32, accessed: u64, modified: u64, flags: u32): Errno { return ENOSYS; }
export function fd_pwrite(fd: u32, iovs: u32, count: u32, offset: u64, sent: u32): Errno { return ENOSYS; }
export function fd_readdir(fd: u32, buffer: u32, length: u32, cookie: u64, used: u32): Errno { return ENOSYS; }
export function fd_renumber(fd: u32, to: u32): Errno { return ENOSYS; }
export function fd_sync(fd: u32): Errno { return ENOSYS; }
export function path_create_directory(fd: u32, path: u32, length: u32): Errno { return ENOSYS; }
export function path_filestat_get(fd: u32, flags: u32, path: u32, length: u32, result: u32): Errno { return ENOSYS; }
export function path_filestat_set_times(fd: u32, flags: u32, path: u32, length: u32, accessed: u64, modified: u64, set: u32): Errno { return ENOSYS; }
export function path_link(fd: u32, flags: u32, path: u32, length: u32, toFd: u32, toPath: u32, toLength: u32): Errno { return ENOSYS; }
export function path_open(fd: u32, lookup: u32, path: u32, length: u32, open: u32, base: u64, inheriting: u64, flags: u32, result: u32): Errno { return ENOSYS; }
export function path_readlink(fd: u32, path: u32, length: u32, buffer: u32, size: u32, used: u32): Errno { return ENOSYS; }
export function path_remove_directory(fd: u32, path: u32, length: u32): Errno { return ENOSYS; }
export function path_rename(fd: u32, path: u32, length: u32, toFd: u32, toPath: u32, toLength: u32): Errno { return ENOSYS; }
export function path_symlink(target: u32, targetLength: u32, fd: u32, path: u32, length: u32): Errno { return ENOSYS; }
export function path_unlink_file(fd: u32, path: u32, length: u32): Errno { return ENOSYS; }
export function proc_raise(signal: u32): Errno { return ENOSYS; }
export function sock_accept(fd: u32, flags: u32, result: u32): Errno { return ENOSYS; }
export function sock_recv(fd: u32, iovs: u32, count: u32, flags: u32, read: u32, flagsResult: u32): Errno { return ENOSYS; }
export function sock_send(fd: u32, iovs: u32, count: u32, flags: u32, sent: u32): Errno { return ENOSYS; }
export function sock_shutdown(fd: u32, how: u32): Errno { return ENOSYS; }
