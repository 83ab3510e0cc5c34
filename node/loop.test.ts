// docs/prover.md#node: what a machine lacks passes; what is told is told once.
import { expect, test } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import { followAndWork, quietPause } from './loop.ts';

const full = () =>
  Object.assign(new Error('write failed'), {
    cause: Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }),
  });
const down = () => new MizuError({ code: 'da/object-missing', message: 'no member has it', retryable: true });
const memory = () => new RangeError('Array buffer allocation failed');

/** Fails with each of the errors, then stops. */
async function work(errors: readonly (() => Error)[], where: 'task' | 'follow') {
  const stop = new AbortController();
  const told: string[] = [];
  let left = [...errors];
  const next = async () => {
    const [first, ...rest] = left;
    left = rest;
    if (first !== undefined) throw first();
    stop.abort();
    return false;
  };
  const follow = async (signal: AbortSignal) => {
    if (where === 'follow') await next();
    else await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  const onRetry = (error: unknown, _: number, again: boolean) => {
    told.push(`${(error as Error).message}${again ? ' again' : ''}`);
  };
  await followAndWork({ follow, tasks: where === 'task' ? [next] : [], onRetry }, 1, stop.signal);
  return told;
}

test.each(['task', 'follow'] as const)('a full disk, no memory and a DA that is down end no %s', async (where) => {
  expect(await work([full, full, memory, down, down], where)).toEqual([
    'write failed',
    'write failed again',
    'Array buffer allocation failed',
    'no member has it',
    'no member has it again',
  ]);
});

test('a broken invariant ends the work', async () => {
  await expect(work([() => new Error('the cursor is elsewhere')], 'task')).rejects.toThrow('the cursor is elsewhere');
  await expect(work([() => new RangeError('Invalid array length')], 'task')).rejects.toThrow('Invalid array length');
});

test('a task that finds nothing to do looks more seldom, never later than 16 polls', () => {
  expect([0, 1, 7, 8, 9, 1_000_000].map((looks) => quietPause(250, looks))).toEqual([
    1_000, 1_000, 1_000, 4_000, 4_000, 4_000,
  ]);
});

test('what rings is done at once, however long the pauses are', async () => {
  const stop = new AbortController();
  let [looks, changes] = [0, 0];
  await followAndWork(
    {
      follow: async (signal, changed) => {
        for (; !signal.aborted && changes < 20; changes++) {
          changed();
          await new Promise((resolve) => setImmediate(resolve));
        }
        // The clock of the pauses is far away: only the bell can have rung.
        stop.abort();
      },
      tasks: [
        async () => {
          looks++;
          return false;
        },
      ],
      onRetry: () => undefined,
    },
    60_000,
    stop.signal,
  );
  expect(looks).toBeGreaterThan(10);
});
