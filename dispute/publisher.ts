// docs/disputes.md#bytes: shows on L1 the leaves and nodes that are demanded of our assertions.
import type { Abi } from 'viem';
import { ownSteps } from '../node/agreement.ts';
import type { DemandRecord } from '../node/l1/demand-record.ts';
import { readBatchObject, requireObject } from '../node/l1/derive.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import { demandsAbi } from '../protocol/generated/abi.ts';
import { DEMAND_STATUS } from '../protocol/generated/enums.ts';
import { type Address, bytesToHex, type Hex, isSameAddress } from '../protocol/hex.ts';
import { depthOf, LEAF_BYTES, objectRoot, treeNode, treeProof } from '../protocol/tree.ts';
import type { Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';
import { eachOnItsOwn } from './each.ts';
import { isWindowOver } from './judged.ts';
import { tellKeptBack } from './kept-back.ts';

export type PublisherParts = {
  readonly node: Pick<NetworkNode, 'l1' | 'mirror' | 'execution' | 'objects'>;
  readonly contracts: { readonly demands: Address; readonly rollup: Address };
  readonly sender: Sender;
  /** The asserter, if the sender is only its delegate: anyone may publish for an asserter. */
  readonly owner?: { readonly address: Address } | undefined;
  readonly log: Logger;
};

export type Publisher = {
  /**
   * Answers demands that are not yet too late, the most urgent first, as many as one transaction carries. The result is
   * true if one was mined.
   */
  publishNext(nowSeconds: bigint): Promise<boolean>;
  /**
   * Settles demands about moot assertions of ours that nobody else has settled: such a demand alone still holds the
   * assertion's bond.
   */
  settleNext(nowSeconds: bigint): Promise<boolean>;
  readonly counts: { published: number; gasUsed: bigint };
};

/**
 * The most answers in one transaction, `ANSWERS` of the contract: 12 times 256 nodes with their paths are 105 KB, and
 * L1 nodes take transactions of up to 128 KB.
 */
const ANSWERS_AT_ONCE = 12;
/** Levels below a demanded node at which the nodes are shown. */
const SHOWN_LEVELS = 8;

export function createPublisher({ node, contracts, sender, owner = sender, log }: PublisherParts): Publisher {
  const contract = { address: contracts.demands, abi: demandsAbi } as const;
  const counts = { published: 0, gasUsed: 0n };

  const isOpen = async ({ id }: DemandRecord): Promise<boolean> =>
    (await node.l1.client.readContract({ ...contract, functionName: 'demandOf', args: [id] })).status ===
    DEMAND_STATUS.open;

  const isPendingOurs = ({ status, asserter }: AssertionRecord): boolean =>
    status === 'pending' && isSameAddress(asserter, owner.address);

  async function publish(demands: readonly Answered[], now: bigint): Promise<boolean> {
    log.warn({ demands: demands.length }, 'bytes are demanded on L1: they are published');
    const isDone = async () => {
      for (const { demand } of demands) if (await isOpen(demand)) return false;
      return true;
    };
    const args = [demands.map(({ answer }) => answer)];
    const call = { ...contract, abi: contract.abi as Abi, functionName: 'publishAll', args, isDone };
    const secondsLeft = Math.min(...demands.map(({ demand }) => Number(demand.deadline - now)));
    const sending = sender.sendAndWait(call);
    const sent = await tellKeptBack(sending, log, () => ({ demands: demands.length, secondsLeft }));
    if (sent.kind !== 'mined') return false;
    counts.published += demands.length;
    counts.gasUsed += sent.receipt.gasUsed;
    return true;
  }

  return {
    counts,
    async publishNext(now) {
      const urgent = (await node.mirror.openDemands()).filter(({ deadline }) => now < deadline).sort(byDeadline);
      const found: Answered[] = [];
      /**
       * The objects of this round. Many leaves of one object may be demanded; an object that we lack is looked for
       * once.
       */
      const objects = new Map<string, Promise<Uint8Array>>();
      const errors: unknown[] = [];
      for (const demand of urgent) {
        if (found.length === ANSWERS_AT_ONCE) break;
        const assertion = await node.mirror.assertion(demand.assertion);
        if (assertion === undefined || !isPendingOurs(assertion) || node.mirror.isMoot(assertion)) continue;
        if (!(await isOpen(demand))) continue;
        const key = `${assertion.id} ${demand.objectRoot}`;
        const known = objects.get(key);
        const object = known ?? demandedObject(node, demand, assertion);
        objects.set(key, object);
        try {
          found.push({ demand, answer: answerOf(demand, await object) });
        } catch (error) {
          if (known === undefined) errors.push(error);
        }
      }
      const isPublished = found.length > 0 && (await publish(found, now));
      // A demand that we cannot answer does not keep the others from their answers.
      if (errors.length > 0) throw errors[0];
      return isPublished;
    },
    async settleNext(now) {
      return eachOnItsOwn(await node.mirror.openDemands(), async (demand) => {
        const assertion = await node.mirror.assertion(demand.assertion);
        if (assertion === undefined || !isPendingOurs(assertion) || !node.mirror.isMoot(assertion)) return false;
        if (!(await isWindowOver(node.l1, contracts.rollup, assertion.id, now))) return false;
        const isDone = async () => !(await isOpen(demand));
        const call = { ...contract, abi: contract.abi as Abi, functionName: 'settle', args: [demand.id], isDone };
        return (await sender.sendAndWait(call)).kind === 'mined';
      });
    },
  };
}

type Answered = { readonly demand: DemandRecord; readonly answer: Answer };

/** Each demand has its own deadline: the more demands are open when it is made, the later it is. */
function byDeadline(a: DemandRecord, b: DemandRecord): number {
  return Number(a.deadline - b.deadline);
}

/** `Answer` of contracts/src/Demands.sol. */
type Answer = {
  readonly id: Hex;
  readonly leaf: Hex;
  readonly nodes: readonly Hex[];
  readonly path: readonly Hex[];
};

function answerOf({ id, depth, index }: DemandRecord, bytes: Uint8Array): Answer {
  const height = depthOf(bytes.length) - depth;
  const path = treeProof(bytes, index * 2 ** height, height);
  if (height === 0) {
    const leaf = new Uint8Array(LEAF_BYTES);
    leaf.set(bytes.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES));
    return { id, leaf: bytesToHex(leaf), nodes: [], path };
  }
  const levels = Math.min(height, SHOWN_LEVELS);
  const nodes = Array.from({ length: 2 ** levels }, (_, i) => treeNode(bytes, depth + levels, index * 2 ** levels + i));
  return { id, leaf: '0x', nodes, path };
}

// The step list is made again from our own leaves: it may be demanded because DA has lost it.
async function demandedObject(
  { mirror, execution, objects }: PublisherParts['node'],
  { objectRoot: root }: DemandRecord,
  assertion: AssertionRecord,
): Promise<Uint8Array> {
  if (root === assertion.stepRoot) {
    const parent = await mirror.assertion(assertion.parent);
    const own = parent === undefined ? undefined : await ownSteps(execution, parent, assertion);
    if (own !== undefined && objectRoot(own) === root) return own;
    return requireObject(objects, { root, length: (assertion.stepCount + 1) * LEAF_BYTES }, 'The step list');
  }
  for (let index = assertion.firstBatch; index < assertion.post.batch; index++) {
    const batch = await mirror.batch(index);
    if (batch?.objectRoot === root) return readBatchObject(objects, batch);
  }
  throw new Error(`object ${root}, which is demanded of assertion ${assertion.id}, is no object of that assertion`);
}
