// docs/court.md#bot: the validator's part in the court, put together.
import { readFileSync } from 'node:fs';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { createBuiltinBackend } from '../../edge/backends/builtin.ts';
import { createBackends } from '../../edge/backends/create.ts';
import { createSimulateBackends } from '../../edge/backends/simulate-pool.ts';
import type { BackendConfig } from '../../edge/config.ts';
import { createKeptPrograms } from '../../edge/kept-programs.ts';
import { parseToleranceManifest } from '../../edge/tolerance/manifest.ts';
import { createOpenAiScorers } from '../../edge/tolerance/scorer.ts';
import { readAuditTimes } from '../../node/l1/audit-times.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { MizuError } from '../../protocol/errors.ts';
import { inferenceCourtAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import { objectRef } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import { createExaminee, type ExamCounts } from '../audits/examinee.ts';
import { createLooker, type LookCounts } from '../audits/looker.ts';
import type { Caller } from '../caller.ts';
import { type AuditCounts, createItemAuditor } from './auditor.ts';
import { createCanaryWatch } from './canary-watch.ts';
import { createItemJudge } from './judge.ts';
import { createSignedItems } from './signed-items.ts';
import { createSuspects, type Suspects } from './suspects.ts';
import { createVoter, type VoteCounts } from './voter.ts';

export type CourtOptions = {
  readonly node: NetworkNode;
  readonly contracts: ContractAddresses;
  /** The first block of the network on L1. */
  readonly fromBlock: bigint;
  readonly caller: Caller;
  readonly log: Logger;
  /** The part of all items of models that it has that is run again, 0 to 1. */
  readonly auditRate: number;
  /** Appeals against what it knows better, with a bond. */
  readonly appeal: boolean;
  /** Threads for simulators. */
  readonly simulatorThreads: number;
  /** For models of class A beside those that every machine has, and for those of class B. */
  readonly backends: readonly BackendConfig[];
  /** Files with manifests of models of class B. */
  readonly manifests: readonly string[];
};

export type CourtSeat = {
  readonly tasks: readonly LoopRound[];
  readonly votes: Readonly<VoteCounts>;
  readonly audits: Readonly<AuditCounts>;
  readonly disputes: Suspects['counts'];
  /** Of the audits that nobody may leave out: docs/audits.md. */
  readonly looks: Readonly<LookCounts>;
  readonly exams: Readonly<ExamCounts>;
  close(): Promise<void>;
};

/** Bytes of simulators' programs that are kept. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** It votes about the models that every machine has, the built-in one and simulators, and about those of its own backends. */
export async function openCourtSeat(options: CourtOptions): Promise<CourtSeat> {
  const { node, contracts, fromBlock, caller, log, simulatorThreads } = options;
  const court = { address: contracts.inferenceCourt, abi: inferenceCourtAbi } as const;
  const [bondWei, contestSeconds, times] = await Promise.all([
    node.l1.client.readContract({ ...court, functionName: 'bond' }),
    node.l1.client.readContract({ ...court, functionName: 'contestSeconds' }),
    readAuditTimes(node.l1.client, contracts.audits),
  ]);
  const getKept = createKeptPrograms(MAX_KEPT_BYTES, async ({ root, length }) => {
    const local = node.objects.getSync(root);
    return local ?? node.da.get(root, { length }).catch(() => null);
  });
  const simulators = createSimulateBackends(simulatorThreads, async (ref) => {
    const program = await getKept(ref);
    if (program === null) throw noProgram(ref.root);
    return program;
  });
  const own = await Promise.all(options.backends.map(createBackends));
  const scoring = options.backends.flatMap((config) => (config.kind === 'openai' ? [createOpenAiScorers(config)] : []));
  const judge = createItemJudge(
    node,
    [...own.flatMap((set) => set.backends), createBuiltinBackend(), ...simulators.backends],
    {
      scorers: scoring.flatMap((set) => set.scorers),
      signed: createSignedItems(node, contracts),
      manifests: readManifests(options.manifests),
    },
  );
  const canaries = createCanaryWatch({ node, contracts, times });
  const voter = createVoter({
    node,
    contracts,
    fromBlock,
    caller,
    judge,
    canaries,
    log,
    appeal: options.appeal,
    bondWei,
  });
  const suspects = createSuspects({ node, contracts, caller, canaries, log, bondWei, contestSeconds });
  const auditor = createItemAuditor({ node, caller, judge, suspects, log, auditRate: options.auditRate });
  const looker = createLooker({ node, contracts, judge, suspects, self: caller.address, log });
  const examinee = createExaminee({ node, contracts, caller, times, looker, log });
  return {
    tasks: [...voter.tasks, ...auditor.tasks, ...suspects.tasks, ...examinee.tasks],
    votes: voter.counts,
    audits: auditor.counts,
    disputes: suspects.counts,
    looks: looker.counts,
    exams: examinee.counts,
    async close() {
      voter.close();
      await Promise.all([simulators, ...own, ...scoring].map((set) => set.close()));
    },
  };
}

/** By their roots. */
function readManifests(files: readonly string[]): ReadonlyMap<Hex, Uint8Array> {
  return new Map(
    files.map((file) => {
      const bytes = readFileSync(file);
      parseToleranceManifest(bytes);
      return [objectRef(bytes).root, bytes] as const;
    }),
  );
}

function noProgram(root: string): MizuError {
  return new MizuError({
    code: 'edge/no-program',
    message: 'The program of a simulator is not to be had.',
    expected: `object ${root} on a DA member`,
    actual: 'none gives it',
    retryable: true,
  });
}
