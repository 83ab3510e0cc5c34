// docs/edge.md: open infer tasks from the sequencer, rows to workers, results to DA, signed batches back.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { modelId } from '../../protocol/model-id.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createHttpApp } from '../../service/http/http.ts';
import { HTTP_LIMITS } from '../../service/http/http-limits.ts';
import { withoutUndefined } from '../../service/process/fields.ts';
import type { Logger } from '../../service/process/log.ts';
import { openStore } from '../../service/storage/store.ts';
import type { GatewayCanaries } from '../canaries/open.ts';
import type { GatewayConfig } from '../config.ts';
import { decodeRequests, NO_REQUESTS, type Requests } from '../rows.ts';
import { createSchemaChecker } from '../schema/checker.ts';
import { createSigner } from '../signing.ts';
import { openAccounts } from './accounts.ts';
import { createAdmissions, type StakeCheck } from './admission.ts';
import { createAuditor } from './audit.ts';
import { startEpoch } from './epoch.ts';
import { openJournal } from './journal.ts';
import { createMemory } from './memory.ts';
import { addGatewayMetrics } from './metrics.ts';
import { openOutbox, type PutObjects } from './outbox.ts';
import { createPrograms } from './programs.ts';
import { createProgress } from './progress.ts';
import { type AcceptedEntry, createQueue } from './queue.ts';
import { openReputation } from './reputation.ts';
import type { ChainInfo, SequencerClient } from './sequencer.ts';
import { createSessions } from './sessions.ts';
import { createSettledAmounts } from './settled.ts';
import { createSignable } from './signable.ts';
import { createStaleTasks } from './stale.ts';
import { addTabPage } from './tab-page.ts';
import { heldBytes, maxRowsOf, singleUseKey, type TaskInfo } from './task.ts';

export type GatewayParts = {
  readonly config: GatewayConfig;
  readonly sequencer: SequencerClient;
  readonly chain: ChainInfo;
  readonly putObjects: PutObjects;
  /**
   * Asked when the sequencer does not give a request object.
   * @throws MizuError if it is not there either
   */
  readonly getObject: (ref: ObjectRef, signal: AbortSignal) => Promise<Uint8Array>;
  /** Undefined if no stakes are looked up. */
  readonly isStaked: StakeCheck | undefined;
  /** Undefined if it plants none. */
  readonly canaries?: GatewayCanaries | undefined;
  readonly log: Logger;
};

export type Gateway = {
  /** The address to which workers connect, with `ws://` and the path `/workers`. */
  readonly url: string;
  readonly address: Address;
  /** Rejects if the gateway cannot go on. */
  readonly done: Promise<void>;
  close(): Promise<void>;
};

const POLL_WAIT_SECONDS = 2;
const POLL_IDLE_MS = 50;
const LAST_POLL_IDLE_MS = 500;
const POLL_FAILED_MS = 2_000;
const TICK_MS = 1_000;
/** Seconds between two reads of what a worker was paid, and between two writes of what workers have won back. */
const TICKS_A_READ = 5;
const TICKS_A_SAVE = 60;
const DRAIN_POLL_MS = 20;
const TASKS_PER_POLL = 256;
const LOADS_AT_ONCE = 8;
const STALE_SECONDS = 60;
/** Seconds after which a task is dropped if no worker has its model. */
const UNSERVED_SECONDS = 600;
const EMPTY_TASK_BYTES = 4_096;
const OVER_SECONDS = 60;
const MAX_REMEMBERED = 10_000;

export async function openGateway(parts: GatewayParts): Promise<Gateway> {
  const { config, sequencer, chain, canaries, log } = parts;
  const store = await openStore(join(config.dataDir, 'store'));
  const journal = await openJournal<AcceptedEntry>(join(config.dataDir, 'journal'));
  const { epoch, secret } = await startEpoch(store);
  const taskTable = store.table<TaskInfo>('task');
  const signer = createSigner(config.privateKey);
  const domain = createDomain(chain.chainId, chain.gatewayRegistry);
  const reputation = await openReputation(store);
  const stop = new AbortController();
  /** Aborted before `stop`: no more tasks and leases, while running leases end. */
  const draining = new AbortController();
  const over = new Map<string, number>();
  const memory = createMemory({ bytes: config.maxHeldBytes, tasks: config.maxOpenTasks });

  const checker = createSchemaChecker({ threads: config.schemaThreads });

  const queue = createQueue({
    journal,
    epoch,
    secret,
    leaseSeconds: config.leaseSeconds,
    attempts: config.attempts,
    maxResultBytes: config.maxResultBytes,
    rules: config,
    checker,
    exactModels: new Set(config.exactModels),
    auditor: createAuditor({ rate: config.auditRate, seconds: config.auditSeconds, random: Math.random }),
    hasOther: (workers, model) => sessions.hasOther(workers, model),
    now: Date.now,
    onLiar: (worker) => sessions.report(worker, 'liar'),
  });

  const accounts = await openAccounts({
    store,
    signer,
    domain,
    basisPoints: config.workerShareBasisPoints,
    onPaid: (workers) => {
      for (const worker of workers) sessions.tellAccount(worker);
    },
  });

  const outbox = await openOutbox({
    store,
    sequencer,
    putObjects: parts.putObjects,
    signer,
    domain,
    retentionSeconds: config.retentionSeconds,
    accounts,
    log,
    onSettled: async (tasks, failed) => {
      if (failed.length > 0) log.warn({ failed }, 'results do not count');
      await store.write(tasks.map((key) => taskTable.delete(key)));
      await canaries?.forget(tasks);
      for (const key of tasks) {
        queue.remove(key);
        memory.release(key);
        over.set(key, Date.now());
      }
      for (const oldest of over.keys()) {
        if (over.size <= MAX_REMEMBERED) break;
        over.delete(oldest);
      }
    },
  });

  const sign = createSignable({ canaries, outbox, signal: stop.signal, log });
  const onChange = () => {
    for (const task of queue.takeFinished()) {
      memory.shrink(task.key, task.result.length);
      sign(task);
    }
    sessions.dispatch();
  };

  const http = createHttpApp({
    log,
    // All workers may come from one address.
    limits: {
      connections: config.maxWorkers + HTTP_LIMITS.connections,
      connectionsPerAddress: config.maxWorkers + HTTP_LIMITS.connectionsPerAddress,
      ...withoutUndefined(config.listen.limits ?? {}),
    },
    processMetrics: true,
    health: () => ({
      gateway: signer.address,
      ...queue.size(),
      unsettledBatches: outbox.unsettled(),
      workers: sessions.list().map((one) => ({
        ...one,
        earnedWei: String(accounts.earned(one.worker)),
        settledWei: String(settled.of(one.worker)),
      })),
    }),
  });
  // Whoever has it can settle it, and only its worker is paid: docs/kernel.md#settle.
  http.app.get('/accounts/:worker', (request, response) => {
    response.json(accounts.sign(request.params.worker.toLowerCase() as Address) ?? null);
  });
  if (config.tabWorker) await addTabPage(http.app);
  addGatewayMetrics(http.metrics, {
    queue,
    memory,
    outbox,
    accounts,
    canaries,
    sessions: () => sessions,
    settled: () => settled,
  });

  const sessions = createSessions({
    server: http.server,
    queue,
    reputation,
    domain,
    gateway: signer.address,
    admissions: createAdmissions({
      domain,
      gatewayKey: signer.publicKey,
      dataDir: config.dataDir,
      named: config.workers === 'admitted' ? undefined : new Set(config.workers),
      isStaked: parts.isStaked,
      now: Date.now,
    }),
    programs: createPrograms((ref) => parts.getObject(ref, stop.signal), log),
    accounts,
    shareBasisPoints: config.workerShareBasisPoints,
    leaseRows: config.leaseRows,
    maxWorkers: config.maxWorkers,
    reconnectSeconds: config.reconnectSeconds,
    log,
    onChange,
  });

  const settled = createSettledAmounts((worker) => sequencer.getSettled(signer.address, worker), log);

  const fetchRequests = async (info: TaskInfo): Promise<Requests> => {
    const ref = { root: info.requestRoot, length: info.requestLength };
    const bytes = await sequencer.getObject(ref, stop.signal).catch((error: unknown) => {
      log.debug({ err: error, root: ref.root }, 'the sequencer does not give a request object; DA is asked');
      return parts.getObject(ref, stop.signal);
    });
    try {
      const requests = decodeRequests(bytes, maxRowsOf(config));
      const id = modelId(requests.model);
      if (id !== info.model) throw wrongModel(info.model, requests.model);
      return requests;
    } catch (error) {
      // A result without rows makes the run fail at its next step, instead of waiting for its deadline.
      log.error({ err: error, task: singleUseKey(info) }, 'a request object is unusable; it gets an empty result');
      return { model: info.model, ...NO_REQUESTS };
    }
  };

  // Returns false if there is no memory for the task yet.
  const load = async (info: TaskInfo): Promise<boolean> => {
    const key = singleUseKey(info);
    const isTooLarge = info.requestLength > config.maxRequestBytes;
    if (!memory.reserve(key, info, isTooLarge ? EMPTY_TASK_BYTES : heldBytes(info, config))) return false;
    try {
      if (isTooLarge) log.error({ info }, 'a request object is too large; it gets an empty result');
      const requests = isTooLarge ? { model: info.model, ...NO_REQUESTS } : await fetchRequests(info);
      memory.shrink(key, requests.count === 0 ? EMPTY_TASK_BYTES : heldBytes(info, config, requests.count));
      await store.write([taskTable.put(key, info)]);
      queue.add(info, requests);
      return true;
    } catch (error) {
      memory.release(key);
      throw error;
    }
  };

  // The owner that holds least comes first, and of its runs the one that holds least. A task without room is offered
  // again by the next poll.
  const loadAll = async (infos: readonly TaskInfo[]): Promise<number> => {
    const waiting = [...infos];
    let loaded = 0;
    while (waiting.length > 0) {
      waiting.sort(memory.compare);
      const loads = await Promise.allSettled(waiting.splice(0, LOADS_AT_ONCE).map(load));
      for (const result of loads) {
        if (result.status === 'rejected') log.warn({ err: result.reason }, 'a task cannot be loaded yet');
        else if (result.value) loaded += 1;
      }
      onChange();
    }
    return loaded;
  };

  const stale = createStaleTasks(STALE_SECONDS, Date.now);
  const unserved = createStaleTasks(UNSERVED_SECONDS, Date.now);
  const drop = async (keys: readonly string[], why: string) => {
    if (keys.length === 0) return;
    log.warn({ tasks: keys }, why);
    await store.write(keys.map((key) => taskTable.delete(key)));
    for (const key of keys) {
      queue.remove(key);
      memory.release(key);
    }
  };
  const unfinished = () => queue.progress().filter(({ done, total }) => done < total);
  const dropStale = (listed: ReadonlySet<string>, models: ReadonlySet<Hex>) => {
    const held = unfinished().filter(({ info }) => models.has(info.model));
    const keys = held.map(({ info }) => singleUseKey(info));
    return drop(stale.note(listed, keys), 'tasks are no longer open: they are dropped');
  };
  // Tasks that nobody serves would keep the memory from others; they are listed again when a worker comes.
  const dropUnserved = (models: ReadonlySet<Hex>) => {
    const all = unfinished();
    const served = all.filter(({ info }) => models.has(info.model));
    const keysOf = (tasks: typeof all) => tasks.map(({ info }) => singleUseKey(info));
    const keys = unserved.note(new Set(keysOf(served)), keysOf(all));
    return drop(keys, 'no worker has had the model of these tasks for long: they are dropped');
  };

  let idleMs = POLL_IDLE_MS;
  const idle = () => {
    idleMs = Math.min(LAST_POLL_IDLE_MS, idleMs * 1.5);
    return idleMs;
  };

  // Returns how many milliseconds to wait before the next poll.
  const poll = async (): Promise<number> => {
    const models = [...sessions.models()].map(modelId);
    await dropUnserved(new Set(models));
    if (models.length === 0) return POLL_IDLE_MS;
    const listed = await sequencer.getTasks(signer.address, models, TASKS_PER_POLL, POLL_WAIT_SECONDS, draining.signal);
    if (listed.length < TASKS_PER_POLL) await dropStale(new Set(listed.map(singleUseKey)), new Set(models));
    // A task that is listed long after it was settled is open again: L1 has been reorganised, or the kernel did not
    // take the result.
    const isOver = (key: string) => Date.now() - (over.get(key) ?? 0) < OVER_SECONDS * 1000;
    for (const info of listed) {
      queue.renewOffer(info);
      outbox.note(info);
    }
    const isNew = (info: TaskInfo) => !queue.has(singleUseKey(info)) && !isOver(singleUseKey(info));
    const fresh = listed.filter(isNew);
    if (fresh.length === 0 || (await loadAll(fresh)) === 0) return idle();
    idleMs = POLL_IDLE_MS;
    return 0;
  };

  const pollAll = async () => {
    while (!draining.signal.aborted) {
      const waitMs = await poll().catch((error: unknown) => {
        if (draining.signal.aborted) return 0;
        if (!(error instanceof MizuError)) throw error;
        log.warn({ err: error }, 'the sequencer cannot be asked for tasks');
        return POLL_FAILED_MS;
      });
      await delay(waitMs, undefined, { signal: draining.signal }).catch(() => undefined);
    }
  };

  const tellProgress = createProgress(queue.progress, sequencer, log);
  const saveReputation = () =>
    reputation.save().catch((err: unknown) => log.error({ err }, 'reputations cannot be stored'));
  let ticks = 0;
  const tick = setInterval(() => {
    for (const lease of queue.expire()) sessions.report(lease.worker, 'timeout');
    onChange();
    tellProgress();
    ticks += 1;
    if (ticks % TICKS_A_READ === 0) settled.readNext(sessions.list().map(({ worker }) => worker));
    if (ticks % TICKS_A_SAVE === 0) saveReputation();
  }, TICK_MS);

  const kept: TaskInfo[] = [];
  for await (const [, info] of taskTable.entries()) kept.push(info);
  await loadAll(kept);
  const url = await http.listen(config.listen);
  log.info({ url, gateway: signer.address, tasks: kept.length }, 'gateway is up');
  const running = Promise.all([outbox.run(stop.signal), pollAll(), canaries?.run(stop.signal)]);

  // What is not answered by then is not lost: workers keep their leases for the next start.
  const drain = async () => {
    draining.abort();
    sessions.drain();
    const until = Date.now() + config.drainSeconds * 1000;
    while (queue.size().leasedRows > 0 && sessions.list().length > 0 && Date.now() < until) await delay(DRAIN_POLL_MS);
  };

  return {
    url,
    address: signer.address,
    done: running.then(() => undefined),
    close: async () => {
      await drain();
      stop.abort();
      clearInterval(tick);
      await sessions.close();
      await http.close();
      await Promise.allSettled([running]);
      await saveReputation();
      await checker.close();
      await journal.close();
      await store.close();
    },
  };
}

function wrongModel(expected: Hex, name: string): MizuError {
  return new MizuError({
    code: 'edge/wrong-model',
    message: 'The request object names another model than its stage.',
    expected: `a model with id ${expected}`,
    actual: name,
  });
}
