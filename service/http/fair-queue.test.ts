// docs/operations.md#slices, on a clock of its own.
import { describe, expect, test } from 'vitest';
import { createFairQueue, type FairQueueOptions, type Slice } from './fair-queue.ts';

/** A clock that stands still until it is told: no verdict depends on the machine. */
function createClock() {
  let time = 0;
  const due: { readonly at: number; readonly then: () => void }[] = [];
  return {
    now: () => time,
    after: (ms: number, then: () => void) => void due.push({ at: time + ms, then }),
    async pass(ms: number) {
      time += ms;
      await settle();
      for (;;) {
        const next = due.findIndex(({ at }) => at <= time);
        if (next === -1) return;
        due.splice(next, 1)[0]?.then();
        await settle();
      }
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function create(options: Partial<FairQueueOptions> = {}) {
  const clock = createClock();
  const queue = createFairQueue({ places: 1, waitingPerPeer: 100, clock, ...options });
  const begun: string[] = [];
  const running: { readonly name: string; readonly slice: Slice }[] = [];
  const ask = (name: string) =>
    queue.enter(name).then((slice) => {
      begun.push(name);
      running.push({ name, slice });
    });
  /** Ends the oldest slice after this many milliseconds. */
  const serve = async (ms: number) => {
    await clock.pass(ms);
    running.shift()?.slice.leave();
    await clock.pass(0);
  };
  return { clock, queue, begun, running, ask, serve };
}

describe('fair queue', () => {
  test('one request waits for those that are being served, not for those that another address has waiting', async () => {
    const { begun, ask, serve } = create({ places: 2 });
    for (let i = 0; i < 50; i++) void ask('greedy');
    await serve(10);
    await serve(10);
    void ask('honest');
    await serve(10);
    expect(begun.slice(-1)).toEqual(['honest']);
    expect(begun.length).toBe(5);
  });

  test('time counts, not the number of requests', async () => {
    const { begun, ask, serve } = create();
    for (let i = 0; i < 40; i++) {
      void ask('dear');
      void ask('cheap');
    }
    const used = { dear: 0, cheap: 0 };
    for (let i = 0; i < 33; i++) {
      const name = begun.at(-1) as 'dear' | 'cheap';
      const ms = name === 'dear' ? 10 : 1;
      used[name] += ms;
      await serve(ms);
    }
    expect(Math.abs(used.dear - used.cheap)).toBeLessThanOrEqual(10);
    expect(begun.filter((name) => name === 'cheap').length).toBeGreaterThan(25);
  });

  test('who was idle has no more than its share afterwards, and who was busy is not punished for it', async () => {
    const { begun, ask, serve } = create();
    for (let i = 0; i < 100; i++) {
      void ask('early');
      await serve(10);
    }
    for (let i = 0; i < 20; i++) {
      void ask('late');
      void ask('early');
    }
    begun.splice(0);
    for (let i = 0; i < 20; i++) await serve(10);
    const late = begun.filter((name) => name === 'late').length;
    expect([9, 10, 11]).toContain(late);
  });

  test('waits outside of a slice hold nobody up, and the time of them is not counted', async () => {
    const { clock, begun, running, ask } = create();
    void ask('waiter');
    await clock.pass(0);
    const { slice } = running.shift() as { slice: Slice };
    let finish = () => {};
    const waited = slice.outside(() => new Promise<void>((resolve) => (finish = resolve)));
    void ask('other');
    await clock.pass(1_000);
    expect(begun).toEqual(['waiter', 'other']);
    finish();
    let isBack = false;
    void waited.then(() => (isBack = true));
    await clock.pass(5);
    expect(isBack).toBe(false);
    running.shift()?.slice.leave();
    await clock.pass(0);
    expect(isBack).toBe(true);
    slice.leave();
  });

  test('what is left while it waits outside takes no slice any more', async () => {
    const { clock, begun, running, ask } = create();
    void ask('gone');
    await clock.pass(0);
    const { slice } = running.shift() as { slice: Slice };
    let finish = () => {};
    const waited = slice.outside(() => new Promise<void>((resolve) => (finish = resolve)));
    slice.leave();
    finish();
    await waited;
    void ask('next');
    await clock.pass(0);
    expect(begun).toEqual(['gone', 'next']);
  });

  test('own work has half of the time at least: one request at a time, and a rest as long as it took', async () => {
    let isBusy = true;
    const { clock, begun, running, ask } = create({ places: 4, hasOwnWork: () => isBusy });
    for (let i = 0; i < 10; i++) void ask(`peer ${i}`);
    await clock.pass(8);
    expect(begun.length).toBe(1);
    running.shift()?.slice.leave();
    await clock.pass(7);
    expect(begun.length).toBe(1);
    await clock.pass(1);
    expect(begun.length).toBe(2);
    isBusy = false;
    running.shift()?.slice.leave();
    await clock.pass(0);
    expect(running.length).toBe(4);
  });

  test('short slices rest together', async () => {
    const { clock, begun, running, ask } = create({ hasOwnWork: () => true });
    for (let i = 0; i < 10; i++) void ask('one');
    for (let i = 0; i < 4; i++) {
      await clock.pass(0.25);
      running.shift()?.slice.leave();
      await clock.pass(0);
    }
    expect(begun.length).toBe(4);
    await clock.pass(1);
    expect(begun.length).toBe(5);
  });

  test('above its share of the queue an address is refused, others are not', async () => {
    const { begun, ask, serve } = create({ waitingPerPeer: 3 });
    for (let i = 0; i < 4; i++) void ask('greedy');
    await settle();
    await expect(ask('greedy')).rejects.toMatchObject({ code: 'http/too-many', retryable: true });
    void ask('honest');
    await serve(1);
    expect(begun).toEqual(['greedy', 'honest']);
  });
});
