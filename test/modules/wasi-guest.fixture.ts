// docs/vm.md#wasi: a guest for tests that hands every WASI function on as an export of the same name.
import loadWabt from 'wabt';
import { decodeModule } from '../../vm/decode/sections.ts';
import { mergeModules } from '../../vm/link/merge.ts';
import { WASI_MODULE, wasiLibrary } from '../../vm/wasi/link.ts';
import { encodeModule } from '../../vm/wasm/encode.ts';
import { instantiatePlain, type PlainTask } from './plain-host.fixture.ts';

/** Parameters of each function as the WASI document gives them: p = pointer, size or small number (i32), l = 64 bits (i64). */
export const SIGNATURES: Readonly<Record<string, string>> = {
  args_get: 'pp',
  args_sizes_get: 'pp',
  clock_res_get: 'pp',
  clock_time_get: 'plp',
  environ_get: 'pp',
  environ_sizes_get: 'pp',
  fd_advise: 'pllp',
  fd_allocate: 'pll',
  fd_close: 'p',
  fd_datasync: 'p',
  fd_fdstat_get: 'pp',
  fd_fdstat_set_flags: 'pp',
  fd_fdstat_set_rights: 'pll',
  fd_filestat_get: 'pp',
  fd_filestat_set_size: 'pl',
  fd_filestat_set_times: 'pllp',
  fd_pread: 'ppplp',
  fd_prestat_dir_name: 'ppp',
  fd_prestat_get: 'pp',
  fd_pwrite: 'ppplp',
  fd_read: 'pppp',
  fd_readdir: 'ppplp',
  fd_renumber: 'pp',
  fd_seek: 'plpp',
  fd_sync: 'p',
  fd_tell: 'pp',
  fd_write: 'pppp',
  path_create_directory: 'ppp',
  path_filestat_get: 'ppppp',
  path_filestat_set_times: 'ppppllp',
  path_link: 'ppppppp',
  path_open: 'pppppllpp',
  path_readlink: 'pppppp',
  path_remove_directory: 'ppp',
  path_rename: 'pppppp',
  path_symlink: 'ppppp',
  path_unlink_file: 'ppp',
  poll_oneoff: 'pppp',
  proc_exit: 'p',
  proc_raise: 'p',
  random_get: 'pp',
  sched_yield: '',
  sock_accept: 'ppp',
  sock_recv: 'pppppp',
  sock_send: 'ppppp',
  sock_shutdown: 'pp',
};

export async function assembleGuest(text: string): Promise<Uint8Array> {
  const wabt = await loadWabt();
  const module = wabt.parseWat('test.wat', text);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** One page of memory and all WASI functions, callable one by one. */
export async function createGuest(task: PlainTask = {}) {
  const functions = Object.entries(SIGNATURES).map(([name, letters]) => {
    const types = [...letters].map((letter) => (letter === 'l' ? 'i64' : 'i32'));
    const signature = `(param ${types.join(' ')})${name === 'proc_exit' ? '' : ' (result i32)'}`;
    return {
      import: `(import "${WASI_MODULE}" "${name}" (func $${name} ${signature}))`,
      wrapper: `(func (export "${name}") ${signature} ${types.map((_, i) => `(local.get ${i})`).join(' ')} (call $${name}))`,
    };
  });
  const main = decodeModule(
    await assembleGuest(`(module ${functions.map((entry) => entry.import).join('\n')}
      (memory (export "memory") 1 1) ${functions.map((entry) => entry.wrapper).join('\n')})`),
  );
  const instance = await instantiatePlain(encodeModule(mergeModules(main, [wasiLibrary], main.exports)), task);
  const view = () => new DataView(instance.memory().buffer);
  return {
    ...instance,
    call: (name: string, ...args: (number | bigint)[]): number =>
      (instance.exports[name] as (...a: typeof args) => number)(...args),
    u32: (at: number) => view().getUint32(at, true),
    u64: (at: number) => view().getBigUint64(at, true),
    text: (at: number, length: number) => Buffer.from(instance.memory().slice(at, at + length)).toString(),
    put: (at: number, text: string) => instance.memory().set(Buffer.from(text), at),
    /** Writes iovecs at `at` and returns their count. */
    vectors: (at: number, ...pairs: (readonly [number, number])[]) => {
      pairs.forEach(([pointer, length], index) => {
        view().setUint32(at + 8 * index, pointer, true);
        view().setUint32(at + 8 * index + 4, length, true);
      });
      return pairs.length;
    },
  };
}
