// docs/operations.md#sequencer: ready tasks of all running runs: programs run ahead in the pool, inferences wait for a gateway.
import type { Receipt } from '../../kernel/receipt.ts';
import { paidBy, tasksAhead } from '../../node/ahead.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import { createGraph, type RunGraph, type TaskPlace } from '../index/graph.ts';
import { type Tables, taskKeyOf, taskPlaceOf } from '../index/tables.ts';

export type InferenceTask = TaskPlace & {
  readonly run: Hex;
  /** Of the run, in lower case. */
  readonly owner: Address;
  readonly attempt: number;
  readonly model: Hex;
  readonly request: ObjectRef;
};

/** Unix seconds. */
export type TaskClock = {
  /** The time of now. */
  readonly now: number;
  /** That of the batch in which the next step is. */
  readonly timestamp: number;
};

export type Tasks = {
  /** Rebuilds everything from the index: at the start and after a rollback. Of the programs that run, those that no task needs any more are ended. */
  load(clock: TaskClock): Promise<void>;
  /** After each step. */
  observe(receipt: Receipt): Promise<void>;
  /** Starts programs of ready tasks: as many as may run ahead, and of each run as many as it has paid for. */
  runAhead(clock: TaskClock): void;
  /** Starts the program of this Advance message, which is in the chain's way, unless it runs. False: it is that of no ready task. */
  begin(message: Message | undefined, clock: TaskClock): boolean;
  /** Up to when the bytes of all runs are promised for which programs were begun: a batch of a later time would end them unpaid. */
  promisedTo(): bigint | undefined;
  /** An Advance message whose program has already run; of each run in the order in which its tasks were taken up. */
  nextAdvance(): Uint8Array | undefined;
  /**
   * Whether this message, which ends a run, has to wait: programs of its tasks run ahead or have run, and are paid for by their Advance messages.
   * Asked in one turn after `release`, no further ones are begun.
   */
  holds(message: Message | undefined): boolean;
  /** No Cancel waits, as far as is known. */
  release(): void;
  /** Of a run whose deadline lies before this, or whose bytes are no longer promised for long enough. */
  nextExpire(nowSeconds: number): Uint8Array | undefined;
  /** The owners by turns, and of each its runs: however many tasks one has, those of others are among the first. */
  inferences(): Iterable<InferenceTask>;
  /** Resolves at the next inference task that becomes open. */
  inferenceOpened(signal: AbortSignal): Promise<void>;
  graph(run: Hex): RunGraph | undefined;
  /** Why the kernel last refused a result for this open task. */
  refusal(run: Hex, place: TaskPlace): string | undefined;
  stats(): { readonly runs: number; readonly ready: number; readonly ahead: number };
  /** True while programs run whose end will wake the sequencer. */
  isBusy(): boolean;
};

export type TasksParts = {
  readonly tables: Tables;
  readonly log: Logger;
  /** Programs in the pool at one time. */
  readonly ahead: number;
  /** Runs the program that this Advance message will ask for, if the state is ready for it. Aborted, its run has ended. */
  readonly prepare: (message: Uint8Array, timestamp: number, signal: AbortSignal) => Promise<void>;
  /** Unix seconds up to which the bytes of a running run are promised for long enough, by the state. */
  readonly promisedTo: (run: Hex) => Promise<bigint>;
  readonly onPrepared: () => void;
};

type Ahead = {
  readonly place: TaskPlace;
  readonly message: Uint8Array;
  state: 'waiting' | 'running' | 'prepared';
  notBefore: number;
  /** Aborted when nobody needs the result any more: the task is done, or its run has ended. */
  readonly over: AbortController;
};
type Tracked = {
  readonly graph: RunGraph;
  readonly workflow: Hex;
  readonly owner: Address;
  readonly deadline: bigint;
  /** Gas that its tasks have paid: so many may run ahead. */
  paid: bigint;
  promisedTo: bigint;
  /** The first ones that are ready: none is kept before its turn may come. */
  readonly ready: Ahead[];
  readonly infer: Map<string, InferenceTask>;
  /** Of these, how many each stage has. */
  readonly inferOf: Map<number, number>;
  readonly refusals: Map<string, string>;
  /** Timestamp for which an Expire of it was last given out. */
  offeredAt: number;
  /** That for which the one was that was given out last when the kernel refused one: for it none is given out again. */
  refusedAt: number;
  /** Its deadline has passed: no task is begun any more. */
  late: boolean;
};

const RETRY_MS = 2_000;
/** Inference tasks of a run that are offered at one time, shared by its stages. A run may have 261,120, and pays for none before it is done. */
const OFFERED_OF_RUN = 1_024;

export function createTasks({ tables, log, ahead, prepare, promisedTo, onPrepared }: TasksParts): Tasks {
  const runs = new Map<Hex, Tracked>();
  const listeners = new Set<() => void>();
  let running = 0;
  let turn = 0;
  let startTurn = 0;
  /** Runs whose Cancel waits. */
  const ending = new Set<Hex>();

  const takeUp = (tracked: Tracked): void => {
    const { graph, owner, ready, infer, inferOf } = tracked;
    const { run, kinds } = graph;
    const ofStage = Math.max(
      1,
      Math.floor(OFFERED_OF_RUN / Math.max(1, kinds.filter((kind) => kind === 'infer').length)),
    );
    for (const [stage, kind] of kinds.entries()) {
      const most = kind === 'exec' ? ahead - ready.length : ofStage - (inferOf.get(stage) ?? 0);
      for (const { partition, model, request } of graph.take(stage, most)) {
        if (kind === 'exec') {
          ready.push(toAhead(run, { stage, partition }));
        } else if (request !== undefined) {
          infer.set(taskKeyOf(run, stage, partition), { run, owner, stage, partition, attempt: 0, model, request });
          inferOf.set(stage, (inferOf.get(stage) ?? 0) + 1);
        }
      }
    }
    if (infer.size > 0) for (const listener of [...listeners]) listener();
  };

  const track = async (run: Hex): Promise<void> => {
    const record = await tables.runs.get(run);
    const workflow = record === undefined ? undefined : await tables.workflows.get(record.workflow);
    if (record === undefined || workflow === undefined || record.status !== 'running') return;
    const graph = createGraph(run, workflow, (await tables.inputs.get(run)) ?? []);
    const tracked: Tracked = {
      graph,
      workflow: record.workflow,
      owner: record.owner.toLowerCase() as Address,
      deadline: record.deadline,
      paid: 0n,
      promisedTo: await promisedTo(run),
      ready: [],
      infer: new Map(),
      inferOf: new Map(),
      refusals: new Map(),
      offeredAt: 0,
      refusedAt: 0,
      late: false,
    };
    for await (const [key, task] of tables.tasks.entries({ gte: run, lt: `${run}g` })) {
      graph.finish(taskPlaceOf(key), task);
      tracked.paid += paidBy(task);
    }
    takeUp(tracked);
    runs.set(run, tracked);
  };

  // What a step may have changed of it: a result is promised for less than the inputs, a Renew or a Deploy for longer.
  const readPromises = async (isChanged: (tracked: Tracked) => boolean): Promise<void> => {
    for (const tracked of runs.values())
      if (isChanged(tracked)) tracked.promisedTo = await promisedTo(tracked.graph.run);
  };

  const finishTask = (run: Hex, place: TaskPlace, output: ObjectRef): void => {
    const tracked = runs.get(run);
    if (tracked === undefined || tracked.graph.isDone(place)) return;
    const at = tracked.ready.findIndex(
      ({ place: { stage, partition } }) => stage === place.stage && partition === place.partition,
    );
    if (at !== -1) tracked.ready.splice(at, 1)[0]?.over.abort();
    if (tracked.infer.delete(taskKeyOf(run, place.stage, place.partition)))
      tracked.inferOf.set(place.stage, (tracked.inferOf.get(place.stage) ?? 1) - 1);
    tracked.graph.finish(place, output);
    takeUp(tracked);
  };

  // What the kernel refuses is not offered again. Its bytes may be any: the receipt names a task if they are those of one.
  const dropRefused = ({ kind, run, stage, partition, error = 'refused' }: Receipt): void => {
    const tracked = run === undefined ? undefined : runs.get(run);
    if (run === undefined || tracked === undefined) return;
    if (kind === 'Expire') {
      // Anyone may have sent one that came too early, also after ours was given out: it says nothing about later.
      tracked.refusedAt = tracked.offeredAt;
      return;
    }
    if (stage === undefined || partition === undefined) return;
    tracked.refusals.set(taskKeyOf(run, stage, partition), error);
    const at = tracked.ready.findIndex(({ place }) => place.stage === stage && place.partition === partition);
    if (at !== -1) tracked.ready.splice(at, 1)[0]?.over.abort();
    takeUp(tracked);
  };

  const isEnding = ({ graph: { run }, late }: Tracked): boolean => late || ending.has(run);
  const begunOf = ({ ready }: Tracked): number => ready.filter(({ state }) => state !== 'waiting').length;
  const isBegun = (tracked: Tracked): boolean => begunOf(tracked) > 0;

  const end = (run: Hex): void => {
    for (const { over } of runs.get(run)?.ready ?? []) over.abort();
    runs.delete(run);
  };

  // Those of it that a task still needs go on: a second call for the same program joins the first.
  const takeOver = (begun: readonly Ahead[], { timestamp }: TaskClock): void => {
    const all = new Map([...runs.values()].flatMap(({ ready }) => ready.map((task) => [keyOf(task.message), task])));
    for (const { message } of begun) {
      const same = all.get(keyOf(message));
      if (same !== undefined) start(same, timestamp);
    }
    for (const { over } of begun) over.abort();
  };

  const start = (task: Ahead, timestamp: number): void => {
    const { signal } = task.over;
    running += 1;
    task.state = 'running';
    prepare(task.message, timestamp, signal)
      .then(
        () => {
          task.state = 'prepared';
        },
        (err: unknown) => {
          if (signal.aborted) return;
          log.warn({ err, ...task.place }, 'a task could not be run ahead; it is tried again');
          task.state = 'waiting';
          task.notBefore = Date.now() + RETRY_MS;
        },
      )
      .finally(() => {
        running -= 1;
        onPrepared();
      });
  };

  return {
    load: async (clock) => {
      const begun = [...runs.values()].flatMap(({ ready }) => ready.filter(({ state }) => state === 'running'));
      runs.clear();
      const order: { run: Hex; startStep: number }[] = [];
      for await (const [run] of tables.running.entries())
        order.push({ run: run as Hex, startStep: (await tables.runs.get(run))?.startStep ?? 0 });
      for (const { run } of order.sort((a, b) => a.startStep - b.startStep)) await track(run);
      takeOver(begun, clock);
    },
    observe: async (receipt) => {
      if (!receipt.ok) {
        if (receipt.kind === 'Advance' || receipt.kind === 'Expire') dropRefused(receipt);
        return;
      }
      const { kind, run, workflow, stage, partition, outputRoot, outputLength = 0 } = receipt;
      if (kind === 'Run' && run !== undefined) await track(run);
      if (
        kind === 'Advance' &&
        run !== undefined &&
        stage !== undefined &&
        partition !== undefined &&
        outputRoot !== undefined
      ) {
        const tracked = runs.get(run);
        if (tracked !== undefined) tracked.paid += paidBy(receipt);
        finishTask(run, { stage, partition }, { root: outputRoot, length: outputLength });
      }
      if (kind === 'InferenceResult') {
        for (const item of receipt.items ?? []) {
          if (!item.ok)
            runs.get(item.run)?.refusals.set(taskKeyOf(item.run, item.stage, item.partition), item.error ?? 'refused');
          else finishTask(item.run, item, { root: item.outputRoot, length: item.outputLength ?? 0 });
          if (item.runStatus !== undefined && item.runStatus !== 'running') end(item.run);
        }
      }
      if (run !== undefined && receipt.runStatus !== undefined && receipt.runStatus !== 'running') end(run);
      if (kind === 'Renew') await readPromises(({ graph }) => graph.run === run);
      if (kind === 'Deploy') await readPromises((tracked) => tracked.workflow === workflow);
      const named = new Set((kind === 'InferenceResult' ? receipt.items : undefined)?.map((item) => item.run));
      if (named.size > 0) await readPromises(({ graph }) => named.has(graph.run));
    },
    runAhead: ({ now, timestamp }) => {
      const at = Date.now();
      const all = [...runs.values()];
      // The runs by turns: the tasks of one may take long, and those of others would wait for all of them.
      for (let idle = 0; idle < all.length && running < ahead; ) {
        startTurn = (startTurn + 1) % all.length;
        const tracked = all[startTurn] as Tracked;
        const mayBegin =
          !isEnding(tracked) && tracked.promisedTo >= BigInt(now) && begunOf(tracked) < tasksAhead(tracked.paid);
        const task = mayBegin
          ? tracked.ready.find(({ state, notBefore }) => state === 'waiting' && notBefore <= at)
          : undefined;
        idle = task === undefined ? idle + 1 : 0;
        if (task !== undefined) start(task, timestamp);
      }
    },
    begin: (message, { timestamp }) => {
      if (message?.kind !== 'Advance') return false;
      const { run, stage, partition } = message;
      const tracked = runs.get(run);
      const isIt = ({ place }: Ahead) => place.stage === stage && place.partition === partition;
      let task = tracked?.ready.find(isIt);
      if (task === undefined && tracked?.graph.takeOne({ stage, partition })?.kind === 'exec') {
        task = toAhead(run, { stage, partition });
        tracked.ready.push(task);
      }
      if (task === undefined) return false;
      // One that has run, and whose result is not known under what its run may spend now, is run again.
      if (task.state !== 'running' && task.notBefore <= Date.now()) start(task, timestamp);
      return true;
    },
    promisedTo: () => {
      const times = [...runs.values()].filter(isBegun).map((tracked) => tracked.promisedTo);
      return times.reduce<bigint | undefined>(
        (least, time) => (least === undefined || time < least ? time : least),
        undefined,
      );
    },
    nextAdvance: () => {
      const all = [...runs.values()];
      for (let i = 0; i < all.length; i++) {
        const tracked = all[(turn + i) % all.length] as Tracked;
        // Of a run that ends, those that were begun; else none before those that were taken up before it.
        const { ready } = tracked;
        const first = isEnding(tracked) ? ready.find(({ state }) => state === 'prepared') : ready[0];
        if (first?.state !== 'prepared') continue;
        turn = (turn + i + 1) % all.length;
        return first.message;
      }
      return undefined;
    },
    holds: (message) => {
      const tracked = message !== undefined && 'run' in message ? runs.get(message.run) : undefined;
      if (message === undefined || tracked === undefined) return false;
      // Anyone may send a Cancel, and it is refused; anyone may send an Expire.
      if (message.kind === 'Cancel' && tracked.owner === message.sender.toLowerCase()) ending.add(message.run);
      else if (message.kind !== 'Expire' || !tracked.late) return false;
      return isBegun(tracked);
    },
    release: () => ending.clear(),
    nextExpire: (nowSeconds) => {
      for (const tracked of runs.values()) {
        const { refusedAt, deadline, promisedTo: lapses } = tracked;
        const isForgotten = lapses < BigInt(nowSeconds);
        const isPast = deadline < BigInt(nowSeconds);
        tracked.late ||= isPast;
        // As the kernel judges it for this very timestamp.
        if (nowSeconds <= refusedAt || !(isPast || isForgotten)) continue;
        // What was begun is done before, and paid for; of a run that is forgotten nothing is done any more.
        if (isBegun(tracked) && !isForgotten) continue;
        tracked.offeredAt = nowSeconds;
        return encodeMessage({ kind: 'Expire', run: tracked.graph.run });
      }
      return undefined;
    },
    inferences: () => {
      const owners = new Map<Address, Iterable<InferenceTask>[]>();
      for (const { owner, infer } of runs.values()) {
        const lists = owners.get(owner);
        if (lists === undefined) owners.set(owner, [infer.values()]);
        else lists.push(infer.values());
      }
      return byTurns([...owners.values()].map(byTurns));
    },
    inferenceOpened: (signal) =>
      new Promise<void>((resolve) => {
        const finish = () => {
          listeners.delete(finish);
          signal.removeEventListener('abort', finish);
          resolve();
        };
        listeners.add(finish);
        signal.addEventListener('abort', finish);
        if (signal.aborted) finish();
      }),
    graph: (run) => runs.get(run)?.graph,
    refusal: (run, { stage, partition }) => runs.get(run)?.refusals.get(taskKeyOf(run, stage, partition)),
    stats: () => ({
      runs: runs.size,
      ready: [...runs.values()].reduce((sum, { ready }) => sum + ready.length, 0),
      ahead: running,
    }),
    isBusy: () => running > 0,
  };
}

function toAhead(run: Hex, place: TaskPlace): Ahead {
  const message = encodeMessage({ kind: 'Advance', run, ...place });
  return { place, message, state: 'waiting', notBefore: 0, over: new AbortController() };
}

function keyOf(message: Uint8Array): string {
  return Buffer.from(message).toString('latin1');
}

function* byTurns<T>(lists: readonly Iterable<T>[]): Generator<T> {
  let open = lists.map((list) => list[Symbol.iterator]());
  while (open.length > 0) {
    const left: Iterator<T>[] = [];
    for (const list of open) {
      const next = list.next();
      if (next.done === true) continue;
      left.push(list);
      yield next.value;
    }
    open = left;
  }
}
