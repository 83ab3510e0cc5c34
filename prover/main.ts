// docs/prover.md#executor: the executor as a process.
import { setTimeout as delay } from 'node:timers/promises';
import type { Told } from '../dispute/seat.ts';
import { createBodyRecorder } from '../node/body/recorder.ts';
import type { NodeConfig } from '../node/config.ts';
import { POLL_MS } from '../node/loop.ts';
import { type NetworkNode, openNode } from '../node/node.ts';
import type { Hex } from '../protocol/hex.ts';
import { createHttpApp } from '../service/http/http.ts';
import type { HttpConfig } from '../service/http/http-limits.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender, NODE_IN_FLIGHT } from '../service/l1/send.ts';
import { createGauges } from '../service/process/gauges.ts';
import { createLogger, type Logger } from '../service/process/log.ts';
import type { Service } from '../service/process/process.ts';
import { ASSERT_POLICY, type Asserter, type AssertPolicy, createAsserter, type StepList } from './assert.ts';
import { createDefence, type Defence } from './defence.ts';
import { openDelegate } from './delegate.ts';
import { type ExecutorCounts, joinExecutors, runExecutor } from './executor.ts';
import { createPromisedBatches } from './promised.ts';
import { createVoider } from './voiding.ts';

export type ExecutorConfig = NodeConfig & {
  /** The key of an account that is staked as an executor and has ether for gas. */
  readonly key: Hex;
  /** The key of the account that plays its games: it holds ether for gas, and no stake. Default: `key`. */
  readonly delegateKey?: Hex;
  /** Where transactions are sent. Default: `l1Url`. */
  readonly sendUrl?: string;
  readonly policy?: Partial<AssertPolicy>;
  /** Earnings are paid out from this amount on, in wei. Default 10^18, one MIZU. */
  readonly payoutWei?: bigint;
  /** Health and metrics. Port 0 takes a free one. */
  readonly http?: HttpConfig;
  readonly log?: Logger;
};

export type Executor = Service & {
  readonly url: string | undefined;
  readonly node: NetworkNode;
  readonly counts: Readonly<ExecutorCounts>;
  readonly games: Defence['counts'];
  readonly published: Defence['published'];
  readonly done: Promise<void>;
};

/** What a test, and the liar of `mizu demo --cheat`, say instead of the truth. */
export type Lies = { readonly stepList?: StepList; readonly told?: Told };

const PAYOUT_WEI = 10n ** 18n;
const CLOSE_MS = 10_000;

/**
 * @throws MizuError `prover/not-staked`, `prover/not-delegate`, `prover/other-genesis`, `prover/other-kernel`,
 * `l1/unreachable`, `store/locked`
 */
export async function startExecutor(config: ExecutorConfig, { stepList, told }: Lies = {}): Promise<Executor> {
  const log = config.log ?? createLogger('executor');
  const stop = new AbortController();
  const node = await openNode(config, { log, recorder: createBodyRecorder });
  const sending = { signal: stop.signal, inFlight: NODE_IN_FLIGHT };
  const sender = createSender(withAccount(node.l1, config.key, config.sendUrl, config), sending);
  const counts: ExecutorCounts = {
    asserted: 0,
    voided: 0,
    assertedSteps: 0,
    confirmed: 0,
    claimedWei: 0n,
    l1GasUsed: 0n,
    retries: 0,
  };
  let player = sender;
  try {
    await joinExecutors(node, config.contracts, sender);
    if (config.delegateKey !== undefined) {
      const delegate = withAccount(node.l1, config.delegateKey, config.sendUrl, config);
      player = await openDelegate(delegate, config.contracts.dispute, sender.address, sending);
    }
  } catch (error) {
    await node.close();
    throw error;
  }
  const app =
    config.http === undefined
      ? undefined
      : createHttpApp({
          log,
          health: () => health(node, counts),
          processMetrics: true,
          limits: config.http.limits,
        });
  const policy = { ...ASSERT_POLICY, ...config.policy };
  const promised = createPromisedBatches(node, config.contracts);
  const asserter = createAsserter(node, config.contracts, sender, promised, policy, stepList);
  const voider = createVoider(node, config.contracts, sender, promised);
  if (app !== undefined) addMetrics(app.metrics, node, counts, asserter);
  const url = app === undefined || config.http === undefined ? undefined : await app.listen(config.http);
  const { pollMs = POLL_MS, payoutWei = PAYOUT_WEI, contracts } = config;
  const defence = await createDefence({ node, contracts, sender: player, owner: sender, log, told });
  const { tasks } = defence;
  const parts = { node, contracts, sender, asserter, voider, log, pollMs, payoutWei, tasks };
  const done = runExecutor(parts, counts, stop.signal);
  log.info({ account: sender.address, url, batches: Number(node.execution.batches()) }, 'executor is up');
  return {
    url,
    node,
    counts,
    games: defence.counts,
    published: defence.published,
    done,
    async close() {
      stop.abort();
      await Promise.race([done.catch(() => undefined), delay(CLOSE_MS, undefined, { ref: false })]);
      await app?.close();
      await defence.close();
      await node.close();
    },
  };
}

async function health(node: NetworkNode, counts: ExecutorCounts): Promise<Record<string, unknown>> {
  const head = await node.mirror.head();
  return {
    batches: { l1: Number(head.batches), executed: Number(node.execution.batches()) },
    asserted: counts.asserted,
    confirmed: counts.confirmed,
    latestConfirmed: head.latestConfirmed,
    endedAt: head.endedAt === undefined ? null : Number(head.endedAt),
    pool: node.pool.stats(),
  };
}

function addMetrics(
  registry: ReturnType<typeof createHttpApp>['metrics'],
  node: NetworkNode,
  counts: ExecutorCounts,
  asserter: Asserter,
): void {
  const gauge = createGauges(registry, 'executor');
  gauge('batches', 'batches executed', () => Number(node.execution.batches()));
  gauge('assertions', 'assertions posted since the start', () => counts.asserted);
  gauge('asserted_steps', 'steps of the assertions posted since the start', () => counts.assertedSteps);
  gauge('voidings', 'calls that have made batches void since the start', () => counts.voided);
  gauge('confirmations', 'assertions confirmed since the start', () => counts.confirmed);
  gauge('fees_claimed_wei', 'fees claimed since the start, in wei', () => Number(counts.claimedWei));
  gauge('l1_gas', 'L1 gas of assertions and voidings since the start', () => Number(counts.l1GasUsed));
  gauge('waits_for_bond', '1 while a claim waits for free stake', () => Number(asserter.waitsForBond()));
  gauge('retries', 'rounds that failed and were tried again', () => counts.retries);
  gauge('programs_waiting', 'programs in the queue', () => node.pool.stats().waiting);
  gauge('programs_run', 'programs run since the start', () => node.pool.stats().done);
  gauge('programs_stepped', 'programs run on the step machine since the start', () => node.pool.stats().stepped);
  gauge('programs_bytes', 'bytes that programs take now', () => node.pool.stats().bytes);
}
