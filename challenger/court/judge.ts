// docs/court.md#reexecution: our own verdict about an item: its objects, whether the kernel has taken it, and its rows run again.
import type { Backend } from '../../edge/backends/backend.ts';
import { type DrawRows, type Finding, reexecuteItem } from '../../edge/reexecute.ts';
import { modelKey, taskKey } from '../../kernel/keys.ts';
import { modelRecord, taskRecord } from '../../kernel/records.ts';
import type { MessagePlace } from '../../node/l1/message-place.ts';
import type { NetworkNode } from '../../node/node.ts';
import { readRecord } from '../../node/proof.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';
import { keccakHex, LEAF_BYTES } from '../../protocol/tree.ts';

export type ItemVerdict = 'upheld' | 'wrong' | 'unavailable' | 'inconclusive';

export type ItemJudgement = { readonly verdict: ItemVerdict; readonly reason: string };

export type ItemJudge = {
  /** Whether we have a backend for the model. */
  knows(model: Hex): boolean;
  /** `draw`: which rows are run again; all of them if it is left out. */
  judge(item: InferenceItem, place: MessagePlace, signal: AbortSignal, draw?: DrawRows): Promise<ItemJudgement>;
};

const TASK_DONE = 1;
const CLASS_EXACT = 0;

/** What of a node a judge reads. */
export type JudgeSource = Pick<NetworkNode, 'nodes'> & {
  readonly execution: Pick<NetworkNode['execution'], 'batch' | 'leaves'>;
  readonly objects: Pick<NetworkNode['objects'], 'get' | 'getSync'>;
  readonly da: Pick<NetworkNode['da'], 'get'>;
};

/** `backends`: of models of class A, by the model's name in the network; of two of one name the first. */
export function createItemJudge(node: JudgeSource, backends: readonly Backend[]): ItemJudge {
  const byModel = new Map(
    [...backends].reverse().map((backend) => [keccakHex(new TextEncoder().encode(backend.name)), backend]),
  );

  /** The states before and after the message: if the item's result is new in the second, the kernel has taken it there. */
  async function leavesAround({ batch, message }: MessagePlace) {
    const executed = await node.execution.batch(batch);
    if (executed === undefined) return undefined;
    const before = executed.fromStep + BigInt(message);
    const leaves = await node.execution.leaves(before, before + 1n);
    return { before: leaves.subarray(0, LEAF_BYTES), after: leaves.subarray(LEAF_BYTES) };
  }

  /** Undefined: the state has no such model. */
  async function classOf(model: Hex, leaf: Uint8Array): Promise<number | undefined> {
    const value = await readRecord(node.nodes, decodeStateLeaf(leaf).stateRoot, modelKey(model));
    return value === undefined ? undefined : modelRecord.decode(value).class;
  }

  async function hasResult({ run, stage, partition, attempt, resultRoot }: InferenceItem, leaf: Uint8Array) {
    const value = await readRecord(node.nodes, decodeStateLeaf(leaf).stateRoot, taskKey(run, stage, partition));
    if (value === undefined) return false;
    const task = taskRecord.decode(value);
    return task.status === TASK_DONE && task.attempt === attempt && task.output.root === resultRoot;
  }

  async function fetchResults({ resultRoot, resultLength }: InferenceItem, signal: AbortSignal) {
    const local = node.objects.getSync(resultRoot);
    if (local !== undefined) return local;
    try {
      return await node.da.get(resultRoot, { length: resultLength, signal });
    } catch {
      return undefined;
    }
  }

  return {
    knows: (model) => byModel.has(model),
    async judge(item, place, signal, draw) {
      const backend = byModel.get(item.model);
      if (backend === undefined) return { verdict: 'inconclusive', reason: 'no backend of ours has this model' };
      const leaves = await leavesAround(place);
      if (leaves === undefined) return { verdict: 'inconclusive', reason: 'we have not executed its batch' };
      if ((await hasResult(item, leaves.before)) || !(await hasResult(item, leaves.after)))
        return { verdict: 'upheld', reason: 'the kernel has not taken it with this message: it has done nothing' };
      if ((await classOf(item.model, leaves.before)) !== CLASS_EXACT)
        return { verdict: 'inconclusive', reason: 'the model is not of class A: its answers may differ' };
      const results = await fetchResults(item, signal);
      if (results === undefined) return { verdict: 'unavailable', reason: 'no DA member gives its result' };
      const requests = await node.objects.get(item.requestRoot);
      if (requests === undefined) return { verdict: 'inconclusive', reason: 'we do not have its requests' };
      const { inputTokens, outputTokens } = item;
      return toJudgement(await reexecuteItem({ requests, results, inputTokens, outputTokens }, backend, signal, draw));
    },
  };
}

function toJudgement(found: Finding): ItemJudgement {
  if (found.kind === 'same') return { verdict: 'upheld', reason: `${found.rows} rows are what the model says` };
  return { verdict: found.kind === 'other' ? 'wrong' : 'inconclusive', reason: found.reason };
}
