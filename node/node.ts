// docs/prover.md#node: what executor and validator have in common: follow L1, fetch from DA, run every step.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContractAddresses } from '../contracts/deploy.ts';
import { createDaClient, type DaClient } from '../da/client.ts';
import { followCommittee } from '../da/committee.ts';
import type { MemberAddress } from '../da/member.ts';
import { createObjectSource } from '../da/object-source.ts';
import { readCommittee } from '../da/read-committee.ts';
import { accountOf } from '../da/storage-request.ts';
import { readKernel } from '../kernel/file.ts';
import { createGenesis, type GenesisConfig } from '../kernel/genesis.ts';
import { createKernelEngine } from '../kernel/native.ts';
import { createKernel } from '../kernel/run.ts';
import type { Hex } from '../protocol/hex.ts';
import { createDomain } from '../protocol/typed-data.ts';
import type { FeeCapConfig } from '../service/l1/fees.ts';
import { connectL1, type L1 } from '../service/l1/l1.ts';
import type { Logger } from '../service/process/log.ts';
import { openDiskObjects } from '../service/storage/disk-objects.ts';
import type { ObjectStore } from '../service/storage/objects.ts';
import { openStore, type Store } from '../service/storage/store.ts';
import type { Program } from '../vm/program.ts';
import type { StepRecorderFactory } from './body/recorder.ts';
import { assertConstitution } from './constitution.ts';
import { type Execution, openExecution } from './execution.ts';
import { type Mirror, openMirror } from './l1/mirror.ts';
import { followMirror } from './l1/mirror-follow.ts';
import { POLL_MS } from './loop.ts';
import { createMemo } from './memo.ts';
import { createNodeStore, type NodeStore } from './nodes.ts';
import { createProgramRegistry, type ProgramRegistry } from './programs.ts';
import { createTransition, type StepOutcome, type Transition } from './transition.ts';
import { MIB } from './workers/job-size.ts';
import { openNativeGuard } from './workers/native-guard.ts';
import { createExecPool, type ExecPool } from './workers/pool.ts';

export type NodeConfig = FeeCapConfig & {
  readonly dataDir: string;
  /** One URL or several, which are held against each other (docs/operations.md#l1-proof). */
  readonly l1Url: string | readonly string[];
  readonly contracts: ContractAddresses;
  /** Block of the first contract. */
  readonly fromBlock: bigint;
  /** Blocks on top of one before it counts. Default 0. */
  readonly confirmations?: number;
  /** Must have the state root that the Rollup began with. */
  readonly genesis: GenesisConfig;
  /** In the committee's order. */
  readonly da: { readonly members: readonly MemberAddress[]; readonly threshold: number };
  /** The file of the kernel's module. */
  readonly kernelPath: string;
  /** Threads for programs. Default 2. */
  readonly workers?: number;
  /** What programs may take together, in MiB: docs/prover.md#memory. Default 2048. */
  readonly memoryMiB?: number;
  /** Default 500. */
  readonly pollMs?: number;
  /** Of the account that is charged for what the node stores. Absent: it only reads. */
  readonly key?: Hex;
};

export type NetworkNode = {
  readonly l1: L1;
  readonly da: DaClient;
  readonly store: Store;
  readonly objects: ObjectStore;
  readonly nodes: NodeStore;
  readonly pool: ExecPool;
  readonly mirror: Mirror;
  readonly execution: Execution;
  readonly transition: Transition;
  readonly programs: ProgramRegistry;
  /** The kernel as the DataVM's program. */
  readonly kernel: Program;
  /** Time of L1's head, unix seconds: asked for once for all who want it at the same time, and again after each block. */
  headSeconds(): Promise<bigint>;
  /** Follows L1 until the signal aborts; `changed` is called after every block: time has passed with it. */
  follow(signal: AbortSignal, changed: () => void): Promise<void>;
  close(): Promise<void>;
};

export type NodeParts = {
  readonly log: Logger;
  readonly recorder: (objects: ObjectStore) => StepRecorderFactory;
  readonly onStep?: (outcome: StepOutcome) => void;
};

/** @throws MizuError `prover/other-genesis`, `prover/other-kernel` if the configuration is not that of the Rollup */
export async function openNode(config: NodeConfig, { log, recorder, onStep }: NodeParts): Promise<NetworkNode> {
  mkdirSync(config.dataDir, { recursive: true });
  const l1 = await connectL1(config.l1Url);
  const genesis = await createGenesis(config.genesis);
  const engine = createKernelEngine(await readKernel(config.kernelPath));
  const own = { kernelProgramId: engine.programId, stateRoot: genesis.stateRoot };
  await assertConstitution(l1, config.contracts.rollup, own, 'prover');
  const da = openDa(l1, config, log);
  const store = await openStore(join(config.dataDir, 'state'));
  const local = await openDiskObjects(join(config.dataDir, 'objects'), { durable: false });
  const objects = createObjectSource(local, da);
  const nodes = createNodeStore(store);
  await nodes.put([...genesis.nodes.values()]);
  const programs = createProgramRegistry(store);
  const pool = createExecPool({
    objects,
    programs,
    memo: await createMemo(store),
    guard: await openNativeGuard(store),
    ...poolOptions(config, log),
  });
  const mirror = await openMirror(store);
  const transition = createTransition({ kernel: createKernel(engine), nodes, objects, pool, programs });
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
        onStep: () => {
          asked = undefined;
          changed();
        },
      });
    },
    async close() {
      await pool.close();
      await da.close();
      await store.close();
    },
  };
}

/** What the configuration says of the pool. */
export function poolOptions({ workers = 2, memoryMiB }: Pick<NodeConfig, 'workers' | 'memoryMiB'>, log: Logger) {
  return {
    workers,
    memoryBytes: memoryMiB === undefined ? undefined : memoryMiB * MIB,
    onStepped: (programId: Hex, reason: string) =>
      log.warn({ programId, reason }, 'this program runs on the step machine only: slower, with the same result'),
  };
}

function openDa(l1: L1, { contracts: { daCommittee }, da, key }: NodeConfig, log: Logger): DaClient {
  const committee = followCommittee(readCommittee(l1, daCommittee), da.members, log);
  const account = key === undefined ? undefined : accountOf(key);
  return createDaClient({ committee, domain: createDomain(l1.chainId, daCommittee), account, log });
}
