// docs/prover.md#execution: runs every batch of the inbox in order, and remembers the state after every step.

import { MizuError } from '../protocol/errors.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { LEAF_BYTES, type ObjectRef } from '../protocol/tree.ts';
import { numberKey, type Operation, type Store } from '../service/storage/store.ts';
import type { ChunkRef } from './body/receipts.ts';
import type { StepRecorderFactory } from './body/recorder.ts';
import { explainMissing } from './forgotten.ts';
import { deriveBatch, type ObjectSource } from './l1/derive.ts';
import type { BatchRecord, Mirror } from './l1/mirror.ts';
import type { StepInput, StepOutcome, Transition } from './transition.ts';

export type FinishedRun = {
  readonly run: Hex;
  /** The number of the step that ended it, since genesis. */
  readonly step: bigint;
  readonly dataset: ObjectRef;
};

export type ExecutedBatch = {
  readonly index: bigint;
  /** The fingerprint of the mirror's record: if that has another one, L1 has changed its mind. */
  readonly fingerprint: Hex;
  /** The numbers of steps since genesis before and after the batch. */
  readonly fromStep: bigint;
  readonly toStep: bigint;
  readonly chunks: readonly ChunkRef[];
  readonly runs: readonly FinishedRun[];
};

export type Execution = {
  /**
   * Drops batches that a reorg has replaced and runs those that the mirror has, at most `maxBatches`. Returns how many
   * steps it ran.
   */
  catchUp(signal: AbortSignal, maxBatches?: number): Promise<number>;
  /** The number of batches executed. */
  batches(): bigint;
  batch(index: bigint): Promise<ExecutedBatch | undefined>;
  /** The state leaves after `from` to `to` steps since genesis, both included: the step list of that range. */
  leaves(from: bigint, to: bigint): Promise<Uint8Array>;
};

export type ExecutionParts = {
  readonly store: Store;
  readonly mirror: Mirror;
  readonly objects: ObjectSource;
  readonly transition: Transition;
  readonly recorder: StepRecorderFactory;
  readonly genesisLeaf: Uint8Array;
  /** Called after every step. */
  readonly onStep?: (outcome: StepOutcome) => void;
};

/** How many messages are looked at ahead of the step that is run. */
const AHEAD = 64;
/** After how many steps they are looked at again. */
const LOOK_EVERY = 2;
const DROP_AT_ONCE = 1024;

export async function openExecution(parts: ExecutionParts): Promise<Execution> {
  const { store, mirror } = parts;
  const table = store.table<ExecutedBatch>('executed');
  const leafTable = store.bytes('leaves');
  let count = 0n;
  for await (const [, last] of table.entries({ reverse: true, limit: 1 })) count = last.index + 1n;

  const leafAfter = async (step: bigint): Promise<Uint8Array> => {
    const leaf = step === 0n ? parts.genesisLeaf : await leafTable.get(numberKey(step));
    if (leaf === undefined) throw dropped(step, step);
    return leaf;
  };
  const headStep = async (): Promise<bigint> => (count === 0n ? 0n : (await requireBatch(count - 1n)).toStep);
  const requireBatch = async (index: bigint): Promise<ExecutedBatch> => {
    const batch = await table.get(numberKey(index));
    if (batch === undefined) throw new Error(`batch ${index} was not executed`);
    return batch;
  };

  async function dropReplaced(signal: AbortSignal): Promise<void> {
    while (count > 0n && !signal.aborted) {
      const last = await requireBatch(count - 1n);
      if ((await mirror.batch(last.index))?.fingerprint === last.fingerprint) return;
      // The record goes before its leaves: a process that is killed in between keeps leaves that nobody asks for, and
      // no record without leaves.
      await store.write([table.delete(numberKey(last.index))]);
      count = last.index;
      for (let from = last.fromStep + 1n; from <= last.toStep; from += BigInt(DROP_AT_ONCE)) {
        const steps = range(from, min(last.toStep, from + BigInt(DROP_AT_ONCE) - 1n));
        await store.write(
          steps.map((step) => leafTable.delete(numberKey(step))),
          { sync: false },
        );
      }
    }
  }

  // Nobody waits for it: whoever runs that batch asks again, and reports what fails.
  function fetchAhead(batch: BatchRecord | undefined): void {
    if (batch !== undefined && batch.objectLength > 0) parts.objects.get(batch.objectRoot).catch(() => undefined);
  }

  async function runBatch(batch: BatchRecord, signal: AbortSignal): Promise<number> {
    const fromStep = await headStep();
    const before = await leafAfter(fromStep);
    const steps = await deriveBatch(mirror, parts.objects, batch);
    const recorder = parts.recorder(fromStep, before);
    const writes: Operation[] = [];
    const runs: FinishedRun[] = [];
    let leaf = before;
    for (const [i, step] of steps.entries()) {
      signal.throwIfAborted();
      if (i % LOOK_EVERY === 0) parts.transition.speculate(leaf, steps.slice(i, i + AHEAD));
      const outcome = await parts.transition.step(leaf, step.context, step.message);
      leaf = outcome.stateLeaf;
      const after = fromStep + BigInt(i) + 1n;
      writes.push(leafTable.put(numberKey(after), leaf));
      runs.push(...finishedRuns(outcome, after));
      await recorder.add(toRecord(step, outcome));
      parts.onStep?.(outcome);
    }
    requireCursor(leaf, batch);
    const executed: ExecutedBatch = {
      index: batch.index,
      fingerprint: batch.fingerprint,
      fromStep,
      toStep: fromStep + BigInt(steps.length),
      chunks: await recorder.finish(),
      runs,
    };
    await store.write([...writes, table.put(numberKey(batch.index), executed)]);
    count = batch.index + 1n;
    return steps.length;
  }

  // L1 may change its mind about earlier batches while a later one is run: nothing is built on what it has left.
  const follows = async ({ previous }: BatchRecord): Promise<boolean> =>
    count === 0n || (await requireBatch(count - 1n)).fingerprint === previous;

  return {
    async catchUp(signal, maxBatches = Number.POSITIVE_INFINITY) {
      let steps = 0;
      for (let n = 0; n < maxBatches && !signal.aborted; n++) {
        await dropReplaced(signal);
        const batch = await mirror.batch(count);
        if (batch === undefined) break;
        if (!(await follows(batch))) continue;
        fetchAhead(await mirror.batch(count + 1n));
        steps += await runBatch(batch, signal).catch(async (error: unknown) => {
          throw await explainMissing(mirror, batch, error);
        });
      }
      return steps;
    },
    batches: () => count,
    batch: (index) => table.get(numberKey(index)),
    async leaves(from, to) {
      const list = new Uint8Array(Number(to - from + 1n) * LEAF_BYTES);
      list.set(await leafAfter(from));
      let at = LEAF_BYTES;
      for await (const [, leaf] of leafTable.entries({ gt: numberKey(from), lte: numberKey(to) })) {
        list.set(leaf, at);
        at += LEAF_BYTES;
      }
      if (at !== list.length) throw dropped(from, to);
      return list;
    },
  };
}

function toRecord(step: StepInput, outcome: StepOutcome) {
  return {
    context: step.context,
    message: step.message.bytes,
    stateLeaf: outcome.stateLeaf,
    receipt: outcome.receiptBytes,
    execs: outcome.touched.execs,
    nodes: [...outcome.touched.nodes, ...outcome.nodes],
  };
}

function finishedRuns({ receipt }: StepOutcome, step: bigint): FinishedRun[] {
  return [receipt, ...(receipt.items ?? [])].flatMap(({ run, datasetRoot, datasetLength }) =>
    run === undefined || datasetRoot === undefined || datasetLength === undefined
      ? []
      : [{ run, step, dataset: { root: datasetRoot, length: datasetLength } }],
  );
}

function requireCursor(leaf: Uint8Array, { index }: BatchRecord): void {
  const { batch, message } = decodeStateLeaf(leaf);
  if (batch !== index + 1n || message !== 0n)
    throw new Error(`after batch ${index} the kernel's cursor is (${batch}, ${message}): ${bytesToHex(leaf)}`);
}

// One task may read leaves while another drops those of a branch that L1 has left.
function dropped(from: bigint, to: bigint): MizuError {
  return new MizuError({
    code: 'l1/reorganised',
    message: 'State leaves are no longer those of L1.',
    expected: `the leaves after ${from} to ${to} steps`,
    actual: 'they were dropped with their batches',
    retryable: true,
  });
}

function range(from: bigint, to: bigint): bigint[] {
  return Array.from({ length: Number(to - from + 1n) }, (_, i) => from + BigInt(i));
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
