// docs/operations.md#priority: who pays most goes first, and nobody waits for ever.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHOICES_PER_TURN, createPriority, type Waiting } from './priority.ts';

/** Takes all that wait, in the order in which they go. `next` may add to what waits. */
function drain(waiting: Waiting[], next: (taken: number) => void = () => undefined): number[] {
  const priority = createPriority();
  const order: number[] = [];
  for (;;) {
    next(order.length);
    const first = priority.first(waiting);
    if (first === undefined) return order;
    priority.took();
    waiting.splice(waiting.indexOf(first), 1);
    order.push(first.sequence);
  }
}

test('a higher price goes first, equal ones by age, and every fourth time the oldest whatever it pays', () => {
  const prices = [1n, 9n, 5n, 9n, 1n, 7n, 7n, 9n];
  const waiting = prices.map((gasPrice, sequence) => ({ gasPrice, sequence }));
  expect(drain(waiting)).toEqual([1, 3, 7, 0, 5, 6, 2, 4]);
});

test('with one price for all the order is that of age', () => {
  const waiting = Array.from({ length: 50 }, (_, sequence) => ({ gasPrice: 3n, sequence }));
  expect(drain(waiting)).toEqual(Array.from({ length: 50 }, (_, sequence) => sequence));
});

test('what waits behind n others is taken within 4 (n + 1) choices, whoever comes after it and pays more', () => {
  fc.assert(
    fc.property(fc.nat({ max: 12 }), fc.nat({ max: 9 }), (before, price) => {
      const waiting: Waiting[] = Array.from({ length: before + 1 }, (_, sequence) => ({
        gasPrice: BigInt(price),
        sequence,
      }));
      let sequence = before + 1;
      const order = drain(waiting, (taken) => {
        // At any time somebody waits who pays more.
        if (taken < 200) waiting.push({ gasPrice: 10n, sequence: sequence++ });
      });
      expect(order.indexOf(before)).toBeLessThan(CHOICES_PER_TURN * (before + 1));
    }),
  );
});

test('what was not taken has not had its turn', () => {
  const priority = createPriority();
  const waiting = [
    { gasPrice: 1n, sequence: 0 },
    { gasPrice: 2n, sequence: 1 },
  ];
  for (let i = 0; i < 10; i++) expect(priority.first(waiting)).toBe(waiting[1]);
  for (let i = 0; i < 3; i++) priority.took();
  expect(priority.first(waiting)).toBe(waiting[0]);
  expect(createPriority().first([])).toBe(undefined);
});
