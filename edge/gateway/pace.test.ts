// docs/edge.md#pace
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createWorkerPace } from './pace.ts';

test('a slow worker has what it has asked for, in four leases', () => {
  let now = 0;
  const pace = createWorkerPace(64, 64, () => now);
  for (let i = 0; i < 50; i++) {
    now += 10_000;
    pace.answered(16);
    expect(pace.room()).toBe(64);
    expect(pace.leaseRows()).toBe(16);
  }
});

test('a fast worker with few credits has what it answers in a second, and no more', () => {
  let now = 0;
  const pace = createWorkerPace(4, 64, () => now);
  expect(pace.leaseRows()).toBe(1);
  for (let i = 0; i < 2_000; i++) {
    now += 10;
    pace.answered(1);
  }
  expect(pace.room()).toBeGreaterThan(98);
  expect(pace.room()).toBeLessThan(102);
  expect(pace.leaseRows()).toBeGreaterThan(24);
  // It becomes slow: its room shrinks again.
  for (let i = 0; i < 50; i++) {
    now += 1_000;
    pace.answered(1);
  }
  expect(pace.room()).toBe(4);
});

test('a worker that has just come has its room within a second, and not by one lease', () => {
  let now = 0;
  const pace = createWorkerPace(1, 64, () => now);
  now += 1;
  pace.answered(1);
  expect(pace.room()).toBe(3);
  for (; now < 1_000; now += 20) pace.answered(1);
  expect(pace.room()).toBeGreaterThan(47);
  expect(pace.room()).toBeLessThan(54);
});

test('leases that end at the same moment make nobody fast', () => {
  let now = 0;
  const pace = createWorkerPace(64, 64, () => now);
  for (let round = 0; round < 20; round++) {
    now += 20_000;
    for (let lease = 0; lease < 4; lease++) pace.answered(16);
    expect(pace.room()).toBe(64);
  }
});

test('whatever comes, a lease has a row at least and the most at most, and the room a lease', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 1, max: 1_024 })));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4_096 }),
      fc.integer({ min: 1, max: 1_024 }),
      steps,
      (credits, most, answers) => {
        let now = 0;
        const pace = createWorkerPace(credits, most, () => now);
        for (const [ms, rows] of answers) {
          now += ms;
          pace.answered(rows);
          expect(pace.leaseRows()).toBeGreaterThanOrEqual(1);
          expect(pace.leaseRows()).toBeLessThanOrEqual(most);
          expect(pace.room()).toBeGreaterThanOrEqual(Math.max(credits, pace.leaseRows()));
          expect(pace.room()).toBeLessThanOrEqual(Math.max(credits, 1_024));
        }
      },
    ),
  );
});
