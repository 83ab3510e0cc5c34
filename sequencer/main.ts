// docs/operations.md#sequencer: the sequencer as a process: its parts, put together.
import { privateKeyToAccount } from 'viem/accounts';
import { describeMembers } from '../da/committee.ts';
import { createAttestationWeights } from '../node/attestations/weights.ts';
import { openCore } from '../node/core.ts';
import { followMirror } from '../node/l1/mirror-follow.ts';
import { MAX_MESSAGE_BYTES } from '../protocol/constants.ts';
import { hexToBytes } from '../protocol/hex.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { jsonText } from '../service/http/body.ts';
import { createHttpApp } from '../service/http/http.ts';
import { connectL1, withAccount } from '../service/l1/l1.ts';
import { type FollowedChange, readTime } from '../service/l1/logs.ts';
import { createSender } from '../service/l1/send.ts';
import { createLogger } from '../service/process/log.ts';
import type { Service } from '../service/process/process.ts';
import { openAdmission } from './admission/admission.ts';
import { createPromises } from './admission/promises.ts';
import { type Executed, openChain } from './chain/chain.ts';
import { readTerms } from './chain/constitution.ts';
import { createLoop } from './chain/loop.ts';
import { createPoster } from './chain/poster.ts';
import { prepareStep } from './chain/prepare.ts';
import { openReconciler } from './chain/reconcile.ts';
import { createStepSignal } from './chain/step-signal.ts';
import { createTasks } from './chain/tasks.ts';
import { joinSequencers } from './chain/turns.ts';
import type { SequencerConfig } from './config.ts';
import { promisedTo, readState } from './index/state.ts';
import { openTables } from './index/tables.ts';
import { createMetrics } from './metrics.ts';
import { createAttestationBoard } from './rpc/attestations.ts';
import { type MethodContext, serveJsonRpc } from './rpc/json-rpc.ts';
import { createMethods } from './rpc/methods.ts';
import { createProgressBoard } from './rpc/progress.ts';
import { addRoutes } from './rpc/routes.ts';

export type Sequencer = Service & { readonly url: string; readonly done: Promise<void> };

/** Room for the largest message in hex, and for the rest of a JSON-RPC request. */
const BODY_BYTES = Math.max(1024 * 1024, 2 * MAX_MESSAGE_BYTES + 64 * 1024);
const BATCH = { messages: 1_024, bytes: 1024 * 1024, ageSeconds: 2, unposted: 64 } as const;
/** How many programs may be in the pool for each worker: enough that no worker waits for the next step. */
const AHEAD_PER_WORKER = 4;

/**
 * @throws MizuError `l1/unreachable`, `l1/bad-key`, `store/locked`, `sequencer/other-kernel`,
 * `sequencer/other-genesis`, `sequencer/not-staked`, `http/cannot-listen`
 */
export async function startSequencer(config: SequencerConfig): Promise<Sequencer> {
  const log = config.log ?? createLogger('sequencer');
  const { contracts, workers = 2 } = config;
  const stop = new AbortController();
  const opened: (() => Promise<void>)[] = [];
  let running: Promise<unknown> = Promise.resolve();
  let closeStore = async () => {};
  const closeAll = async () => {
    stop.abort();
    // What the loops wait for ends when the parts are closed. The store is closed when nobody writes to it any more.
    await Promise.all(opened.splice(0).map((close) => close()));
    await running.catch(() => undefined);
    await closeStore();
  };
  try {
    const l1 = withAccount(await connectL1(config.l1Url), config.key, undefined, config);
    const core = await openCore(config, l1, 'sequencer', log);
    const { committee, da, store, files, objects, nodes, pool, mirror, kernel, transition, genesis, engine } = core;
    closeStore = () => store.close();
    opened.push(
      () => da.close(),
      () => pool.close(),
    );
    const { retentionSeconds, delaySeconds, maxBehindSeconds } = await readTerms(l1, contracts, l1.address);
    const domains = {
      inbox: createDomain(l1.chainId, contracts.inbox),
      registry: createDomain(l1.chainId, contracts.gatewayRegistry),
      committee: createDomain(l1.chainId, contracts.daCommittee),
    };
    const tables = openTables(store);

    const steps = createStepSignal();
    const progress = createProgressBoard();
    const metrics = createMetrics();
    const onStep = (executed: Executed) => {
      if (executed.sequence !== undefined) admission.settle(executed.sequence);
      for (const { run, stage, partition } of executed.receipt.items ?? []) progress.finish(run, stage, partition);
      metrics.steps.inc({ kind: executed.receipt.kind, ok: String(executed.receipt.ok) });
      steps.announce(executed.step);
    };
    const isVoid = async (batch: number) => (await mirror.batch(BigInt(batch)))?.isVoid === true;
    const confirmedSteps = async () =>
      Number((await mirror.assertion((await mirror.head()).latestConfirmed))?.post.step ?? 0n);
    const genesisLeaf = genesis.stateLeaf;
    const chain = await openChain({
      store,
      tables,
      transition,
      objects,
      genesisLeaf,
      onStep,
      isVoid,
      confirmedSteps,
    });
    const state = () => readState(nodes, chain.leaf().stateRoot);
    const limit = config.maxWaiting ?? 10_000;
    const admission = await openAdmission({ store, tables, domains, state, limit, onAdmitted: () => loop.wake() });
    const prepare = (message: Uint8Array, timestamp: number, signal: AbortSignal) =>
      prepareStep(
        { kernel, nodes, pool },
        hexToBytes(chain.head().leaf),
        chain.contextOf('sequencer', timestamp),
        message,
        signal,
      );
    const tasks = createTasks({
      tables,
      log,
      ahead: workers * AHEAD_PER_WORKER,
      prepare,
      promisedTo: (run) => promisedTo(state(), tables, run),
      onPrepared: () => loop.wake(),
    });
    const reconciler = await openReconciler(store, tables, mirror);
    // After the start it is the time of blocks that the follower has proven: an unproven answer of a node could set it
    // into the future for good.
    let l1Time = await readTime(l1.nodes);
    const promises = createPromises({ store, tables, account: privateKeyToAccount(config.key), domain: domains.inbox });
    const loop = createLoop({
      chain,
      tables,
      mirror,
      reconciler,
      admission,
      tasks,
      objects,
      promises,
      limits: { ...BATCH, ...config.batch },
      delaySeconds,
      maxBehindSeconds,
      l1Time: () => l1Time,
      log,
      onClosed: () => poster.wake(),
      onRollBack: steps.rollBack,
    });
    const stuck = config.stuckSeconds === undefined ? {} : { stuckSeconds: config.stuckSeconds };
    const sender = createSender(l1, { signal: stop.signal, ...stuck });
    await joinSequencers(l1, contracts.inbox, sender);
    const poster = createPoster({
      tables,
      objects,
      da,
      l1,
      sender,
      inbox: contracts.inbox,
      retentionSeconds,
      l1Time: () => l1Time,
      log,
      hasClosed: () => chain.head().batch > reconciler.posted(),
      onTooOld: (batch) => loop.rebuildFrom(batch, 'its timestamp is too old for L1'),
      onUnpostable: (batch, reason) => loop.rebuildFrom(batch, reason),
      commit: promises.commit,
      onPosted: (_index, gasUsed) => metrics.l1Gas.inc(Number(gasUsed)),
    });

    const follow = async () => {
      const { confirmations, pollMs, fromBlock } = config;
      const onChange = (change: FollowedChange) => {
        if (change.kind === 'apply') l1Time = Math.max(l1Time, Number(change.timestamp));
        if (change.kind === 'undo' || change.events.length > 0) loop.wake();
        if (change.kind === 'undo') poster.wake();
      };
      await followMirror({
        l1,
        mirror,
        contracts,
        fromBlock,
        confirmations,
        pollMs,
        signal: stop.signal,
        log,
        onChange,
      });
    };

    const health = () => ({
      head: chain.head().step,
      batch: chain.head().batch,
      isOpen: chain.head().isOpen,
      posted: reconciler.posted(),
      waiting: admission.waiting(),
      tasks: tasks.stats(),
      pool: pool.stats(),
    });
    const http = createHttpApp({
      log,
      health,
      processMetrics: true,
      limits: { bodyBytes: BODY_BYTES, ...config.http.limits },
      openPosts: ['/'],
      hasOwnWork: loop.isBusy,
    });
    metrics.register(http.metrics, health);
    // The certificates of users and gateways are checked by the state's committee. Before the state has one, L1's is
    // told.
    const describeCommittee = async (outside: MethodContext['outside']) => {
      const { members, epoch, threshold } = await state().committee();
      const told =
        members.length === 0
          ? await outside(committee.appointed)
          : { epoch, threshold, members: describeMembers(members, config.da.members) };
      return { ...told, epoch: Number(told.epoch) };
    };
    // A node that has forgotten old blocks does not give it. A client that needs it may then ask another node.
    const origin = await l1.client.getBlock({ blockNumber: BigInt(config.fromBlock) }).then(
      ({ hash }) => hash,
      () => undefined,
    );
    const describe = async ({ outside }: MethodContext) => ({
      chainId: l1.chainId,
      l1RpcUrl: config.publicL1Url ?? l1.url,
      contracts,
      fromBlock: Number(config.fromBlock),
      origin,
      kernelProgramId: engine.programId,
      genesis: { stateRoot: genesis.stateRoot },
      minGasPrice: String((await state().config()).minGasPrice),
      da: await describeCommittee(outside),
      sequencer: l1.address,
    });
    const methods = createMethods({
      store,
      tables,
      tasks,
      progress,
      state,
      l1,
      chain,
      admission,
      mirror,
      nodes,
      promises,
      attestations: createAttestationBoard({
        mirror,
        weights: createAttestationWeights(l1, contracts),
        domain: createDomain(l1.chainId, contracts.attestations),
      }),
      describe,
    });
    http.app.post(
      '/',
      jsonText(BODY_BYTES),
      serveJsonRpc(methods, http.closing, log, (method, ok) => metrics.calls.inc({ method, ok: String(ok) })),
    );
    addRoutes(http, { tables, objects, files, steps });
    const url = await http.listen(config.http);
    opened.push(() => http.close());

    running = Promise.all([loop.run(stop.signal), poster.run(stop.signal), follow()]).then(() => undefined);
    const done = running.then(
      () => undefined,
      (error: unknown) => {
        // A call that was cut off by closing is no failure.
        if (!stop.signal.aborted) throw error;
      },
    );
    done.catch((err: unknown) => log.fatal({ err }, 'the sequencer has failed'));
    log.info({ url, account: l1.address, step: chain.head().step, batch: chain.head().batch }, 'sequencer is up');
    return { url, done, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
