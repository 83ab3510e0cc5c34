// docs/prover.md#node: what executor and validator have in common: follow L1, fetch from DA, run every step.

import { connectL1, type L1 } from '../service/l1/l1.ts';
import type { Logger } from '../service/process/log.ts';
import type { ObjectStore } from '../service/storage/objects.ts';

import type { Program } from '../vm/program.ts';
import { type AgreementVerdict, createAssertionJudge } from './agreement.ts';
import type { StepRecorderFactory } from './body/recorder.ts';
import type { NodeConfig } from './config.ts';
import { type NodeCore, openCore } from './core.ts';
import { type Execution, openExecution } from './execution.ts';
import type { AssertionRecord } from './l1/mirror.ts';
import { followMirror } from './l1/mirror-follow.ts';
import { POLL_MS } from './loop.ts';
import type { StepOutcome } from './transition.ts';

type Shared = 'da' | 'store' | 'objects' | 'nodes' | 'pool' | 'mirror' | 'transition' | 'programs';

export type NetworkNode = Pick<NodeCore, Shared> & {
  readonly l1: L1;
  readonly execution: Execution;
  /** Whether an assertion is what we have executed; verdicts are remembered, for all who ask. */
  readonly verdictOf: (assertion: AssertionRecord) => Promise<AgreementVerdict>;
  /** The kernel as the DataVM's program. */
  readonly kernel: Program;
  /**
   * The time of L1's head, in unix seconds. L1 is asked once for all callers at the same time, and again after each
   * block.
   */
  headSeconds(): Promise<bigint>;
  /**
   * Follows L1 until the signal aborts. `changed` is called after every block, even one without events: time has passed
   * with it.
   */
  follow(signal: AbortSignal, changed: () => void): Promise<void>;
  close(): Promise<void>;
};

export type NodeParts = {
  readonly log: Logger;
  readonly recorder: (objects: ObjectStore) => StepRecorderFactory;
  readonly onStep?: (outcome: StepOutcome) => void;
};

/**
 * @throws MizuError `prover/other-genesis`, `prover/other-kernel` if the configuration is not that of the Rollup;
 * `l1/unreachable`, `store/locked`
 */
export async function openNode(config: NodeConfig, { log, recorder, onStep }: NodeParts): Promise<NetworkNode> {
  const l1 = await connectL1(config.l1Url);
  const core = await openCore(config, l1, 'prover', log);
  const { da, store, objects, nodes, pool, mirror, transition, programs, genesis, engine } = core;
  let asked: { readonly atMs: number; readonly seconds: Promise<bigint> } | undefined;
  const execution = await openExecution({
    store,
    mirror,
    objects,
    transition,
    recorder: recorder(objects),
    genesisLeaf: genesis.stateLeaf,
    ...(onStep === undefined ? {} : { onStep }),
  });
  return {
    l1,
    da,
    store,
    objects,
    nodes,
    pool,
    mirror,
    execution,
    verdictOf: createAssertionJudge(mirror, execution),
    transition,
    programs,
    kernel: engine.program,
    headSeconds() {
      if (asked === undefined || Date.now() - asked.atMs > (config.pollMs ?? POLL_MS)) {
        const seconds = l1.client.getBlock().then(({ timestamp }) => timestamp);
        asked = { atMs: Date.now(), seconds };
        seconds.catch(() => {
          asked = undefined;
        });
      }
      return asked.seconds;
    },
    async follow(signal, changed) {
      await followMirror({
        l1,
        mirror,
        contracts: config.contracts,
        fromBlock: config.fromBlock,
        confirmations: config.confirmations,
        pollMs: config.pollMs,
        signal,
        log,
        onChange: () => {
          asked = undefined;
          changed();
        },
      });
    },
    close: core.close,
  };
}
