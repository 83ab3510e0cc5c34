// docs/court.md#reexecution: our own verdict about an item: its objects, whether the kernel has taken it, and its rows run again.
import type { Backend } from '../../edge/backends/backend.ts';
import { type DrawRows, type Finding, reexecuteItem } from '../../edge/reexecute.ts';
import { taskKey } from '../../kernel/keys.ts';
import { taskRecord } from '../../kernel/records.ts';
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

/** `backends`: of models of class A, by the model's name in the network. */
export function createItemJudge(node: NetworkNode, backends: readonly Backend[]): ItemJudge {
  const byModel = new Map(backends.map((backend) => [keccakHex(new TextEncoder().encode(backend.name)), backend]));

  /**
   * Whether the kernel has taken the item with this message: only then it has done anything. A copy of the message in
   * another place has not.
   */
  async function isTaken(item: InferenceItem, { batch, message }: MessagePlace): Promise<boolean | undefined> {
    const executed = await node.execution.batch(batch);
    if (executed === undefined) return undefined;
    const before = executed.fromStep + BigInt(message);
    const leaves = await node.execution.leaves(before, before + 1n);
    const [was, is] = [
      await hasResult(item, leaves.subarray(0, LEAF_BYTES)),
      await hasResult(item, leaves.subarray(LEAF_BYTES)),
    ];
    return is && !was;
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
      const taken = await isTaken(item, place);
      if (taken === undefined) return { verdict: 'inconclusive', reason: 'we have not executed its batch' };
      if (!taken)
        return { verdict: 'upheld', reason: 'the kernel has not taken it with this message: it has done nothing' };
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
