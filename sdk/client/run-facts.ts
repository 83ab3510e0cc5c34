// docs/sdk.md#reuse: what a run has read and made, stage by stage, from L1 and DA alone: the receipts of its steps, which L1 fixes.

import { workflowKey } from '../../kernel/keys.ts';
import { decodeReceipt } from '../../kernel/receipt.ts';
import { workflowRecord } from '../../kernel/records.ts';
import type { BodyStep } from '../../node/body/body.ts';
import { type ObjectSource, requireObject } from '../../node/l1/derive.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import { createNodeMap } from '../../node/nodes.ts';
import { createStateProof, verifyStateProof } from '../../node/proof.ts';
import { locateRun, stepsBackwards, takeSnapshot } from '../../node/replication/locate-run.ts';
import type { VerifyRequest } from '../../node/replication/replicate.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { decodeInputs, decodeMessage, hashInputs } from '../../protocol/messages.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';
import { leafAt, toLeafIndex } from '../../protocol/step-numbers.ts';
import { keccakHex, LEAF_BYTES, type ObjectRef } from '../../protocol/tree.ts';

export type RunFacts = {
  /** The assertion in which it ended is confirmed. */
  readonly confirmed: boolean;
  readonly workflow: Hex;
  readonly metadata: ObjectRef;
  readonly inputs: readonly ObjectRef[];
  readonly inputsHash: Hex;
  /** By stage, then by partition. */
  readonly outputs: ReadonlyMap<number, readonly ObjectRef[]>;
};

/** Undefined: no live assertion has a dataset of the run. @throws MizuError `verify/failed` if a body is not what L1 fixes */
export async function readRunFacts({
  l1,
  contracts,
  fromBlock,
  da,
  run,
}: VerifyRequest): Promise<RunFacts | undefined> {
  const snapshot = await takeSnapshot(l1, contracts, fromBlock);
  try {
    const objects: ObjectSource = { get: da.get };
    const found = await locateRun(snapshot.mirror, objects, run);
    if (found === undefined) return undefined;
    const outputs = new Map<number, ObjectRef[]>();
    const note = ({ stage = -1, partition = -1, outputRoot, outputLength = 0 }: TaskEnd): void => {
      if (outputRoot === undefined) return;
      const own = outputs.get(stage) ?? [];
      own[partition] = { root: outputRoot, length: outputLength };
      outputs.set(stage, own);
    };
    let read: { readonly of: AssertionRecord; readonly leaves: Uint8Array } | undefined;
    for await (const { assertion, leaf, step } of stepsBackwards(snapshot.mirror, objects, found.assertion)) {
      if (read?.of !== assertion) {
        const length = (assertion.stepCount + 1) * LEAF_BYTES;
        const root = assertion.stepRoot;
        read = { of: assertion, leaves: await requireObject(objects, { root, length }, 'The step list') };
      }
      const { leaves } = read;
      const receipt = decodeReceipt(step.receipt);
      const items = (receipt.items ?? []).filter((item) => item.ok && item.run === run);
      if (!receipt.ok || (receipt.run !== run && items.length === 0)) continue;
      assertFixed(step, leafAt(leaves, leaf));
      if (receipt.kind === 'Advance') note(receipt);
      for (const item of items) note(item);
      if (receipt.kind !== 'Run') continue;
      const workflow = receipt.workflow as Hex;
      const { stateRoot } = decodeStateLeaf(leafAt(leaves, toLeafIndex(leaf - 1)));
      const started = { workflow, metadata: await metadataOf(step, stateRoot, workflow), ...inputsOf(step) };
      return { confirmed: found.assertion.status === 'confirmed', ...started, outputs };
    }
    throw failed('the start of the run', 'in no body');
  } finally {
    await snapshot.close();
  }
}

type TaskEnd = {
  readonly stage?: number;
  readonly partition?: number;
  readonly outputRoot?: Hex;
  readonly outputLength?: number;
};

function assertFixed({ stateLeaf, receipt }: BodyStep, leaf: Uint8Array): void {
  if (Buffer.compare(stateLeaf, leaf) !== 0) throw failed('a leaf of the step list', 'the body has another one');
  if (keccakHex(receipt) !== decodeStateLeaf(stateLeaf).receiptHash)
    throw failed('a receipt whose hash is in the leaf', 'the body has another one');
}

// The step that starts a run reads the record of its workflow.
async function metadataOf({ nodes }: BodyStep, stateRoot: Hex, workflow: Hex): Promise<ObjectRef> {
  const key = workflowKey(workflow);
  const proof = await createStateProof(createNodeMap(nodes), stateRoot, key);
  const value = await verifyStateProof(stateRoot, key, proof.nodes);
  if (value === undefined) throw failed(`the record of workflow ${workflow}`, 'none');
  return workflowRecord.decode(value).metadata;
}

function inputsOf({ message }: BodyStep): { readonly inputs: readonly ObjectRef[]; readonly inputsHash: Hex } {
  const decoded = decodeMessage(message);
  if (decoded.kind !== 'Run') throw failed('the message that starts the run', decoded.kind);
  const { inputs } = decodeInputs(decoded.inputs);
  return { inputs, inputsHash: hashInputs(inputs) };
}

function failed(expected: string, actual: string): MizuError {
  return new MizuError({ code: 'verify/failed', message: 'The verification failed at: steps', expected, actual });
}
