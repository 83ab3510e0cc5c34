// docs/prover.md#node: what executes the network's steps: the data folder, the committee's client, the pool of programs and the kernel.
import { join } from 'node:path';
import { createDaClient, type DaClient } from '../da/client.ts';
import { type CommitteeSource, followCommittee } from '../da/committee.ts';
import { createObjectSource } from '../da/object-source.ts';
import { readCommittee } from '../da/read-committee.ts';
import { accountOf } from '../da/storage-request.ts';
import { readKernel } from '../kernel/file.ts';
import { createGenesis, type Genesis } from '../kernel/genesis.ts';
import { createKernelEngine, type NativeKernelEngine } from '../kernel/native.ts';
import { createKernel, type Kernel } from '../kernel/run.ts';
import type { Hex } from '../protocol/hex.ts';
import { createDomain } from '../protocol/typed-data.ts';
import type { L1 } from '../service/l1/l1.ts';
import type { Logger } from '../service/process/log.ts';
import { type DiskObjects, openDiskObjects } from '../service/storage/disk-objects.ts';
import type { ObjectStore } from '../service/storage/objects.ts';
import { openStore, type Store } from '../service/storage/store.ts';
import type { NodeConfig } from './config.ts';
import { assertConstitution } from './constitution.ts';
import { type Mirror, openMirror } from './l1/mirror.ts';
import { createMemo } from './memo.ts';
import { createNodeStore, type NodeStore } from './nodes.ts';
import { createProgramRegistry, type ProgramRegistry } from './programs.ts';
import { createTransition, type Transition } from './transition.ts';
import { MIB } from './workers/job-size.ts';
import { openNativeGuard } from './workers/native-guard.ts';
import { createExecPool, type ExecPool } from './workers/pool.ts';

export type NodeCore = {
  readonly genesis: Genesis;
  readonly engine: NativeKernelEngine;
  readonly committee: CommitteeSource;
  readonly da: DaClient;
  readonly store: Store;
  /** The objects in the data folder. */
  readonly files: DiskObjects;
  /** The objects in the data folder, and those that the committee has. */
  readonly objects: ObjectStore;
  readonly nodes: NodeStore;
  readonly programs: ProgramRegistry;
  readonly pool: ExecPool;
  readonly mirror: Mirror;
  readonly kernel: Kernel;
  readonly transition: Transition;
  /** To be called when nothing else writes to the store any more. */
  close(): Promise<void>;
};

/**
 * `part` begins the codes of its errors.
 * @throws MizuError `<part>/other-kernel`, `<part>/other-genesis` if the configuration is not that of the Rollup;
 * `store/locked`
 */
export async function openCore(
  config: NodeConfig,
  l1: L1,
  part: 'prover' | 'sequencer',
  log: Logger,
): Promise<NodeCore> {
  const genesis = await createGenesis(config.genesis);
  const engine = createKernelEngine(await readKernel(config.kernelPath));
  const own = { kernelProgramId: engine.programId, stateRoot: genesis.stateRoot };
  await assertConstitution(l1, config.contracts.rollup, own, part);
  const { daCommittee } = config.contracts;
  const committee = followCommittee(readCommittee(l1, daCommittee), config.da.members, log);
  const account = config.key === undefined ? undefined : accountOf(config.key);
  const da = createDaClient({ committee, domain: createDomain(l1.chainId, daCommittee), account, log });
  // The store's lock is that of the whole folder, so the store is opened first.
  const store = await openStore(join(config.dataDir, 'state'));
  try {
    const files = await openDiskObjects(join(config.dataDir, 'objects'), { durable: false });
    const objects = createObjectSource(files, da);
    const nodes = createNodeStore(store);
    await nodes.put([...genesis.nodes.values()]);
    const programs = createProgramRegistry(store);
    const [memo, guard, mirror] = [await createMemo(store), await openNativeGuard(store), await openMirror(store)];
    const pool = createExecPool({ objects, programs, memo, guard, ...poolOptions(config, log) });
    const kernel = createKernel(engine);
    const transition = createTransition({ kernel, nodes, objects, pool, programs });
    return {
      genesis,
      engine,
      committee,
      da,
      store,
      files,
      objects,
      nodes,
      programs,
      pool,
      mirror,
      kernel,
      transition,
      async close() {
        await pool.close();
        await da.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function poolOptions({ workers = 2, memoryMiB }: NodeConfig, log: Logger) {
  return {
    workers,
    memoryBytes: memoryMiB === undefined ? undefined : memoryMiB * MIB,
    onStepped: (programId: Hex, reason: string) =>
      log.warn({ programId, reason }, 'this program runs on the step machine only: slower, with the same result'),
  };
}
