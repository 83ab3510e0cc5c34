// docs/rows.md#rowset: how many rows came to each operator of a stage, went on, and were rejected.
import type { OperatorStats } from './rowset.ts';
import type { StageOperator } from './verdict.ts';

export type OperatorCounts = {
  /** A row came to the operators from `from` to `last`. */
  add(index: number, from: number, last: number): void;
  /** Rows that did not go on from an operator: dropped, rejected, or replaced by those of a flatMap. */
  readonly lost: number[];
  readonly made: number[];
  readonly rejected: number[];
  /** The rows of this index that have come to a counting operator so far. */
  nth(operator: number, index: number): number;
  stats(): Record<string, OperatorStats>;
};

export function createCounts(operators: readonly StageOperator[]): OperatorCounts {
  const zeros = (): number[] => new Array(operators.length + 1).fill(0);
  // Rows that begin at an operator, less those that ended at the one before it.
  const arriving = zeros();
  const [lost, made, rejected] = [zeros(), zeros(), zeros()];
  const counting = operators.flatMap((operator, at) => (operator.counts === true ? [{ at, index: -1, count: 0 }] : []));
  const count = (index: number, from: number, last: number): void => {
    for (const one of counting) {
      if (one.at < from || one.at > last) continue;
      one.count = one.index === index ? one.count + 1 : 1;
      one.index = index;
    }
  };
  return {
    add: (index, from, last) => {
      arriving[from]!++;
      arriving[last + 1]!--;
      if (counting.length > 0) count(index, from, last);
    },
    lost,
    made,
    rejected,
    nth: (operator, index) => {
      const one = counting.find(({ at }) => at === operator)!;
      return one.index === index ? one.count : 0;
    },
    stats: () => {
      let here = 0;
      return Object.fromEntries(
        operators.map(({ name }, i) => {
          here += arriving[i]!;
          return [name, { in: here, out: here - lost[i]! + made[i]!, rejected: rejected[i]! }];
        }),
      );
    },
  };
}
