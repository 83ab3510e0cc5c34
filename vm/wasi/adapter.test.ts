// docs/vm.md#wasi: every function of the adapter, the accepted and the refused call.
import { describe, expect, it } from 'vitest';
import { parameters } from '../../test/modules/plain-host.fixture.ts';
import { createGuest, SIGNATURES } from '../../test/modules/wasi-guest.fixture.ts';

const EBADF = 8;
const EFAULT = 21;
const EINVAL = 28;
const ENOSYS = 52;
const ESPIPE = 70;
const END = 65536;

const bytes = (text: string) => new TextEncoder().encode(text);
const withInputs = (...texts: string[]) => createGuest({ inputs: [parameters(['aprog']), ...texts.map(bytes)] });

describe('reading', () => {
  it('scatters stdin over the vectors and ends at its end', async () => {
    const guest = await withInputs('hello world');
    const count = guest.vectors(0, [100, 5], [200, 0], [300, 4]);
    expect(guest.call('fd_read', 0, 0, count, 64)).toBe(0);
    expect([guest.u32(64), guest.text(100, 5), guest.text(300, 4)]).toEqual([9, 'hello', ' wor']);
    expect(guest.call('fd_read', 0, 0, count, 64)).toBe(0);
    expect([guest.u32(64), guest.text(100, 5)]).toEqual([2, 'ldllo']);
    expect(guest.call('fd_read', 0, 0, count, 64)).toBe(0);
    expect(guest.u32(64)).toBe(0);
  });

  it('reads further inputs from descriptor 3 on, each with its own position', async () => {
    const guest = await withInputs('one', 'two', 'three');
    guest.vectors(0, [100, 2]);
    for (const fd of [3, 4, 3, 0]) expect(guest.call('fd_read', fd, 0, 1, 64)).toBe(0);
    expect([guest.text(100, 2), guest.u32(64)]).toEqual(['on', 2]);
    guest.call('fd_read', 4, 0, 1, 64);
    expect(guest.text(100, 2)).toBe('re');
    expect(guest.call('fd_read', 5, 0, 1, 64)).toBe(EBADF);
  });

  it('reads at an offset without moving', async () => {
    const guest = await withInputs('abcdef');
    guest.vectors(0, [100, 3]);
    expect(guest.call('fd_pread', 0, 0, 1, 2n, 64)).toBe(0);
    expect([guest.text(100, 3), guest.u32(64)]).toEqual(['cde', 3]);
    expect(guest.call('fd_pread', 0, 0, 1, 1n << 63n, 64)).toBe(0);
    expect(guest.u32(64)).toBe(0);
    expect(guest.call('fd_tell', 0, 64)).toBe(0);
    expect(guest.u64(64)).toBe(0n);
  });

  it('is empty where the task has no stdin', async () => {
    const guest = await createGuest();
    guest.vectors(0, [100, 3]);
    expect(guest.call('fd_read', 0, 0, 1, 64)).toBe(0);
    expect(guest.u32(64)).toBe(0);
  });

  it('serves descriptors up to 17', async () => {
    const guest = await withInputs(...Array.from({ length: 18 }, (_, i) => String.fromCharCode(97 + i)));
    guest.vectors(0, [100, 1]);
    for (let fd = 3; fd <= 17; fd++) {
      expect(guest.call('fd_read', fd, 0, 1, 64)).toBe(0);
      expect(guest.text(100, 1)).toBe(String.fromCharCode(97 + fd - 2));
    }
    expect(guest.call('fd_read', 18, 0, 1, 64)).toBe(EBADF);
  });
});

describe('writing', () => {
  it('gathers the output and the log', async () => {
    const guest = await createGuest();
    guest.put(100, 'hello');
    guest.put(200, ' world');
    const count = guest.vectors(0, [100, 5], [200, 6]);
    expect(guest.call('fd_write', 1, 0, count, 64)).toBe(0);
    expect(guest.u32(64)).toBe(11);
    expect(guest.call('fd_write', 2, 0, 1, 64)).toBe(0);
    expect([Buffer.from(guest.output()).toString(), guest.log()]).toEqual(['hello world', 'hello']);
    expect(guest.call('fd_write', 0, 0, count, 64)).toBe(EBADF);
  });

  it('answers EFAULT and writes nothing when any vector is out of bounds', async () => {
    const guest = await createGuest();
    for (const bad of [
      [END - 4, 5],
      [0xffffffff, 2],
      [0, 0xffffffff],
    ] as const) {
      const count = guest.vectors(0, [100, 5], bad);
      expect(guest.call('fd_write', 1, 0, count, 64)).toBe(EFAULT);
      expect(guest.call('fd_read', 0, 0, count, 64)).toBe(EFAULT);
    }
    expect(guest.call('fd_write', 1, END - 8, 2, 64)).toBe(EFAULT);
    expect(guest.call('fd_write', 1, 0, -1, 64)).toBe(EFAULT);
    expect(guest.call('fd_write', 1, 0, 0, END - 3)).toBe(EFAULT);
    expect(guest.output()).toHaveLength(0);
  });
});

describe('seeking and closing', () => {
  it('seeks from the start, the position and the end', async () => {
    const guest = await withInputs('0123456789');
    const seek = (delta: bigint, whence: number) => [guest.call('fd_seek', 0, delta, whence, 64), guest.u64(64)];
    expect(seek(4n, 0)).toEqual([0, 4n]);
    expect(seek(-1n, 1)).toEqual([0, 3n]);
    expect(seek(-2n, 2)).toEqual([0, 8n]);
    expect(seek(90n, 2)).toEqual([0, 100n]);
    expect(guest.call('fd_seek', 0, -1n, 0, 64)).toBe(EINVAL);
    expect(guest.call('fd_seek', 0, (1n << 63n) - 1n, 1, 64)).toBe(EINVAL);
    expect(guest.call('fd_seek', 0, 0n, 3, 64)).toBe(EINVAL);
    expect(guest.call('fd_seek', 0, 0n, 0, END - 7)).toBe(EFAULT);
    expect(guest.call('fd_seek', 1, 0n, 0, 64)).toBe(ESPIPE);
    expect(guest.call('fd_seek', 9, 0n, 0, 64)).toBe(EBADF);
    expect(guest.call('fd_tell', 2, 64)).toBe(ESPIPE);
    expect(guest.call('fd_tell', 0, END)).toBe(EFAULT);
  });

  it('closes once', async () => {
    const guest = await withInputs('a', 'b');
    for (const fd of [0, 1, 2, 3]) expect([guest.call('fd_close', fd), guest.call('fd_close', fd)]).toEqual([0, EBADF]);
    expect(guest.call('fd_write', 1, 0, 0, 64)).toBe(EBADF);
    expect(guest.call('fd_read', 3, 0, 0, 64)).toBe(EBADF);
  });
});

describe('stat', () => {
  it('describes inputs and outputs as regular files', async () => {
    const guest = await withInputs('12345', '123');
    expect(guest.call('fd_filestat_get', 3, 128)).toBe(0);
    expect([guest.u64(136), guest.u32(144) & 0xff, guest.u64(152), guest.u64(160)]).toEqual([3n, 4, 1n, 3n]);
    guest.vectors(0, [100, 7]);
    guest.call('fd_write', 1, 0, 1, 64);
    guest.call('fd_filestat_get', 1, 128);
    expect(guest.u64(160)).toBe(7n);
    expect(guest.call('fd_fdstat_get', 0, 128)).toBe(0);
    expect([guest.u64(128), guest.u64(136)]).toEqual([4n, 0x200026n]);
    expect(guest.call('fd_fdstat_get', 1, 128)).toBe(0);
    expect(guest.u64(136)).toBe(0x200040n);
    expect(guest.call('fd_fdstat_get', 7, 128)).toBe(EBADF);
    expect(guest.call('fd_fdstat_get', 0, END - 23)).toBe(EFAULT);
    expect(guest.call('fd_filestat_get', 0, END - 63)).toBe(EFAULT);
  });

  it('has no preopened directory', async () => {
    const guest = await createGuest();
    expect(guest.call('fd_prestat_get', 3, 128)).toBe(EBADF);
    expect(guest.call('fd_prestat_dir_name', 3, 128, 1)).toBe(EBADF);
  });
});

describe('parameters', () => {
  const strings = ['aprog', 'eHOME=/', 'a--flag', 'zother', '', 'a', 'eX='];

  it('copies arguments and environment and touches nothing else', async () => {
    const guest = await createGuest({ inputs: [parameters(strings)] });
    guest.put(0, 'kept');
    expect(guest.call('args_sizes_get', 64, 68)).toBe(0);
    expect([guest.u32(64), guest.u32(68)]).toEqual([3, 13]);
    expect(guest.call('args_get', 100, 200)).toBe(0);
    expect([guest.u32(100), guest.u32(104), guest.u32(108)]).toEqual([200, 205, 212]);
    expect(guest.text(200, 14)).toBe('prog\0--flag\0\0\0');
    expect(guest.call('environ_sizes_get', 64, 68)).toBe(0);
    expect([guest.u32(64), guest.u32(68)]).toEqual([2, 10]);
    expect(guest.call('environ_get', 100, 300)).toBe(0);
    expect(guest.text(300, 10)).toBe('HOME=/\0X=\0');
    expect(guest.text(0, 4)).toBe('kept');
  });

  it('leaves out a string without its NUL', async () => {
    const guest = await createGuest({ inputs: [bytes('aone\0atwo')] });
    guest.call('args_sizes_get', 64, 68);
    expect([guest.u32(64), guest.u32(68)]).toEqual([1, 4]);
  });

  it('answers EFAULT for pointers out of bounds', async () => {
    const guest = await createGuest({ inputs: [parameters(strings)] });
    expect(guest.call('args_sizes_get', END - 3, 0)).toBe(EFAULT);
    expect(guest.call('args_get', 0, END - 3)).toBe(EFAULT);
    expect(guest.call('environ_get', END - 7, 0)).toBe(EFAULT);
  });

  it('has none in a task without inputs', async () => {
    const guest = await createGuest();
    expect(guest.call('args_sizes_get', 64, 68)).toBe(0);
    expect([guest.u32(64), guest.u32(68)]).toEqual([0, 0]);
    expect(guest.call('args_get', 0, 0)).toBe(0);
  });
});

describe('clock, random, waiting', () => {
  it('stops every clock at the run timestamp', async () => {
    const guest = await createGuest({ timestamp: 1_700_000_000_123_456_789n });
    for (const id of [0, 1, 2, 3]) {
      expect(guest.call('clock_time_get', id, 1n, 64)).toBe(0);
      expect(guest.u64(64)).toBe(1_700_000_000_123_456_789n);
      expect(guest.call('clock_res_get', id, 64)).toBe(0);
      expect(guest.u64(64)).toBe(1n);
    }
    expect(guest.call('clock_time_get', 4, 1n, 64)).toBe(EINVAL);
    expect(guest.call('clock_res_get', 4, 64)).toBe(EINVAL);
    expect(guest.call('clock_time_get', 0, 1n, END - 7)).toBe(EFAULT);
    expect(guest.call('clock_res_get', 0, END - 7)).toBe(EFAULT);
  });

  it('draws one stream of random bytes from the seed', async () => {
    const draw = async (seed: number, sizes: number[]) => {
      const guest = await createGuest({ seed: new Uint8Array(32).fill(seed) });
      return sizes.map((size, index) => {
        expect(guest.call('random_get', 1000 * (index + 1), size)).toBe(0);
        return Buffer.from(guest.memory().slice(1000 * (index + 1), 1000 * (index + 1) + size)).toString('hex');
      });
    };
    const [whole] = (await draw(1, [24])) as [string];
    const [first, second] = (await draw(1, [11, 8])) as [string, string];
    expect(first).toBe(whole.slice(0, 22));
    expect(second).toBe(whole.slice(32, 48));
    expect(await draw(2, [24])).not.toEqual([whole]);
    const guest = await createGuest();
    expect(guest.call('random_get', END - 3, 4)).toBe(EFAULT);
    expect(guest.call('random_get', END, 0)).toBe(0);
  });

  it('is ready at once', async () => {
    const guest = await createGuest();
    guest.put(0, 'userdata\x02');
    expect(guest.call('poll_oneoff', 0, 512, 2, 900)).toBe(0);
    expect([guest.u32(900), guest.text(512, 8), guest.u64(520), guest.u64(544)]).toEqual([2, 'userdata', 0x20000n, 0n]);
    expect(guest.call('poll_oneoff', 0, 512, 0, 900)).toBe(EINVAL);
    expect(guest.call('poll_oneoff', 0, END - 63, 2, 900)).toBe(EFAULT);
    expect(guest.call('poll_oneoff', END - 95, 0, 2, 900)).toBe(EFAULT);
    expect(guest.call('sched_yield')).toBe(0);
  });
});

describe('everything else', () => {
  const present =
    /^(args|environ|clock|random|poll|sched|proc_exit|fd_(read|pread|write|seek|tell|close|fdstat_get|filestat_get|prestat.*)$)/;

  it.each(Object.entries(SIGNATURES).filter(([name]) => !present.test(name)))(
    '%s answers ENOSYS',
    async (name, letters) => {
      const guest = await createGuest();
      expect(guest.call(name, ...[...letters].map((letter) => (letter === 'l' ? 0n : 0)))).toBe(ENOSYS);
    },
  );
});
