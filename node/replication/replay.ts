// docs/prover.md#replication: runs every step of a run once more, kernel and programs, from L1 and DA alone.
import { join } from 'node:path';
import { readKernel } from '../../kernel/file.ts';
import { createKernelEngine } from '../../kernel/native.ts';
import { decodeReceipt, type Receipt } from '../../kernel/receipt.ts';
import { createKernel, type Kernel, type StepDone } from '../../kernel/run.ts';
import { decodeDefinition } from '../../protocol/definition.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { decodeMessage } from '../../protocol/messages.ts';
import { type ExecResult, encodeExecResult } from '../../protocol/state.ts';
import { type StepSinceGenesis, stepAfter } from '../../protocol/step-numbers.ts';
import { openDiskObjects } from '../../service/storage/disk-objects.ts';
import { withFallback } from '../../service/storage/objects.ts';
import { openStore } from '../../service/storage/store.ts';
import { type BodyChunk, type BodyStep, decodeChunk } from '../body/body.ts';
import { verifyStep } from '../body/verify-step.ts';
import { deriveBatch, type ObjectSource, requireObject } from '../l1/derive.ts';
import { createMemo } from '../memo.ts';
import { createProgramRegistry, type ProgramRegistry } from '../programs.ts';
import type { StepInput, TouchedExec } from '../transition.ts';
import { createExecPool, type ExecPool } from '../workers/pool.ts';
import { bodiesBackwards, type LocatedRun, type Snapshot } from './locate-run.ts';

export type ReplayOptions = {
  /** The file of the kernel's module. */
  readonly kernelPath: string;
  readonly workers?: number;
  readonly onStep?: (done: number) => void;
};

export type ReplayRequest = ReplayOptions & {
  readonly snapshot: Snapshot;
  readonly objects: ObjectSource;
  readonly found: LocatedRun;
  readonly run: Hex;
};

export type ReplayedChain =
  | { readonly ok: true; readonly steps: number; readonly programs: number }
  | { readonly ok: false; readonly reason: string };

type Located = {
  readonly chunk: BodyChunk;
  readonly index: number;
  readonly step: StepSinceGenesis;
  readonly receipt: Receipt;
};

export async function replayRun(request: ReplayRequest): Promise<ReplayedChain> {
  const { snapshot, run, workers = 2 } = request;
  const kernel = createKernel(createKernelEngine(await readKernel(request.kernelPath)));
  const store = await openStore(join(snapshot.folder, 'replay'));
  const local = await openDiskObjects(join(snapshot.folder, 'objects'), { durable: false });
  const objects = withFallback(local, (root) => request.objects.get(root));
  const programs = createProgramRegistry(store);
  const pool = createExecPool({ objects, programs, memo: await createMemo(store), workers });
  try {
    const steps = await collectSteps(request, programs);
    if (steps[0]?.receipt.kind !== 'Run') return { ok: false, reason: `the start of run ${run} is in no body` };
    return await replaySteps(request, kernel, pool, steps);
  } finally {
    await pool.close();
    await store.close();
  }
}

/**
 * The run's steps from its start to its end. Bodies are read backwards, down to the Deploy message of its workflow,
 * whose programs are registered.
 */
async function collectSteps(
  { snapshot, objects, found, run }: ReplayRequest,
  programs: ProgramRegistry,
): Promise<Located[]> {
  const steps: Located[] = [];
  let workflow: Hex | undefined;
  for await (const { body } of bodiesBackwards(snapshot.mirror, objects, found.assertion)) {
    for (const ref of [...body.chunks].reverse()) {
      const chunk = decodeChunk(await requireObject(objects, ref, 'A chunk of the body'));
      for (let index = chunk.steps.length - 1; index >= 0; index--) {
        const record = chunk.steps[index] as BodyStep;
        const receipt = decodeReceipt(record.receipt);
        if (workflow === undefined && concerns(receipt, run)) {
          steps.push({ chunk, index, step: stepAfter(chunk.firstStep + BigInt(index)), receipt });
          if (receipt.kind === 'Run') workflow = receipt.workflow;
        }
        if (workflow !== undefined && receipt.kind === 'Deploy' && receipt.ok && receipt.workflow === workflow) {
          const message = decodeMessage(record.message);
          if (message.kind === 'Deploy')
            await programs.register(decodeDefinition(message.definition).definition.programs);
          return steps.reverse();
        }
      }
    }
  }
  return steps.reverse();
}

function concerns(receipt: Receipt, run: Hex): boolean {
  return receipt.ok && (receipt.run === run || receipt.items?.some((item) => item.run === run) === true);
}

async function replaySteps(
  request: ReplayRequest,
  kernel: Kernel,
  pool: ExecPool,
  steps: readonly Located[],
): Promise<ReplayedChain> {
  const inbox = createInbox(request);
  const outcomes: Promise<string | undefined>[] = [];
  /** By an object's root: the outcome of the program that made it, of programs with equal outputs the last one. */
  const makers = new Map<Hex, Promise<string | undefined>>();
  for (const [i, { chunk, index, step }] of steps.entries()) {
    const record = chunk.steps[index] as BodyStep;
    const sent = await inbox(step);
    if (sent === undefined || !isSame(sent, record))
      return { ok: false, reason: `step ${step} since genesis: L1 has another message` };
    const check = verifyStep(kernel, chunk, index);
    if (!check.ok) return { ok: false, reason: `step ${step} since genesis: ${check.reason}` };
    for (const exec of record.execs) {
      const before = exec.inputs.map(({ root }) => makers.get(root));
      const outcome = runAgain(pool, exec, check.done, before, step);
      // It is awaited below, unless an earlier step ends the replay.
      outcome.catch(() => undefined);
      outcomes.push(outcome);
      makers.set(exec.result.outputRoot, outcome);
    }
    request.onStep?.(i + 1);
  }
  for (const outcome of outcomes) {
    const reason = await outcome;
    if (reason !== undefined) return { ok: false, reason };
  }
  return { ok: true, steps: steps.length, programs: pool.stats().done };
}

// Outputs of earlier programs are not on DA: the program that made an input must have ended. `makers` are of earlier
// steps, so no program waits for itself.
async function runAgain(
  pool: ExecPool,
  { request, inputs, result }: TouchedExec,
  { objects }: StepDone,
  makers: readonly (Promise<string | undefined> | undefined)[],
  step: StepSinceGenesis,
): Promise<string | undefined> {
  for (const maker of makers) {
    const reason = await maker;
    if (reason !== undefined) return reason;
  }
  const actual: ExecResult = await pool.exec(request, inputs, objects);
  if (bytesToHex(encodeExecResult(actual)) === bytesToHex(encodeExecResult(result))) return undefined;
  return `step ${step} since genesis: the program gives output ${actual.outputRoot} with ${actual.gasUsed} gas, not ${result.outputRoot} with ${result.gasUsed}`;
}

/** The message of a step as L1 and DA have it. Steps are asked for in ascending order. */
function createInbox({ snapshot, objects }: ReplayRequest): (step: StepSinceGenesis) => Promise<StepInput | undefined> {
  let index = 0n;
  let first = 0n;
  let open: StepInput[] | undefined;
  return async (step) => {
    for (;;) {
      const batch = await snapshot.mirror.batch(index);
      if (batch === undefined) return undefined;
      if (step <= batch.totalMessages) {
        open ??= await deriveBatch(snapshot.mirror, objects, batch);
        return open[Number(step - first) - 1];
      }
      first = batch.totalMessages;
      index += 1n;
      open = undefined;
    }
  };
}

function isSame(sent: StepInput, { context, message }: BodyStep): boolean {
  return Buffer.compare(sent.context, context) === 0 && Buffer.compare(sent.message.bytes, message) === 0;
}
