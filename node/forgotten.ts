// docs/prover.md#forgotten: bytes that DA need not keep any more, and that a node which comes later lacks.
import { MizuError } from '../protocol/errors.ts';
import type { BatchRecord, Mirror } from './l1/mirror.ts';

/**
 * What to throw when an object that is needed to run a batch was not found. If the batch is confirmed, the promise of
 * its bytes may be over: then no DA member has them, however long one waits.
 */
export async function explainMissing(
  mirror: Pick<Mirror, 'head' | 'assertion'>,
  { index, objectRoot }: BatchRecord,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof MizuError) || error.code !== 'da/object-missing') return error;
  const confirmed = await mirror.assertion((await mirror.head()).latestConfirmed);
  if (confirmed === undefined || index >= confirmed.post.batch) return error;
  return new MizuError({
    code: 'da/batch-forgotten',
    message: `Batch ${index} is confirmed on L1, and no DA member gives what it takes to run it: ${error.message}`,
    expected: error.expected ?? `batch object ${objectRoot}`,
    actual: error.actual ?? 'none has it',
    hint:
      'Are the DA members up? If their promise is over they have deleted it: copy the folder objects/ out of the data folder of an ' +
      'executor or a validator of the network into the one of this node, which waits and then goes on (docs/prover.md#forgotten).',
    retryable: true,
    cause: error,
  });
}
