import { expect, test } from 'vitest';
import { describeFailure, describeUnpaid } from './failure.ts';

const LIMIT = 5_000_000_000n;
const run = (spent: bigint) => ({ escrow: 1_000_000n, spent, gasPrice: 2n });

test.each([
  ['an exit code', { status: 1, gasUsed: 7 }, run(10n), 'exit', 'its program ended with exit code 1'],
  ['an exit code with the last money', { status: 9, gasUsed: 7 }, run(1_000_000n), 'exit', 'exit code 9'],
  [
    'no money for the gas',
    { status: 256, gasUsed: 900 },
    run(999_999n),
    'budget',
    'the budget of the run, 1000000 wei',
  ],
  ['no money for loading', { status: 256, gasUsed: 0 }, run(1_000_000n), 'budget', 'is used up'],
  ['inputs that nobody loads', { status: 256, gasUsed: 0 }, run(10n), 'inputs', '256 MiB'],
  [
    'the limit of a task, or a trap',
    { status: 256, gasUsed: Number(LIMIT) },
    run(10n),
    'gas-or-trap',
    '5000000000 gas',
  ],
  ['a run that the state has not', { status: 256, gasUsed: 5 }, undefined, 'gas-or-trap', '5 gas'],
] as const)('%s', (_, task, record, kind, words) => {
  const failure = describeFailure(task, record);
  expect(failure.kind).toBe(kind);
  expect(failure.why).toContain(words);
});

test.each([
  ['the budget', { spent: 990n }, true, 'its budget, 1000 wei, has 10 wei left'],
  ['all answers', { inferenceSpent: 495n }, true, 'what all its answers may cost, 500 wei, has 5 wei left'],
  ['one partition', { maxItemCost: 3n }, true, 'what the answers for one partition may cost is 3 wei'],
  ['the model', {}, false, 'the model is switched off'],
] as const)('a result that is not paid for: %s', (_, change, isActive, words) => {
  const limits = {
    escrow: 1_000n,
    spent: 0n,
    maxItemCost: 100n,
    maxInferenceCost: 500n,
    inferenceSpent: 0n,
    ...change,
  };
  expect(describeUnpaid(limits, isActive)).toContain(words);
});
