// docs/kernel.md#state: reads records of the state at one root.
import {
  accountKey,
  committeeKey,
  configKey,
  formerCommitteeKey,
  gatewayKey,
  modelKey,
  progressKey,
  runKey,
  settledKey,
  taskKey,
} from '../../kernel/keys.ts';
import {
  type AccountRecord,
  accountRecord,
  type Codec,
  type CommitteeRecord,
  type ConfigRecord,
  committeeRecord,
  configRecord,
  type FormerCommitteeRecord,
  formerCommitteeRecord,
  type GatewayRecord,
  gatewayRecord,
  type ModelRecord,
  modelRecord,
  type ProgressRecord,
  progressRecord,
  type RunRecord,
  runRecord,
  settledRecord,
  type TaskRecord,
  taskRecord,
} from '../../kernel/records.ts';
import type { NodeStore } from '../../node/nodes.ts';
import { readRecord } from '../../node/proof.ts';
import { TASK_STATUS } from '../../protocol/constants.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Tables } from './tables.ts';

export type StateReader = {
  account(address: Address): Promise<AccountRecord>;
  gateway(address: Address): Promise<GatewayRecord | undefined>;
  /** Wei of the worker's account with the gateway that were paid. */
  settled(gateway: Address, worker: Address): Promise<bigint>;
  run(id: Hex): Promise<RunRecord | undefined>;
  /** Which attempt of the task is open; undefined if the task is done or has failed. */
  openAttempt(run: Hex, stage: number, partition: number): Promise<number | undefined>;
  config(): Promise<ConfigRecord>;
  committee(): Promise<CommitteeRecord>;
  formerCommittee(): Promise<FormerCommitteeRecord | undefined>;
  model(id: Hex): Promise<ModelRecord | undefined>;
};

export function readState(nodes: NodeStore, stateRoot: Hex): StateReader {
  const read = async <T>(key: Uint8Array, codec: Codec<T>): Promise<T | undefined> => {
    const bytes = await readRecord(nodes, stateRoot, key);
    return bytes === undefined ? undefined : codec.decode(bytes);
  };
  const require = async <T>(name: string, key: Uint8Array, codec: Codec<T>): Promise<T> => {
    const record = await read(key, codec);
    if (record === undefined) throw new Error(`the state has no ${name}`);
    return record;
  };
  return {
    account: async (address) => (await read(accountKey(address), accountRecord)) ?? { nonce: 0n, balance: 0n },
    gateway: (address) => read(gatewayKey(address), gatewayRecord),
    settled: async (gateway, worker) => (await read(settledKey(gateway, worker), settledRecord))?.settled ?? 0n,
    run: (id) => read(runKey(id), runRecord),
    openAttempt: async (run, stage, partition) => {
      const task = await read(taskKey(run, stage, partition), taskRecord);
      return openAttemptOf(task, await read(progressKey(run, stage), progressRecord));
    },
    config: () => require('config', configKey(), configRecord),
    committee: () => require('committee', committeeKey(), committeeRecord),
    formerCommittee: () => read(formerCommitteeKey(), formerCommitteeRecord),
    model: (id) => read(modelKey(id), modelRecord),
  };
}

/** docs/kernel.md#voided: by the records of a task and of its stage. */
export function openAttemptOf(task: TaskRecord | undefined, progress: ProgressRecord | undefined): number | undefined {
  const least = progress?.attempt ?? 0;
  if (task === undefined || task.attempt < least) return least;
  return task.status === TASK_STATUS.open ? task.attempt : undefined;
}

/**
 * docs/kernel.md#expiry: unix seconds up to which a running run goes on. After that time any step that names the run
 * ends it.
 */
export async function promisedTo(
  state: StateReader,
  { workflows }: Pick<Tables, 'workflows'>,
  id: Hex,
): Promise<bigint> {
  const [run, { retention }] = await Promise.all([state.run(id), state.config()]);
  if (run === undefined) throw new Error(`run ${id} is not in the state`);
  const programs = BigInt((await workflows.get(run.workflow))?.expiry ?? 0);
  return (run.expiry < programs ? run.expiry : programs) - retention;
}
