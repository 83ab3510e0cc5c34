// docs/edge.md#queue: a lease is answered once, by the worker that holds it, also after a restart.
import { afterAll, describe, expect, test } from 'vitest';
import {
  ANN,
  addTask,
  answer,
  BEN,
  closeChecker,
  contentsOf,
  LEASE_SIGNATURE,
  MODELS,
  rowOf,
  setUp,
  take,
} from '../../test/edge/queue.fixture.ts';

afterAll(closeChecker);

describe('fencing', () => {
  test('an expired lease goes to another worker, and the late answer finds nothing', async () => {
    const { queue, pass } = setUp();
    addTask(queue, 2);
    const late = take(queue, ANN, 2);
    pass(61);
    expect(queue.expire()).toEqual([late]);
    const next = take(queue, BEN, 2);
    expect(next.lease).toBeGreaterThan(late.lease);
    expect(queue.find(late.lease, ANN)).toBeUndefined();
    expect(queue.find(next.lease, ANN)).toBeUndefined();
    await answer(queue, next, (place) => `ben${place}`);
    expect(contentsOf(queue).sort()).toEqual(['ben0', 'ben1']);
  });

  test('results of other rows are refused', async () => {
    const { queue } = setUp();
    addTask(queue, 2);
    const lease = take(queue, ANN, 2);
    const rows = [rowOf(1, 'x'), rowOf(0, 'y')];
    await expect(queue.accept(lease, { signature: LEASE_SIGNATURE, rows })).rejects.toMatchObject({
      code: 'edge/other-rows',
    });
    await expect(queue.accept(lease, { signature: LEASE_SIGNATURE, rows: [] })).rejects.toMatchObject({
      code: 'edge/other-rows',
    });
  });

  test('what cannot be made durable is not accepted; the lease goes on', async () => {
    const { queue } = setUp({ failWrites: true });
    addTask(queue, 1);
    const lease = take(queue, ANN, 1);
    await expect(answer(queue, lease)).rejects.toThrow('disk full');
    expect(queue.find(lease.lease, ANN)).toEqual(lease);
    expect(queue.takeFinished()).toEqual([]);
  });
});

describe('a restart', () => {
  test('keeps what the journal has, and takes up leases whose seal is good', async () => {
    const { queue: before, journal } = setUp();
    addTask(before, 4);
    await answer(before, take(before, ANN, 2));
    const { worker, ...held } = take(before, ANN, 2);

    const { queue } = setUp({ journal, epoch: 2 });
    addTask(queue, 4);
    expect(queue.size()).toEqual({ tasks: 1, openRows: 2, leasedRows: 0 });
    expect(queue.adopt({ ...held, deadline: held.deadline + 1 }, worker)).toBe(false);
    expect(queue.adopt(held, BEN)).toBe(false);
    expect(queue.adopt(held, worker)).toBe(true);
    expect(queue.lease({ worker: BEN, models: MODELS, rows: 2 })).toBeUndefined();
    await answer(queue, queue.find(held.lease, worker)!);
    expect(contentsOf(queue)).toEqual(['r0', 'r1', 'r2', 'r3']);
  });

  test('does not take up what another worker has by now', () => {
    const { queue: before, journal } = setUp();
    addTask(before, 1);
    const { worker, ...held } = take(before, ANN, 1);
    const { queue } = setUp({ journal, epoch: 2 });
    addTask(queue, 1);
    take(queue, BEN, 1);
    expect(queue.adopt(held, worker)).toBe(false);
  });
});
