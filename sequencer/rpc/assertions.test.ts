// docs/rpc.md#mizu_getAssertions: the assertions behind a step of a chain with many more than one answer holds.
import { expect, test } from 'vitest';
import type { AssertionRecord, Mirror } from '../../node/l1/mirror.ts';
import { queryAssertions } from './assertions.ts';

/** Assertion number n ends at step 10 n; of three, the second is a rival that was rejected. The last three are pending. */
function chainOf(count: number) {
  let read = 0;
  const recordOf = (place: number) =>
    ({
      id: `0x${place.toString(16)}`,
      place: BigInt(place),
      post: { step: BigInt(10 * place), batch: BigInt(place), stateRoot: '0x' },
      firstBatch: BigInt(Math.max(0, place - 1)),
      status: place >= count - 3 ? 'pending' : place % 3 === 1 ? 'rejected' : 'confirmed',
    }) as unknown as AssertionRecord;
  const mirror: Pick<Mirror, 'assertions' | 'attestations' | 'head'> = {
    head: async () => ({ assertions: BigInt(count) }) as Awaited<ReturnType<Mirror['head']>>,
    attestations: async () => undefined,
    assertions: async function* (from = 0n) {
      for (let place = Number(from); place < count; place++) {
        read++;
        yield recordOf(place);
      }
    },
  };
  const ask = async (afterStep: number) => {
    read = 0;
    const answer = await queryAssertions(mirror, afterStep, (async (work: () => unknown) => work()) as never);
    return { steps: answer.map(({ toStep }) => toStep), read };
  };
  return ask;
}

test('behind a step of a long chain come the next 1,000, and few others are read', async () => {
  const ask = chainOf(100_000);
  const { steps, read } = await ask(505_050);
  expect(steps[0]).toBe(505_060);
  expect(steps).toHaveLength(1_000);
  expect(read).toBeLessThan(1_060);
});

test('those that are pending behind the last confirmed one', async () => {
  const ask = chainOf(100_000);
  expect((await ask(999_979)).steps).toEqual([999_980, 999_990]);
  expect((await ask(2_000_000)).steps).toEqual([]);
});

test('without a step they begin with genesis', async () => {
  expect((await chainOf(5)(0)).steps).toEqual([0, 10, 20, 30, 40]);
  expect((await chainOf(1)(0)).steps).toEqual([0]);
  expect((await chainOf(1)(10)).steps).toEqual([0]);
});
