// docs/prover.md#replication: what L1 has voided of a run, and whether the run has gone on from there.
import { decodeReceipt } from '../../kernel/receipt.ts';
import { KIND } from '../../protocol/constants.ts';
import { type Hex, hexToBytes } from '../../protocol/hex.ts';
import { type L1Message, readMessage } from '../../protocol/messages.ts';
import { type StepSinceGenesis, stepAfter, toLeafIndex } from '../../protocol/step-numbers.ts';
import { requireStep } from '../body/body.ts';
import type { BatchRecord } from '../l1/batch-record.ts';
import type { ObjectSource } from '../l1/derive.ts';
import type { DelayedRecord, Mirror } from '../l1/mirror.ts';
import { bodiesBackwards, findStep, type LocatedRun } from './locate-run.ts';

type ItemVoided = L1Message & { kind: 'ItemVoided' };

/** An ItemVoided message of L1. `step` is undefined while no batch has taken it in. */
export type QueuedVoid = { readonly message: ItemVoided; readonly step: StepSinceGenesis | undefined };

/** What makes a dataset void: the message, and whether an assertion says so yet. */
export type DatasetVoid = { readonly message: ItemVoided; readonly isAsserted: boolean };

/** The messages that name the run, in their order. Whether one has an effect its receipt says. */
export async function voidsOf(mirror: Mirror, run: Hex): Promise<QueuedVoid[]> {
  const found: QueuedVoid[] = [];
  const { delayed } = await mirror.head();
  let batch = await mirror.batch(0n);
  for (let index = 0n; index < delayed; index++) {
    const message = readVoid(await mirror.delayed(index), run);
    if (message === undefined) continue;
    while (batch !== undefined && batch.delayedUpTo <= index) batch = await mirror.batch(batch.index + 1n);
    found.push({ message, step: batch === undefined ? undefined : stepOf(batch, index) });
  }
  return found;
}

/** The first message after the run's end by which the run goes on again, so that its dataset is void. */
export async function findDatasetVoid(
  mirror: Mirror,
  objects: ObjectSource,
  { body, ended }: LocatedRun,
  voids: readonly QueuedVoid[],
): Promise<DatasetVoid | undefined> {
  const end = body.firstStep + BigInt(ended.leaf);
  for (const { message, step } of voids) {
    if (step !== undefined && step <= end) continue;
    const status = step === undefined ? 'not asserted' : await statusAfter(mirror, objects, step);
    if (status !== undefined) return { message, isAsserted: status !== 'not asserted' };
  }
  return undefined;
}

/** What the receipt of this step says that the run has become. */
async function statusAfter(mirror: Mirror, objects: ObjectSource, step: StepSinceGenesis): Promise<string | undefined> {
  for await (const { body } of bodiesBackwards(mirror, objects)) {
    if (step <= body.firstStep) continue;
    const found = await findStep(objects, body, toLeafIndex(Number(step - body.firstStep)));
    if (found === undefined) return 'not asserted';
    return decodeReceipt(requireStep(found.chunk, found.step).receipt).runStatus;
  }
  return 'not asserted';
}

// Delayed messages are the first of their batch.
function stepOf({ totalMessages, messageCount, delayedFrom }: BatchRecord, index: bigint): StepSinceGenesis {
  return stepAfter(totalMessages - BigInt(messageCount) + (index - delayedFrom));
}

function readVoid(record: DelayedRecord | undefined, run: Hex): ItemVoided | undefined {
  if (record === undefined || Number.parseInt(record.message.slice(2, 4), 16) !== KIND.ItemVoided) return undefined;
  const message = readMessage(hexToBytes(record.message));
  return message?.kind === 'ItemVoided' && message.run === run ? message : undefined;
}
