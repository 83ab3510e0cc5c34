// docs/disputes.md#playing: what fails or takes long in one game keeps no other from its move.
import { expect, test, vi } from 'vitest';
import type { Hex } from '../protocol/hex.ts';
import { createLogger } from '../service/process/log.ts';
import { createRounds } from './rounds.ts';

const log = createLogger('test', 'silent');
const [slow, quick, broken] = (['0x01', '0x02', '0x03'] as const).map((id) => ({ id: id as Hex })) as [
  { id: Hex },
  { id: Hex },
  { id: Hex },
];

test('a round waits for all, and tells whether one did something', async () => {
  const rounds = createRounds<{ id: Hex }>({ log });
  const played: Hex[] = [];
  const act = async ({ id }: { id: Hex }) => void played.push(id) === undefined && id === quick.id;
  expect(await rounds.play([slow, quick], act)).toBe(true);
  expect(played).toEqual([slow.id, quick.id]);
  expect(await rounds.play([slow], act)).toBe(false);
});

test('one that is under way is not begun again, and the others go on meanwhile', async () => {
  const rounds = createRounds<{ id: Hex }>({ log, patienceMs: 1 });
  let finish = () => {};
  const began: Hex[] = [];
  const act = async ({ id }: { id: Hex }) => {
    began.push(id);
    if (id === quick.id) return false;
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return true;
  };
  expect(await rounds.play([slow, quick], act)).toBe(false);
  expect(await rounds.play([slow, quick], act)).toBe(false);
  expect(began).toEqual([slow.id, quick.id, quick.id]);
  finish();
  await rounds.idle();
  expect(await rounds.play([quick], act)).toBe(true);
});

test('one that fails is tried again after twice the time, up to ten seconds; the others at once', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const rounds = createRounds<{ id: Hex }>({ log, firstBackoffMs: 4_000 });
    const tries: Record<Hex, number> = {};
    const act = async ({ id }: { id: Hex }) => {
      tries[id] = (tries[id] ?? 0) + 1;
      if (id === broken.id) throw new Error('no trace');
      return true;
    };
    const after = async (ms: number) => {
      vi.setSystemTime(Date.now() + ms);
      expect(await rounds.play([broken, quick], act)).toBe(true);
      return tries[broken.id];
    };
    expect(await after(0)).toBe(1);
    expect(await after(3_999)).toBe(1);
    expect(await after(1)).toBe(2);
    expect(await after(7_999)).toBe(2);
    expect(await after(1)).toBe(3);
    expect(await after(9_999)).toBe(3);
    expect(await after(1)).toBe(4);
    expect(tries[quick.id]).toBe(7);
    expect(rounds.counts.failures).toBe(4);
  } finally {
    vi.useRealTimers();
  }
});
