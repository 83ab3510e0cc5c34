// docs/prover.md#memory
import { expect, test } from 'vitest';
import { createBudget } from './budget.ts';

test('the first to ask is the first to get bytes, when there is room; one alone may have more than all', async () => {
  const budget = createBudget(100);
  const order: string[] = [];
  const take = (name: string, bytes: number) =>
    budget.take(bytes).then((give) => {
      order.push(name);
      return give;
    });
  const whole = await take('more than all', 150);
  const large = take('large', 90);
  const small = take('small', 5);
  await Promise.resolve();
  expect(order).toEqual(['more than all']);
  whole();
  whole();
  (await large)();
  (await small)();
  expect(order).toEqual(['more than all', 'large', 'small']);
  expect(budget.used()).toBe(0);
});

test('what is only kept is given up before a job waits', async () => {
  const asked: number[] = [];
  const drops: (() => void)[] = [];
  const budget = createBudget(100, (missing) => {
    asked.push(missing);
    for (const drop of drops) drop();
  });
  drops.push(budget.keep(60));
  const first = await budget.take(30);
  expect(asked).toEqual([]);
  const second = await budget.take(50);
  expect(asked).toEqual([40]);
  expect(budget.used()).toBe(80);
  first();
  second();
});
