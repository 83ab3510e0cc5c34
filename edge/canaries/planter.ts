// docs/audits.md#gateway: makes canaries of finished tasks: which, what they commit to, and the plants on L1.
import { setTimeout as delay } from 'node:timers/promises';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { type Address, bytesToHex, concatBytes, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { hashRun } from '../../protocol/messages.ts';
import { keccak, type ObjectRef } from '../../protocol/tree.ts';
import { CANARY_TYPES, createDomain } from '../../protocol/typed-data.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Backend } from '../backends/backend.ts';
import type { FinishedTask } from '../gateway/task.ts';
import { truthOf } from '../truth.ts';
import { type AuditsContract, hashCanary } from './audits.ts';
import type { OwnItems } from './own-items.ts';
import type { CanaryRecord, CanaryTable, Plant } from './record.ts';
import { spoil } from './spoil.ts';

export type CanaryPlanterParts = {
  readonly table: CanaryTable;
  readonly audits: Pick<AuditsContract, 'plant' | 'plantedAt' | 'plantSeconds' | 'now'>;
  readonly items: Pick<OwnItems, 'count'>;
  readonly gateway: Address;
  readonly chainId: number;
  /** Of the contract Audits. */
  readonly contract: Address;
  /** Keys of the accounts in whose runs canaries are. */
  readonly accounts: readonly Hex[];
  /** The part of their tasks that become canaries, 0 to 1. */
  readonly share: number;
  /** Undefined for a model that this process cannot ask, or that is not of class A. */
  readonly backendOf: (model: Hex) => Backend | undefined;
  readonly getRequests: (ref: ObjectRef, signal: AbortSignal) => Promise<Uint8Array>;
  /** The workflow of a run. */
  readonly getWorkflow: (run: Hex) => Promise<Hex | undefined>;
  /** The nonce of the account's next message. */
  readonly getNonce: (owner: Address) => Promise<bigint>;
  /** How often L1 is asked for a plant. */
  readonly pollMs: number;
  readonly log: Logger;
};

export type CanaryPlanter = {
  isOurs(owner: Address): boolean;
  /**
   * The task with the result that is to be signed; if it becomes a canary, once L1 has its plant. After a restart the
   * same task gets the same result. What goes wrong before the plant makes it no canary.
   * @throws Error if L1 cannot be asked about a canary that is planted already
   */
  prepare(task: FinishedTask, signal: AbortSignal): Promise<FinishedTask>;
  /** Plants again what is planted for half of the time that a plant is good for. The result is true if it did. */
  renew(task: string, record: CanaryRecord, signal: AbortSignal): Promise<boolean>;
  /** The tasks are over: what was kept of those that are no canaries is not needed any more. */
  forget(tasks: readonly string[]): Promise<void>;
};

/** A plant that no block has by then is given up. */
const PLANT_SECONDS = 300;
/** Nonces of an account that are tried to find that of a run. */
const MAX_NONCES = 100_000n;
/** Of one canary; a batch that is later than all of these is no batch of a network that works. */
const MAX_PLANTS = 16;

export function createCanaryPlanter(parts: CanaryPlanterParts): CanaryPlanter {
  const { table, audits, chainId, contract, gateway, log } = parts;
  const domain = createDomain(chainId, contract);
  const accounts = new Map<string, { key: Hex; account: PrivateKeyAccount }>();
  for (const key of parts.accounts) {
    const account = privateKeyToAccount(key);
    accounts.set(account.address.toLowerCase(), { key, account });
  }
  const ownerOf = (owner: Address) => {
    const known = accounts.get(owner.toLowerCase());
    if (known === undefined) throw new Error(`the key of ${owner}, the owner of a canary, is no longer configured`);
    return known;
  };

  // Whoever has none of the keys cannot tell which tasks are chosen, and what the salts are.
  const draw = (owner: Address, task: string, number: number): Uint8Array =>
    keccak(concatBytes([hexToBytes(ownerOf(owner).key), new TextEncoder().encode(`${task}/${number}`)]));
  const isChosen = ([high = 0, low = 0]: Uint8Array) => ((high << 8) | low) < parts.share * 65_536;

  async function nonceOf(run: Hex, owner: Address, workflow: Hex): Promise<bigint | undefined> {
    const next = await parts.getNonce(owner);
    for (let nonce = next - 1n; nonce >= 0n && next - nonce <= MAX_NONCES; nonce--)
      if (hashRun(owner, nonce, workflow) === run) return nonce;
    return undefined;
  }

  /** Undefined if the task can be no canary. */
  async function plan(
    { key, info }: FinishedTask,
    answered: Hex,
    signal: AbortSignal,
  ): Promise<CanaryRecord | undefined> {
    const backend = parts.backendOf(info.model);
    if (backend === undefined || !isChosen(draw(info.owner, key, 0))) return undefined;
    const requests = await parts.getRequests({ root: info.requestRoot, length: info.requestLength }, signal);
    const truth = await truthOf(requests, backend, signal);
    // Otherwise a worker has lied, or the model fails for a row.
    if (truth !== answered) return undefined;
    const workflow = await parts.getWorkflow(info.run);
    const nonce = workflow === undefined ? undefined : await nonceOf(info.run, info.owner, workflow);
    if (workflow === undefined || nonce === undefined) return undefined;
    const { run, stage, partition, attempt, owner } = info;
    const item = { run, stage, partition, attempt };
    return { state: 'planting', item, owner, nonce, workflow, truth, plants: [], fromBatch: await parts.items.count() };
  }

  async function nextPlant(task: string, { owner, item, truth, plants }: CanaryRecord): Promise<Plant> {
    const salt = bytesToHex(draw(owner, task, plants.length + 1));
    const commitment = hashCanary({ chainId, audits: contract, gateway, ...item, truth, salt });
    const { account } = ownerOf(owner);
    const message = { commitment };
    const signature = await account.signTypedData({ domain, types: CANARY_TYPES, primaryType: 'Canary', message });
    return { salt, commitment, signature };
  }

  /** Undefined if L1 has not taken it. The plant is in the store before it is sent. */
  async function plant(task: string, record: CanaryRecord, signal: AbortSignal): Promise<CanaryRecord | undefined> {
    const last = record.plants.at(-1);
    const next = last !== undefined && last.at === undefined ? last : await nextPlant(task, record);
    const before = record.plants.filter((one) => one !== next);
    await table.put(task, { ...record, plants: [...before, next] });
    const until = Date.now() + PLANT_SECONDS * 1_000;
    for (;;) {
      const at = await audits.plantedAt(next.commitment);
      if (at !== undefined) {
        // Where its item stands may have been noted meanwhile.
        const { at: place } = table.get(task) ?? record;
        const plants = [...before, { ...next, at }];
        const planted: CanaryRecord = { ...record, state: 'planted', plants, ...(place && { at: place }) };
        await table.put(task, planted);
        return planted;
      }
      if (Date.now() > until) return undefined;
      await audits.plant(next.commitment);
      await delay(parts.pollMs, undefined, { signal });
    }
  }

  async function isStale({ plants }: CanaryRecord): Promise<boolean> {
    const at = plants.at(-1)?.at;
    return at === undefined || (await audits.now()) - at > audits.plantSeconds / 2n;
  }

  const renew: CanaryPlanter['renew'] = async (task, record, signal) => {
    if (!(await isStale(record))) return false;
    if (record.plants.length < MAX_PLANTS) return (await plant(task, record, signal)) !== undefined;
    log.warn({ task }, 'no batch has had a canary for long: it is planted no longer');
    await table.remove(task);
    return true;
  };

  const forget: CanaryPlanter['forget'] = async (tasks) => {
    for (const task of tasks) {
      const state = table.get(task)?.state;
      if (state === 'planting' || state === 'dropped') await table.remove(task);
    }
  };

  async function drop(task: FinishedTask, record: CanaryRecord | undefined, err?: unknown): Promise<FinishedTask> {
    if (record !== undefined) await table.put(task.key, { ...record, state: 'dropped' });
    log.warn({ err, task: task.key }, 'a task that was to be a canary is signed as it came');
    return task;
  }

  async function prepare(task: FinishedTask, signal: AbortSignal): Promise<FinishedTask> {
    const spoilt = spoil(task);
    const known = table.get(task.key);
    if (spoilt === undefined || known?.state === 'dropped') return task;
    if (known !== undefined && known.state !== 'planting') {
      // It may have stood still for longer than the plant is good for.
      if (known.state === 'planted') await renew(task.key, known, signal);
      return table.get(task.key) === undefined ? task : { ...task, result: spoilt.result };
    }
    try {
      const planned = known ?? (await plan(task, spoilt.truth, signal));
      if (planned === undefined) return task;
      const planted = await plant(task.key, planned, signal);
      return planted === undefined ? drop(task, planned) : { ...task, result: spoilt.result };
    } catch (err) {
      if (signal.aborted) throw err;
      return drop(task, table.get(task.key), err);
    }
  }

  return { isOurs: (owner) => accounts.has(owner.toLowerCase()), prepare, renew, forget };
}
