// docs/prover.md#assertions: which range is claimed next, and the claim.
import { createClaim } from '../contracts/claim.ts';
import type { ContractAddresses } from '../contracts/deploy.ts';
import { isExecuted, type Tip } from '../node/agreement.ts';
import type { ExecutedBatch } from '../node/execution.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import type { Times } from '../node/times.ts';
import { MAX_RETENTION_SECONDS } from '../protocol/constants.ts';
import { daCommitteeAbi, rollupAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../protocol/generated/enums.ts';
import { type Address, type Hex, isSameAddress } from '../protocol/hex.ts';
import { ROLE } from '../protocol/roles.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';
import type { Sender } from '../service/l1/send.ts';
import { createFreeAttempt } from './attempts.ts';
import { MAX_RANGE_BATCHES, type PromisedBatches } from './promised.ts';
import { publishBody } from './publish.ts';

export type AssertPolicy = {
  /** A range is claimed when its first batch is this old, or when it has `fullSteps` steps. */
  readonly intervalSeconds: number;
  readonly fullSteps: number;
  readonly maxBatches: number;
  /** How long bytes are promised beyond what L1 demands, in seconds: a dataset is of use for longer than a dispute. */
  readonly keepSeconds: number;
};

export const ASSERT_POLICY: AssertPolicy = {
  intervalSeconds: 5,
  fullSteps: 4096,
  maxBatches: 64,
  keepSeconds: 30 * 24 * 3600,
};

export type Asserted = {
  readonly id: Hex;
  readonly attempt: number;
  readonly steps: number;
  readonly gasUsed: bigint;
  readonly sizeBytes: number;
};

/**
 * The step list as it is to be claimed, or undefined if nothing is to be claimed. Tests and the liar of the demo lie
 * here.
 */
export type StepList = (
  steps: Uint8Array,
  node: NetworkNode,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** Time for the transaction to be mined after the certificate was signed. */
const MINING_SECONDS = 3600n;

export type Asserter = {
  /**
   * Claims the range after the tip, or another attempt, if it is time and our turn. The result is undefined if there
   * was nothing to do.
   */
  assertNext(found: Tip, times: Times, abandoned: ReadonlySet<Hex>): Promise<Asserted | undefined>;
  /** Whether the last call could not claim because the bond is not free. */
  waitsForBond(): boolean;
};

export function createAsserter(
  node: NetworkNode,
  contracts: ContractAddresses,
  sender: Sender,
  promised: Pick<PromisedBatches, 'assertableTo'>,
  policy: AssertPolicy = ASSERT_POLICY,
  stepList: StepList = (steps) => steps,
): Asserter {
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const freeAttempt = createFreeAttempt(node, contracts);
  let bond: bigint | undefined;
  let isWaiting = false;
  const read = (id: Hex) => node.l1.client.readContract({ ...rollup, functionName: 'assertionOf', args: [id] });
  const statusOf = async (id: Hex): Promise<number> => (await read(id)).status;

  async function isOurTurn(tip: AssertionRecord, headSeconds: bigint): Promise<boolean> {
    const leader = await node.l1.client.readContract({ ...rollup, functionName: 'leaderOf', args: [tip.post.batch] });
    if (BigInt(leader) === 0n || isSameAddress(leader, sender.address)) return true;
    return headSeconds >= (await node.l1.client.readContract({ ...rollup, functionName: 'openFrom', args: [tip.id] }));
  }

  // L1 may have a child of the tip that is not followed yet, such as what we have sent ourselves a moment ago, or
  // before we were killed: with a batch more in its range it would be claimed again, and be a rival of the first. A
  // rival that comes after the first child's window waits until that child is decided. A further attempt is no rival.
  async function isOpen({ tip, children }: Tip, attempt: number, headSeconds: bigint): Promise<boolean> {
    const [{ siblingDeadline }, last] = await Promise.all([
      read(tip.id),
      node.l1.client.readContract({ ...rollup, functionName: 'lastChildOf', args: [tip.id] }),
    ]);
    if (BigInt(last) === 0n) return true;
    return children.has(last) && (attempt > 0 || headSeconds < siblingDeadline);
  }

  // Asked before anything is published.
  async function isBondFree(): Promise<boolean> {
    bond ??= await node.l1.client.readContract({ ...rollup, functionName: 'bond' });
    const free = await node.l1.client.readContract({
      address: contracts.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'freeOf',
      args: [sender.address, ROLE.executor],
    });
    return free >= bond;
  }

  return {
    waitsForBond: () => isWaiting,
    async assertNext(found, { headSeconds, clockSeconds }, abandoned) {
      const { tip, again } = found;
      isWaiting = false;
      const first = tip.post.batch;
      const most = first + BigInt(Math.min(policy.maxBatches, MAX_RANGE_BATCHES));
      const executed = node.execution.batches();
      const limit = again?.post.batch ?? (most < executed ? most : executed);
      const end = await promised.assertableTo(first, limit, headSeconds);
      const isCut = end < limit;
      if (again !== undefined && isCut) return undefined;
      const batches =
        again === undefined
          ? await nextRange(node, { tip, end, isCut }, policy, clockSeconds)
          : await sameRange(node, again);
      const last = batches.at(-1);
      if (last === undefined || !(await isOurTurn(tip, headSeconds))) return undefined;
      if (!(await isExecuted(node.mirror, node.execution, last.index))) return undefined;
      const steps = await stepList(await node.execution.leaves(tip.post.step, last.toStep), node);
      if (steps === undefined) return undefined;
      const free = await freeAttempt(tip.id, steps, abandoned);
      if (free === undefined || !(await isOpen(found, free.attempt, headSeconds))) return undefined;
      isWaiting = !(await isBondFree());
      if (isWaiting) return undefined;
      const retention = await readRetention(node, contracts.daCommittee);
      const wanted = clockSeconds + retention + MINING_SECONDS + BigInt(policy.keepSeconds);
      // L1 takes no promise for longer; its clock may be behind.
      const latest = clockSeconds + MAX_RETENTION_SECONDS - MINING_SECONDS;
      const expiry = wanted < latest ? wanted : latest;
      const body = await publishBody(node.da, node.objects, { batches, steps, expiry });
      const post = decodeStateLeaf(steps.subarray(steps.length - LEAF_BYTES));
      const { objects, certificate, sizeBytes } = body;
      const claim = createClaim({ parent: tip.id, attempt: free.attempt, steps, post, objects, certificate });
      const sent = await sender.sendAndWait({
        ...rollup,
        functionName: 'createAssertion',
        args: [claim],
        isDone: async () => (await statusOf(free.id)) !== ASSERTION_STATUS.none,
      });
      const gasUsed = sent.kind === 'mined' ? sent.receipt.gasUsed : 0n;
      return { ...free, steps: steps.length / LEAF_BYTES - 1, gasUsed, sizeBytes };
    },
  };
}

/** `isCut`: the batch at `end` cannot be asserted, so nothing is gained by waiting for it. */
type Limits = { readonly tip: AssertionRecord; readonly end: bigint; readonly isCut: boolean };

async function nextRange(
  node: NetworkNode,
  { tip, end, isCut }: Limits,
  policy: AssertPolicy,
  clockSeconds: bigint,
): Promise<ExecutedBatch[]> {
  const range: ExecutedBatch[] = [];
  let steps = 0;
  for (let index = tip.post.batch; index < end; index++) {
    const batch = await node.execution.batch(index);
    if (batch === undefined || index >= node.execution.batches()) break;
    const more = Number(batch.toStep - batch.fromStep);
    if (range.length > 0 && steps + more > policy.fullSteps) return range;
    range.push(batch);
    steps += more;
  }
  const oldest = range.length === 0 ? undefined : await node.mirror.batch(tip.post.batch);
  const isOld = oldest !== undefined && clockSeconds >= oldest.timestamp + BigInt(policy.intervalSeconds);
  const isFull = steps >= policy.fullSteps || range.length >= policy.maxBatches || isCut;
  return isOld || isFull ? range : [];
}

async function sameRange(node: NetworkNode, { firstBatch, post }: AssertionRecord): Promise<ExecutedBatch[]> {
  const range: ExecutedBatch[] = [];
  for (let index = firstBatch; index < post.batch; index++) {
    const batch = await node.execution.batch(index);
    if (batch === undefined) return [];
    range.push(batch);
  }
  return range;
}

async function readRetention(node: NetworkNode, daCommittee: Address): Promise<bigint> {
  return node.l1.client.readContract({ address: daCommittee, abi: daCommitteeAbi, functionName: 'retention' });
}
