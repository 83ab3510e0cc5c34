// docs/sdk.md#stages: the operators over the whole dataset, each in the stages that its plan has.
import type { ExchangeOperator } from '../workflow/operator.ts';
import type { Context } from './attempts.ts';
import { createTakeHomes } from './homes.ts';
import type { GuestIo } from './io.ts';
import { createTakeBatches, createTakeFirst, runBatchKeys, runBatchReduce, runLimitKeys } from './stage-batch.ts';
import { createApply, runKeys, runReduceExact } from './stage-dedupe.ts';
import { createTakeDrawn, runDrawKeys, runDrawReduce } from './stage-draw.ts';
import { runGroupKeys, runGroupReduce } from './stage-group.ts';
import { createTakeMatches, runJoinKeys, runJoinReduce } from './stage-join.ts';
import { runReduceNear } from './stage-near.ts';
import { runVectorKeys, runVectorReduce } from './stage-vectors.ts';
import type { StageOperator } from './verdict.ts';

type Exchange<S extends ExchangeOperator> = {
  /** What a partition sends to the buckets. */
  keys(context: Context, operator: S, partition: number): void;
  /** What a bucket makes of it, for each partition. `partitions`: those of the run. */
  reduce(context: Context, operator: S, bucket: number, partitions: number): void;
  /** What becomes of a partition's rows. */
  apply(io: GuestIo, operator: S, partition: number): StageOperator;
};

const EXCHANGES: { readonly [Kind in ExchangeOperator['kind']]: Exchange<Extract<ExchangeOperator, { kind: Kind }>> } =
  {
    dedupe: {
      keys: (context, operator) => {
        if (operator.semantic === null) runKeys(context, operator);
        else runVectorKeys(context, operator);
      },
      reduce: ({ io }, operator, bucket) => {
        if (operator.semantic !== null) runVectorReduce(io, operator);
        else if (operator.near === null) runReduceExact(io, bucket);
        else runReduceNear(io, operator, bucket);
      },
      apply: createApply,
    },
    join: {
      keys: runJoinKeys,
      reduce: (context, operator, bucket, partitions) =>
        runJoinReduce(context, operator, bucket, operator.right.kind === 'input' ? partitions : 0),
      apply: createTakeMatches,
    },
    batch: { keys: runBatchKeys, reduce: runBatchReduce, apply: createTakeBatches },
    draw: { keys: runDrawKeys, reduce: runDrawReduce, apply: createTakeDrawn },
    limit: { keys: runLimitKeys, reduce: () => {}, apply: createTakeFirst },
    groupBy: { keys: runGroupKeys, reduce: runGroupReduce, apply: createTakeHomes },
  };

export function exchangeOf(operator: ExchangeOperator): Exchange<ExchangeOperator> {
  return EXCHANGES[operator.kind] as Exchange<ExchangeOperator>;
}
