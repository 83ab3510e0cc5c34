// docs/sdk.md#stages: the operators over the whole dataset, each in the stages that its plan has.
import type { ExchangeStep } from '../workflow/step.ts';
import type { Context } from './attempts.ts';
import { createTakeHomes } from './homes.ts';
import type { GuestIo } from './io.ts';
import { createTakeBatches, createTakeFirst, runBatchKeys, runBatchReduce, runLimitKeys } from './stage-batch.ts';
import { createApply, runKeys, runReduceExact } from './stage-dedupe.ts';
import { createTakeDrawn, runDrawKeys, runDrawReduce } from './stage-draw.ts';
import { runGroupKeys, runGroupReduce } from './stage-group.ts';
import { createTakeMatches, runJoinKeys, runJoinReduce } from './stage-join.ts';
import { runReduceNear } from './stage-near.ts';
import type { StageStep } from './verdict.ts';

type Exchange<S extends ExchangeStep> = {
  /** What a partition sends to the buckets. */
  keys(context: Context, step: S, partition: number): void;
  /** What a bucket makes of it, for each partition. `partitions`: those of the run. */
  reduce(context: Context, step: S, bucket: number, partitions: number): void;
  /** What becomes of a partition's rows. */
  apply(io: GuestIo, step: S, partition: number): StageStep;
};

const EXCHANGES: { readonly [Kind in ExchangeStep['kind']]: Exchange<Extract<ExchangeStep, { kind: Kind }>> } = {
  dedupe: {
    keys: runKeys,
    reduce: ({ io }, step, bucket) => {
      if (step.near === null) runReduceExact(io, bucket);
      else runReduceNear(io, step, bucket);
    },
    apply: createApply,
  },
  join: {
    keys: runJoinKeys,
    reduce: (context, step, bucket, partitions) =>
      runJoinReduce(context, step, bucket, step.right.kind === 'input' ? partitions : 0),
    apply: createTakeMatches,
  },
  batch: { keys: runBatchKeys, reduce: runBatchReduce, apply: createTakeBatches },
  draw: { keys: runDrawKeys, reduce: runDrawReduce, apply: createTakeDrawn },
  limit: { keys: runLimitKeys, reduce: () => {}, apply: createTakeFirst },
  groupBy: { keys: runGroupKeys, reduce: runGroupReduce, apply: createTakeHomes },
};

export function exchangeOf(step: ExchangeStep): Exchange<ExchangeStep> {
  return EXCHANGES[step.kind] as Exchange<ExchangeStep>;
}
