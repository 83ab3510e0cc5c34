// docs/prover.md#executor: derive, execute, assert, confirm, claim; each action looks at L1 first, so it is never done twice.
import type { ContractAddresses } from '../contracts/deploy.ts';
import { createAssertionJudge, findTip, type Tip } from '../node/agreement.ts';
import { createEndWatch } from '../node/end.ts';
import { type Follower, followAndWork, type LoopRound } from '../node/loop.ts';
import type { NetworkNode } from '../node/node.ts';
import { readTimes, type Times } from '../node/times.ts';
import { MizuError } from '../protocol/errors.ts';
import { rollupAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { ROLE } from '../protocol/roles.ts';
import type { Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';
import { createAbandonment } from './abandoned.ts';
import type { Asserter } from './assert.ts';
import { createConfirmer } from './confirm.ts';
import { createFeeClaimer } from './fees.ts';
import type { Voider } from './voiding.ts';

export type ExecutorParts = {
  readonly node: NetworkNode;
  readonly contracts: ContractAddresses;
  readonly sender: Sender;
  readonly asserter: Asserter;
  readonly voider: Voider;
  readonly log: Logger;
  readonly pollMs: number;
  readonly payoutWei: bigint;
  /** Rounds that run beside the executor's own: the defence of what was asserted. */
  readonly tasks: readonly LoopRound[];
};

export type ExecutorCounts = {
  asserted: number;
  /** The number of calls that have made batches void. */
  voided: number;
  assertedSteps: number;
  confirmed: number;
  claimedWei: bigint;
  l1GasUsed: bigint;
  retries: number;
};

/**
 * Works until the signal aborts.
 * @throws Error on what cannot heal: a broken invariant, or a confirmed state that is not ours
 */
export function runExecutor(parts: ExecutorParts, counts: ExecutorCounts, signal: AbortSignal): Promise<void> {
  const follower: Follower = {
    follow: parts.node.follow,
    tasks: [createExecute(parts), ...createSettling(parts, counts), ...parts.tasks],
    onRetry: (err, againInMs, again) => {
      counts.retries++;
      if (!again) parts.log.warn({ err, againInMs }, 'a round has failed; it is tried again');
    },
  };
  return followAndWork(follower, parts.pollMs, signal);
}

/** Enters the leaders' rotation, if the account is staked and not in it. */
export async function joinExecutors(node: NetworkNode, contracts: ContractAddresses, sender: Sender): Promise<void> {
  const stakes = { address: contracts.stakeManager, abi: stakeManagerAbi } as const;
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const { client } = node.l1;
  const args = [sender.address, ROLE.executor] as const;
  if (!(await client.readContract({ ...stakes, functionName: 'isActive', args }))) {
    throw new MizuError({
      code: 'prover/not-staked',
      message: 'The account has no stake as an executor.',
      expected: `${await client.readContract({ ...stakes, functionName: 'minimumOf', args: [ROLE.executor] })} wei staked by ${sender.address}`,
      actual: `${await client.readContract({ ...stakes, functionName: 'activeOf', args })} wei`,
      hint: 'Stake with StakeManager.stake(account, 0, amount).',
    });
  }
  const isListed = () => client.readContract({ ...rollup, functionName: 'isListed', args: [sender.address] });
  if (!(await isListed())) await sender.sendAndWait({ ...rollup, functionName: 'join', args: [], isDone: isListed });
}

/** The number of batches that are executed before the other rounds hear of them. */
const BATCHES_AT_ONCE = 8;

function createExecute({ node, log }: ExecutorParts): LoopRound {
  return async (signal) => {
    let total = 0;
    for (;;) {
      const steps = await node.execution.catchUp(signal, BATCHES_AT_ONCE);
      if (steps > 0) log.info({ steps, batches: Number(node.execution.batches()) }, 'executed');
      total += steps;
      if (steps === 0 || signal.aborted) return total > 0;
    }
  };
}

/** Claims, confirmations and fees. Each waits until L1 has mined its transaction; none waits for the others. */
function createSettling(parts: ExecutorParts, counts: ExecutorCounts): LoopRound[] {
  const { node, contracts, sender, asserter, voider, log } = parts;
  const verdictOf = createAssertionJudge(node.mirror, node.execution, ({ id, asserter, stepRoot }) => {
    log.error({ id, asserter, stepRoot }, 'a pending assertion is not what we have executed: nothing is built on it');
  });
  const confirmer = createConfirmer(node, contracts, sender, verdictOf);
  const fees = createFeeClaimer(node, contracts, sender);
  const abandonedAt = createAbandonment(node, contracts);
  const hasEnded = createEndWatch(node.mirror, log);

  // The result is true if nothing is to be asserted now: an assertion would keep L1 from giving up batches that nobody
  // can assert.
  async function makeVoid(found: Tip, times: Times): Promise<boolean> {
    const voided = await voider.voidNext(found, times.headSeconds);
    if (voided === undefined || voided === 'due') return voided === 'due';
    counts.voided++;
    counts.l1GasUsed += voided.gasUsed;
    const { first, end, gasUsed } = voided;
    log.warn(
      { from: Number(first), to: Number(end), gasUsed: Number(gasUsed) },
      'batches were not asserted while their bytes were promised: they are void now',
    );
    return true;
  }

  async function assertNext(times: Times): Promise<void> {
    const { mirror } = node;
    if (await hasEnded()) return;
    const abandoned = await abandonedAt(times.headSeconds);
    const found = await findTip({ mirror, verdictOf, abandoned, account: sender.address });
    if (found === undefined || (await makeVoid(found, times))) return;
    const asserted = await asserter.assertNext(found, times, abandoned);
    if (asserted === undefined) return;
    counts.asserted++;
    counts.assertedSteps += asserted.steps;
    counts.l1GasUsed += asserted.gasUsed;
    const { id, attempt, steps, sizeBytes } = asserted;
    log.info({ id, attempt, steps, gasUsed: Number(asserted.gasUsed), bodyBytes: sizeBytes }, 'asserted');
  }

  async function confirmNext(times: Times): Promise<void> {
    const ended = await confirmer.confirmNext(times.headSeconds);
    if (ended?.outcome === 'confirmed') counts.confirmed++;
    if (ended !== undefined) log.info({ id: ended.id }, ended.outcome);
  }

  async function claimNext(): Promise<void> {
    const claimed = await fees.claimNext();
    if (claimed === undefined) return;
    counts.claimedWei += claimed.feesWei;
    log.info({ id: claimed.id, feesWei: String(claimed.feesWei) }, 'fees claimed');
    await fees.payOut(parts.payoutWei);
  }

  const actions = [
    async () => assertNext(await readTimes(node)),
    async () => confirmNext(await readTimes(node)),
    () => claimNext(),
  ];
  return actions.map((action) => async () => {
    await action();
    return false;
  });
}
