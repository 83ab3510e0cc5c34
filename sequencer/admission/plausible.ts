// docs/rpc.md#errors: what the kernel would refuse for sure is refused before its sender pays for it.
import { MAX_PARTITION_BYTES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { decodeInputs, type UserMessage } from '../../protocol/messages.ts';

/**
 * @throws MizuError `message/max-fee-too-low`, `message/deadline-passed`, `message/partition-too-large`,
 * `message/workflow-unknown`
 */
export async function assertPlausible(
  message: UserMessage,
  feeWei: bigint,
  isWorkflow: (id: Hex) => Promise<boolean>,
): Promise<void> {
  if (message.kind === 'Deploy' && message.maxFee < feeWei) throw maxFeeTooLow(message.maxFee, feeWei);
  if (message.kind !== 'Run') return;
  const now = BigInt(Math.floor(Date.now() / 1000));
  if (message.deadline <= now) throw deadlinePassed(now, message.deadline);
  const { inputs } = decodeInputs(message.inputs);
  const large = inputs.findIndex(({ length }) => length > MAX_PARTITION_BYTES);
  if (large !== -1) throw partitionTooLarge(large, inputs[large]?.length ?? 0);
  if (!(await isWorkflow(message.workflow))) throw workflowUnknown(message.workflow);
}

function maxFeeTooLow(maxFee: bigint, feeWei: bigint): MizuError {
  return new MizuError({
    code: 'message/max-fee-too-low',
    message: 'The deployment costs more than its sender allows.',
    expected: `maxFee of at least ${feeWei} wei`,
    actual: `${maxFee} wei`,
    hint: 'Sign it again with a higher maxFee.',
  });
}

function deadlinePassed(now: bigint, deadline: bigint): MizuError {
  return new MizuError({
    code: 'message/deadline-passed',
    message: 'The deadline of the run has passed.',
    expected: `unix seconds after ${now}`,
    actual: String(deadline),
    hint: 'A deadline is a time in unix seconds, not in milliseconds and not counted from now.',
  });
}

function partitionTooLarge(index: number, length: number): MizuError {
  return new MizuError({
    code: 'message/partition-too-large',
    message: `Partition ${index} of the input is too large.`,
    expected: `at most ${MAX_PARTITION_BYTES} bytes`,
    actual: `${length} bytes`,
    hint: 'Cut the input into more partitions.',
  });
}

function workflowUnknown(workflow: Hex): MizuError {
  return new MizuError({
    code: 'message/workflow-unknown',
    message: 'The workflow is not deployed.',
    expected: 'the id of a workflow that is deployed, or whose Deploy message is queued before',
    actual: workflow,
    hint: 'Deploy it first: npx mizu deploy WORKFLOW.ts',
  });
}
