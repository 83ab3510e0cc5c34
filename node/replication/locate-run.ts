// docs/prover.md#replication: reads the logs of L1, as anybody can, and finds the assertion in which a run ended.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Hex } from '../../protocol/hex.ts';
import { type LeafIndex, stepTo, toLeafIndex } from '../../protocol/step-numbers.ts';
import type { L1 } from '../../service/l1/l1.ts';
import { followLogs } from '../../service/l1/logs.ts';
import { openStore } from '../../service/storage/store.ts';
import { type BodyChunk, type BodyStep, decodeChunk, requireStep } from '../body/body.ts';
import { type BodyIndex, type CompletedRun, decodeBodyIndex } from '../body/receipts.ts';
import { type ObjectSource, requireObject } from '../l1/derive.ts';
import { type AssertionRecord, type Mirror, mirroredContracts, openMirror } from '../l1/mirror.ts';

const FAILURES = 4;

export type Snapshot = { readonly mirror: Mirror; readonly folder: string; close(): Promise<void> };

/**
 * Reads all logs up to the present head into a folder of its own, which `close` removes.
 * @throws viem's errors if L1 fails
 */
export async function takeSnapshot(
  l1: L1,
  contracts: { readonly inbox: Address; readonly rollup: Address },
  fromBlock: bigint,
): Promise<Snapshot> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-verify-'));
  const store = await openStore(join(folder, 'state'));
  const close = async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const mirror = await openMirror(store);
    await readLogs(l1, contracts, fromBlock, mirror);
    return { mirror, folder, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readLogs(
  l1: L1,
  contracts: { readonly inbox: Address; readonly rollup: Address },
  fromBlock: bigint,
  mirror: Mirror,
): Promise<void> {
  const head = await l1.client.getBlockNumber();
  const stop = new AbortController();
  let failure: unknown;
  let failures = 0;
  const changes = followLogs({
    client: l1.client,
    nodes: l1.nodes,
    contracts: mirroredContracts(contracts),
    fromBlock,
    confirmations: 0,
    known: [],
    signal: stop.signal,
    pollMs: 200,
    // A reorganisation meanwhile, or a node that is a block behind, is over after a few attempts; a lie is not.
    onError: (error) => {
      failure = error;
      failures += 1;
      if (failures > FAILURES) stop.abort();
    },
  });
  for await (const change of changes) {
    await mirror.apply(change);
    if (change.kind === 'apply' && change.block.number >= head) return;
  }
  throw failure ?? new Error('L1 ended before its head');
}

export type LocatedRun = {
  readonly assertion: AssertionRecord;
  readonly body: BodyIndex;
  readonly ended: CompletedRun;
};

/**
 * The assertions that are confirmed or may still be, the newest first, with their bodies. `from`: the first one;
 * default: the newest.
 */
export async function* bodiesBackwards(
  mirror: Mirror,
  objects: ObjectSource,
  from?: AssertionRecord,
): AsyncGenerator<{ assertion: AssertionRecord; body: BodyIndex }> {
  for (let assertion = from ?? (await newest(mirror)); assertion !== undefined && assertion.stepCount > 0; ) {
    const named = assertion.objects[0];
    if (named === undefined) throw new Error(`assertion ${assertion.id} names no body`);
    yield { assertion, body: decodeBodyIndex(await requireObject(objects, named, 'The index of a body')) };
    assertion = await mirror.assertion(assertion.parent);
  }
}

/** The steps of these bodies, the newest first, each with its assertion and the leaf that it leads to. `from` as above. */
export async function* stepsBackwards(
  mirror: Mirror,
  objects: ObjectSource,
  from?: AssertionRecord,
): AsyncGenerator<{ assertion: AssertionRecord; leaf: LeafIndex; step: BodyStep }> {
  for await (const { assertion, body } of bodiesBackwards(mirror, objects, from)) {
    let leaf = body.chunks.reduce((sum, { steps }) => sum + steps, 0);
    for (const ref of [...body.chunks].reverse()) {
      const chunk = decodeChunk(await requireObject(objects, ref, 'A chunk of the body'));
      for (let i = chunk.steps.length - 1; i >= 0; i--, leaf--)
        yield { assertion, leaf: toLeafIndex(leaf), step: requireStep(chunk, i) };
    }
  }
}

/**
 * Searches the chain of assertions that ends with the newest live one, back to genesis. A run of which items were voided may have
 * ended more than once: the last time counts.
 */
export async function locateRun(mirror: Mirror, objects: ObjectSource, run: Hex): Promise<LocatedRun | undefined> {
  for await (const { assertion, body } of bodiesBackwards(mirror, objects)) {
    const ended = body.runs.findLast((entry) => entry.run === run);
    if (ended !== undefined) return { assertion, body, ended };
  }
  return undefined;
}

// The longest live branch. What is pending on top of a rejected or orphaned assertion is dead, though nobody has ended
// it yet.
async function newest(mirror: Mirror): Promise<AssertionRecord | undefined> {
  const { latestConfirmed } = await mirror.head();
  let best = await mirror.assertion(latestConfirmed);
  for (const assertion of await mirror.pending()) {
    const isLonger = best === undefined || assertion.post.batch > best.post.batch;
    if (isLonger && (await isLive(mirror, assertion, latestConfirmed))) best = assertion;
  }
  return best;
}

async function isLive(mirror: Mirror, pending: AssertionRecord, latestConfirmed: Hex): Promise<boolean> {
  let at: AssertionRecord | undefined = pending;
  while (at?.status === 'pending') at = await mirror.assertion(at.parent);
  return at?.id === latestConfirmed;
}

/**
 * The chunk of the body with the step that leads to this leaf, and the step's place in it. The result is undefined if
 * the body has fewer steps.
 */
export async function findStep(
  objects: ObjectSource,
  { chunks }: BodyIndex,
  leaf: LeafIndex,
): Promise<{ readonly chunk: BodyChunk; readonly step: number } | undefined> {
  const wanted = stepTo(leaf);
  let first = 0;
  for (const ref of chunks) {
    if (wanted < first + ref.steps) {
      const chunk = decodeChunk(await requireObject(objects, ref, 'A chunk of the body'));
      return { chunk, step: wanted - first };
    }
    first += ref.steps;
  }
  return undefined;
}
