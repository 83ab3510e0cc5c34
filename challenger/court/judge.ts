// docs/court.md#bot: our own verdict about an item: its objects, whether the kernel has taken it, and what our own models say.
import type { Backend } from '../../edge/backends/backend.ts';
import type { Finding, ItemObjects } from '../../edge/item-rows.ts';
import { type DrawRows, reexecuteItem } from '../../edge/reexecute.ts';
import { truthOf } from '../../edge/truth.ts';
import { modelKey, taskKey } from '../../kernel/keys.ts';
import { modelRecord, taskRecord } from '../../kernel/records.ts';
import type { MessagePlace } from '../../node/l1/message-place.ts';
import type { NetworkNode } from '../../node/node.ts';
import { readRecord } from '../../node/proof.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';
import { keccakHex, LEAF_BYTES, type ObjectRef } from '../../protocol/tree.ts';
import { judgeWithin, type ToleranceParts } from './tolerance.ts';

export type ItemVerdict = 'upheld' | 'wrong' | 'unavailable' | 'inconclusive';

export type ItemJudgement = { readonly verdict: ItemVerdict; readonly reason: string };

export type ItemJudge = {
  /** Whether we have a backend for the model. */
  knows(model: Hex): boolean;
  /** `draw`: which rows are run again; all of them if it is left out. */
  judge(item: InferenceItem, place: MessagePlace, signal: AbortSignal, draw?: DrawRows): Promise<ItemJudgement>;
  /** What the model answers, as a canary's truth; undefined if it has none, or `goesOn` says no before a row. */
  truthOf(item: InferenceItem, signal: AbortSignal, goesOn: () => Promise<boolean>): Promise<Hex | undefined>;
};

const TASK_DONE = 1;
const CLASS_EXACT = 0;
const CLASS_TOLERANCE = 1;

const NOT_JUDGED = 'of a model of this class nothing of ours can tell what it says';

/** What of a node a judge reads. */
export type JudgeSource = Pick<NetworkNode, 'nodes'> & {
  readonly execution: Pick<NetworkNode['execution'], 'batch' | 'leaves'>;
  readonly objects: Pick<NetworkNode['objects'], 'get' | 'getSync'>;
  readonly da: Pick<NetworkNode['da'], 'get'>;
};

/**
 * `backends` run models of class A again, and `tolerance.scorers` score answers of those of class B, by the model's name
 * in the network; of two of one name the first.
 */
export function createItemJudge(
  node: JudgeSource,
  backends: readonly Backend[],
  tolerance?: ToleranceParts,
): ItemJudge {
  const byModel = toMap(backends);
  const scorers = toMap(tolerance?.scorers ?? []);

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

  async function fetchObjects(item: InferenceItem, signal: AbortSignal): Promise<ItemObjects | ItemJudgement> {
    const results = await fetchResults(item, signal);
    if (results === undefined) return { verdict: 'unavailable', reason: 'no DA member gives its result' };
    const requests = await node.objects.get(item.requestRoot);
    if (requests === undefined) return { verdict: 'inconclusive', reason: 'we do not have its requests' };
    const { inputTokens, outputTokens } = item;
    return { requests, results, inputTokens, outputTokens };
  }

  /** An item that still stands in this state, if its objects can be had. */
  async function earlierObjects(item: InferenceItem, leaf: Uint8Array, signal: AbortSignal) {
    if (!(await hasResult(item, leaf))) return undefined;
    const objects = await fetchObjects(item, signal);
    return 'verdict' in objects ? undefined : objects;
  }

  return {
    knows: (model) => byModel.has(model) || scorers.has(model),
    async judge(item, place, signal, draw) {
      const [backend, scorer] = [byModel.get(item.model), scorers.get(item.model)];
      if (backend === undefined && scorer === undefined)
        return { verdict: 'inconclusive', reason: 'no backend of ours has this model' };
      const leaves = await leavesAround(place);
      if (leaves === undefined) return { verdict: 'inconclusive', reason: 'we have not executed its batch' };
      if ((await hasResult(item, leaves.before)) || !(await hasResult(item, leaves.after)))
        return { verdict: 'upheld', reason: 'the kernel has not taken it with this message: it has done nothing' };
      const modelClass = await classOf(item.model, leaves.before);
      const isExact = modelClass === CLASS_EXACT && backend !== undefined;
      const isWithin = modelClass === CLASS_TOLERANCE && scorer !== undefined && tolerance !== undefined;
      if (!isExact && !isWithin) return { verdict: 'inconclusive', reason: NOT_JUDGED };
      const objects = await fetchObjects(item, signal);
      if ('verdict' in objects) return objects;
      if (!isWithin) return toJudgement(await reexecuteItem(objects, backend as Backend, signal, draw));
      const fetch = async (ref: ObjectRef) =>
        node.objects.getSync(ref.root) ??
        (await node.da.get(ref.root, { length: ref.length, signal }).catch(() => undefined));
      const objectsOf = (one: InferenceItem) => earlierObjects(one, leaves.after, signal);
      return toJudgement(await judgeWithin(tolerance, { item, place, objects, scorer, objectsOf, fetch }, signal));
    },
    async truthOf({ model, requestRoot }, signal, goesOn) {
      const backend = byModel.get(model);
      const requests = backend === undefined ? undefined : await node.objects.get(requestRoot);
      if (backend === undefined || requests === undefined) return undefined;
      return truthOf(requests, backend, signal, goesOn);
    },
  };
}

function toMap<T extends { readonly name: string }>(named: readonly T[]): ReadonlyMap<Hex, T> {
  return new Map([...named].reverse().map((one) => [keccakHex(new TextEncoder().encode(one.name)), one]));
}

function toJudgement(found: Finding): ItemJudgement {
  if (found.kind === 'same') return { verdict: 'upheld', reason: `${found.rows} rows are what the model says` };
  return { verdict: found.kind === 'other' ? 'wrong' : 'inconclusive', reason: found.reason };
}
