// docs/prover.md#validator: the validator as a process. It imports nothing of executor or sequencer: what they share stands in node/, dispute/ and below.
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalAccount } from 'viem';
import type { BackendConfig } from '../edge/config.ts';
import { NO_BODY } from '../node/body/recorder.ts';
import type { NodeConfig } from '../node/config.ts';
import { createEndWatch } from '../node/end.ts';
import { type Follower, followAndWork, POLL_MS } from '../node/loop.ts';
import { type NetworkNode, openNode } from '../node/node.ts';
import { MizuError } from '../protocol/errors.ts';
import type { Hex } from '../protocol/hex.ts';
import { createHttpApp } from '../service/http/http.ts';
import type { HttpConfig } from '../service/http/http-limits.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender, NODE_IN_FLIGHT } from '../service/l1/send.ts';
import { createGauges } from '../service/process/gauges.ts';
import { createLogger, type Logger } from '../service/process/log.ts';
import type { Service } from '../service/process/process.ts';
import { type AssertionFault, bodyProblem, type Checker, describeFault, openChecker } from './check.ts';
import { createFight, type Fight } from './fight.ts';
import { addFightMetrics } from './metrics.ts';

export type ValidatorConfig = NodeConfig & {
  /** Health and metrics. Port 0 takes a free one. */
  readonly http?: HttpConfig;
  /**
   * The key of an account with ether for gas and tokens for bonds. With a key the validator attacks wrong assertions;
   * without one the first wrong assertion ends the process.
   */
  readonly key?: Hex;
  /** Where transactions are sent. Default: `l1Url`. */
  readonly sendUrl?: string;
  /** If it is true, the validator says what it would send, and sends nothing. It has an effect only with a key. */
  readonly dryRun?: boolean;
  /** RPCs of sequencers, where validators leave attestations for each other. Default: none. */
  readonly relays?: readonly string[];
  /** How it takes part in the court, with a key. */
  readonly court?: Partial<{
    /** The part of all items that it runs again, of models that it has, 0 to 1. Default 0.05. */
    readonly auditRate: number;
    /** Whether it appeals against what it knows better. Default true. */
    readonly appeal: boolean;
    /** The number of threads for simulators. Default 1. */
    readonly simulatorThreads: number;
    /** For models of class A beside `builtin/small` and simulators, and for those of class B. Default: none. */
    readonly backends: readonly BackendConfig[];
    /** Files with manifests of models of class B, which DA members need not have then. Default: none. */
    readonly manifests: readonly string[];
  }>;
  /** A share of the fees is collected from here on. Default: 1 MIZU. */
  readonly payoutWei?: bigint;
  /** The most that it locks for one demand. Default: 40 times the base bond. */
  readonly maxDemandBondWei?: bigint;
  readonly log?: Logger;
};

export type ValidatorCounts = { agreed: number; steps: number; faults: number; incomplete: number; retries: number };

export type Validator = Service & {
  readonly url: string | undefined;
  readonly node: NetworkNode;
  readonly counts: Readonly<ValidatorCounts>;
  /** It is undefined without a key. */
  readonly fight: Fight | undefined;
  readonly done: Promise<void>;
};

/** What is done about a wrong assertion. If it returns, the validator goes on behind it. */
export type FaultHandler = (fault: AssertionFault, node: NetworkNode) => Promise<void>;

const CLOSE_MS = 10_000;
const PAYOUT_WEI = 10n ** 18n;
const COURT = { auditRate: 0.05, appeal: true, simulatorThreads: 1, backends: [], manifests: [] } as const;

/**
 * `done` is rejected with `challenger/wrong-assertion` at the first wrong assertion, unless `onFault` handles it.
 * @throws MizuError `prover/other-genesis`, `prover/other-kernel`, `l1/unreachable`, `store/locked`
 */
export async function startValidator(config: ValidatorConfig, onFault?: FaultHandler): Promise<Validator> {
  const log = config.log ?? createLogger('validator');
  const stop = new AbortController();
  const counts: ValidatorCounts = { agreed: 0, steps: 0, faults: 0, incomplete: 0, retries: 0 };
  const node = await openNode(config, { log, recorder: () => NO_BODY, onStep: () => void counts.steps++ });
  const checker = await openChecker(node);
  const fight = await openFight(config, node, log, stop.signal);
  const hasEnded = createEndWatch(node.mirror, log);
  const handle = onFault ?? (fight === undefined ? stopAtFault : leaveToFight);
  const app =
    config.http === undefined
      ? undefined
      : createHttpApp({
          log,
          health: () => health(node, checker, counts),
          processMetrics: true,
          limits: config.http.limits,
        });
  if (app !== undefined) addMetrics(app.metrics, node, checker, counts);
  if (app !== undefined && fight !== undefined) addFightMetrics(app.metrics, fight);
  const url = app === undefined || config.http === undefined ? undefined : await app.listen(config.http);
  const follower: Follower = {
    follow: node.follow,
    tasks: [
      async (signal) => {
        await hasEnded();
        try {
          await execute(node, log, signal);
        } finally {
          // If a batch cannot be read, what is asserted of the batches before it is checked all the same.
          await checkAll(node, checker, counts, log, handle, signal);
        }
        return false;
      },
      ...(fight === undefined ? [] : fight.tasks),
    ],
    onRetry: (err, againInMs, again) => {
      counts.retries++;
      if (!again) log.warn({ err, againInMs }, 'a round has failed; it is tried again');
    },
  };
  const done = followAndWork(follower, config.pollMs ?? POLL_MS, stop.signal);
  log.info({ url, batches: Number(node.execution.batches()) }, 'validator is up');
  return {
    url,
    node,
    counts,
    fight,
    done,
    async close() {
      stop.abort();
      await Promise.race([done.catch(() => undefined), delay(CLOSE_MS, undefined, { ref: false })]);
      await app?.close();
      await fight?.close();
      await node.close();
    },
  };
}

async function execute(node: NetworkNode, log: Logger, signal: AbortSignal): Promise<void> {
  const steps = await node.execution.catchUp(signal);
  if (steps > 0) log.info({ steps, batches: Number(node.execution.batches()) }, 'executed');
}

async function checkAll(
  node: NetworkNode,
  checker: Checker,
  counts: ValidatorCounts,
  log: Logger,
  onFault: FaultHandler,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const checked = await checker.checkNext();
    if (checked === undefined) return;
    if (checked.kind === 'fault') {
      counts.faults++;
      log.fatal({ assertion: checked.fault.assertion.id }, describeFault(checked.fault));
      await onFault(checked.fault, node);
      await checker.pass(checked.fault);
      continue;
    }
    const { number, assertion } = checked;
    if (checked.kind === 'moot') {
      log.info(
        { id: assertion.id },
        `assertion ${number} is about a batch that has become void since: it never counts`,
      );
      continue;
    }
    if (number === 0n) continue;
    counts.agreed++;
    const { id, stepCount, post } = assertion;
    log.info({ id, steps: stepCount, stateRoot: post.stateRoot }, `assertion ${number} confirmed by own re-execution`);
    const problem = await bodyProblem(node, assertion);
    if (problem === undefined) continue;
    counts.incomplete++;
    log.warn({ id, problem }, `the body of assertion ${number} is not whole on DA`);
  }
}

async function openFight(
  config: ValidatorConfig,
  node: NetworkNode,
  log: Logger,
  signal: AbortSignal,
): Promise<Fight | undefined> {
  const { key, sendUrl, contracts, dryRun, maxDemandBondWei, relays = [], payoutWei = PAYOUT_WEI } = config;
  if (key === undefined) return undefined;
  const l1 = withAccount(node.l1, key, sendUrl, config);
  const sender = createSender(l1, { signal, inFlight: NODE_IN_FLIGHT });
  const attest = { account: l1.account as LocalAccount, relays, payoutWei };
  const court = { ...COURT, ...config.court, fromBlock: config.fromBlock };
  return createFight({ node, contracts, sender, attest, court, log, dryRun, maxDemandBondWei });
}

const leaveToFight: FaultHandler = async () => undefined;

const stopAtFault: FaultHandler = async (fault) => {
  throw new MizuError({
    code: 'challenger/wrong-assertion',
    message: `Assertion ${fault.assertion.id} is wrong.`,
    expected: fault.place?.own ?? 'the step root of our own execution',
    actual: `${fault.place?.claimed ?? fault.assertion.stepRoot}: ${describeFault(fault)}`,
    hint: 'The asserter lies, or one of the two machines computes wrongly: run `npx mizu verify --replay` on a third.',
  });
};

async function health(node: NetworkNode, checker: Checker, counts: ValidatorCounts): Promise<Record<string, unknown>> {
  const head = await node.mirror.head();
  return {
    batches: { l1: Number(head.batches), executed: Number(node.execution.batches()) },
    assertions: { l1: Number(head.assertions), checked: Number(checker.count()) },
    faults: counts.faults,
    endedAt: head.endedAt === undefined ? null : Number(head.endedAt),
  };
}

function addMetrics(
  registry: ReturnType<typeof createHttpApp>['metrics'],
  node: NetworkNode,
  checker: Checker,
  counts: ValidatorCounts,
): void {
  const gauge = createGauges(registry, 'validator');
  gauge('batches', 'batches executed', () => Number(node.execution.batches()));
  gauge('steps', 'steps executed since the start', () => counts.steps);
  gauge('assertions_checked', 'assertions checked since genesis', () => Number(checker.count()));
  gauge('assertions_agreed', 'assertions confirmed by own re-execution since the start', () => counts.agreed);
  gauge('faults', 'wrong assertions found', () => counts.faults);
  gauge('bodies_incomplete', 'bodies that are not whole on DA', () => counts.incomplete);
  gauge('retries', 'rounds that failed and were tried again', () => counts.retries);
}
