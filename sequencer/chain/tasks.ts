// docs/operations.md#sequencer: the tasks of all running runs: programs run ahead in the pool, inferences wait for a gateway.
import type { Receipt } from '../../kernel/receipt.ts';
import { paidBy, tasksAhead } from '../../node/ahead.ts';
import type { Hex } from '../../protocol/hex.ts';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import type { RunGraph, TaskPlace } from '../index/graph.ts';
import { type Tables, taskKeyOf } from '../index/tables.ts';
import { createPriority } from '../priority.ts';
import { createInferenceSignal, type InferenceTask, listInferences } from './inferences.ts';
import { createProgramStarter, type ProgramStarterParts } from './program-starter.ts';
import {
  type AheadProgram,
  abortPrograms,
  begunOf,
  completeTask,
  programOf,
  refuseTask,
  type TrackedRun,
  trackRun,
} from './tracked-run.ts';

/** Unix seconds. */
export type TaskClock = {
  /** The present time. */
  readonly now: number;
  /** The time of the batch in which the next step is. */
  readonly timestamp: number;
};

export type Tasks = {
  /**
   * Rebuilds everything from the index, at the start and after a rollback. A running program that no task needs any
   * more is ended.
   */
  load(clock: TaskClock): Promise<void>;
  /** To be called after each step. */
  observe(receipt: Receipt): Promise<void>;
  /**
   * Starts programs of ready tasks: as many as may run ahead, and of each run as many as it has paid for; first those
   * of runs that pay most for gas.
   */
  runAhead(clock: TaskClock): void;
  /**
   * Starts the program of this Advance message, which is in the chain's way, unless the program runs already. The
   * result is false if the message is that of no ready task.
   */
  begin(message: Message | undefined, clock: TaskClock): boolean;
  /**
   * Unix seconds up to which the bytes of all runs are promised whose programs were begun: a batch of a later time
   * would end these programs unpaid. The result is undefined if none was begun.
   */
  promisedTo(): bigint | undefined;
  /**
   * An Advance message whose program has already run; first those of runs that pay most for gas. Those of one run come
   * in the order in which its tasks were taken up. It counts as executed: the run has had its turn.
   */
  nextAdvance(): Uint8Array | undefined;
  /**
   * Whether this message, which ends a run, has to wait: programs of the run's tasks run ahead or have run, and are
   * paid for by their Advance messages. From then until `release` no further ones of the run are begun.
   */
  holds(message: Message | undefined): boolean;
  /** Forgets which runs a Cancel message waits for. */
  release(): void;
  /**
   * An Expire message of a run whose deadline lies before `nowSeconds`, or whose bytes are not promised for long enough
   * then.
   */
  nextExpire(nowSeconds: number): Uint8Array | undefined;
  /** The open inference tasks, in the order of `listInferences`. */
  inferences(): Iterable<InferenceTask>;
  /** Resolves at the next inference task that becomes open, or when the signal aborts. */
  inferenceOpened(signal: AbortSignal): Promise<void>;
  graph(run: Hex): RunGraph | undefined;
  /** Why the kernel last refused a result for this open task. */
  refusal(run: Hex, place: TaskPlace): string | undefined;
  stats(): { readonly runs: number; readonly ready: number; readonly ahead: number };
  /** True while programs run whose end will wake the sequencer. */
  isBusy(): boolean;
};

export type TasksParts = ProgramStarterParts & {
  readonly tables: Tables;
  /** Programs in the pool at one time. */
  readonly ahead: number;
  /** Unix seconds up to which the bytes of a running run are promised for long enough, by the state. */
  readonly promisedTo: (run: Hex) => Promise<bigint>;
};

export function createTasks(parts: TasksParts): Tasks {
  const { tables, ahead, promisedTo } = parts;
  const { start, running } = createProgramStarter(parts);
  const opened = createInferenceSignal();
  const runs = new Map<Hex, TrackedRun>();
  /** Runs whose Cancel waits. */
  const ending = new Set<Hex>();
  const [starts, advances] = [createPriority(), createPriority()];
  /** Counts what was begun and given out: a run that waits since a lower number has waited longer. */
  let turn = 0;

  const announce = ({ infer }: TrackedRun): void => {
    if (infer.size > 0) opened.announce();
  };

  const track = async (run: Hex): Promise<void> => {
    const tracked = await trackRun(tables, run, promisedTo, ahead, ++turn);
    if (tracked === undefined) return;
    runs.set(run, tracked);
    announce(tracked);
  };

  // What a step may have changed: a result is promised for less long than the inputs, a Renew or a Deploy makes it
  // longer.
  const readPromises = async (isChanged: (tracked: TrackedRun) => boolean): Promise<void> => {
    for (const tracked of runs.values())
      if (isChanged(tracked)) tracked.promisedTo = await promisedTo(tracked.graph.run);
  };

  const finish = (run: Hex, place: TaskPlace, output: ObjectRef): void => {
    const tracked = runs.get(run);
    if (tracked === undefined || tracked.graph.isDone(place)) return;
    completeTask(tracked, place, output, ahead);
    announce(tracked);
  };

  // What the kernel refuses is not offered again. Its bytes may be any: the receipt names a task if they are those of
  // one.
  const dropRefused = ({ kind, run, stage, partition, error = 'refused' }: Receipt): void => {
    const tracked = run === undefined ? undefined : runs.get(run);
    if (tracked === undefined) return;
    if (kind === 'Expire') {
      // Anyone may have sent one that came too early, also after ours was given out: it says nothing about later.
      tracked.refusedAt = tracked.offeredAt;
      return;
    }
    if (stage === undefined || partition === undefined) return;
    refuseTask(tracked, { stage, partition }, error, ahead);
    announce(tracked);
  };

  const isEnding = ({ graph: { run }, late }: TrackedRun): boolean => late || ending.has(run);
  const isBegun = (tracked: TrackedRun): boolean => begunOf(tracked) > 0;

  const end = (run: Hex): void => {
    const tracked = runs.get(run);
    if (tracked !== undefined) abortPrograms(tracked);
    runs.delete(run);
  };

  // A program that a task still needs goes on: a second call for the same program joins the first.
  const takeOver = (begun: readonly AheadProgram[], { timestamp }: TaskClock): void => {
    const all = new Map([...runs.values()].flatMap(({ ready }) => ready.map((task) => [keyOf(task.message), task])));
    for (const { message } of begun) {
      const same = all.get(keyOf(message));
      if (same !== undefined) start(same, timestamp);
    }
    for (const { over } of begun) over.abort();
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
      // What was begun may have read what is void now: it is begun anew, and results that are known are found again.
      if (kind === 'ItemVoided' && run !== undefined && receipt.runStatus === 'running') {
        end(run);
        await track(run);
      }
      if (
        kind === 'Advance' &&
        run !== undefined &&
        stage !== undefined &&
        partition !== undefined &&
        outputRoot !== undefined
      ) {
        const tracked = runs.get(run);
        if (tracked !== undefined) tracked.paid += paidBy(receipt);
        finish(run, { stage, partition }, { root: outputRoot, length: outputLength });
      }
      if (kind === 'InferenceResult') {
        for (const item of receipt.items ?? []) {
          if (!item.ok)
            runs.get(item.run)?.refusals.set(taskKeyOf(item.run, item.stage, item.partition), item.error ?? 'refused');
          else finish(item.run, item, { root: item.outputRoot, length: item.outputLength ?? 0 });
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
      const startable = (tracked: TrackedRun): AheadProgram | undefined =>
        !isEnding(tracked) && tracked.promisedTo >= BigInt(now) && begunOf(tracked) < tasksAhead(tracked.paid)
          ? tracked.ready.find(({ state, notBefore }) => state === 'waiting' && notBefore <= at)
          : undefined;
      while (running() < ahead) {
        const first = starts.first(waitingOf(runs.values(), startable, ({ begunAt }) => begunAt));
        if (first === undefined) return;
        starts.took();
        first.tracked.begunAt = ++turn;
        start(first.task, timestamp);
      }
    },
    begin: (message, { timestamp }) => {
      if (message?.kind !== 'Advance') return false;
      const { run, stage, partition } = message;
      const tracked = runs.get(run);
      const task = tracked === undefined ? undefined : programOf(tracked, { stage, partition });
      if (task === undefined) return false;
      // A program that has run is run again if its result is not known under what its run may spend now.
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
      // A run that ends gives the tasks that were begun; any other gives its tasks in the order in which they were
      // taken up.
      const prepared = (tracked: TrackedRun): AheadProgram | undefined => {
        const { ready } = tracked;
        const task = isEnding(tracked) ? ready.find(({ state }) => state === 'prepared') : ready[0];
        return task?.state === 'prepared' ? task : undefined;
      };
      const first = advances.first(waitingOf(runs.values(), prepared, ({ advancedAt }) => advancedAt));
      if (first === undefined) return undefined;
      advances.took();
      first.tracked.advancedAt = ++turn;
      return first.task.message;
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
        // The kernel judges the message by this very timestamp, too.
        if (nowSeconds <= refusedAt || !(isPast || isForgotten)) continue;
        // What was begun is done before, and paid for; of a run whose bytes are forgotten nothing is done any more.
        if (isBegun(tracked) && !isForgotten) continue;
        tracked.offeredAt = nowSeconds;
        return encodeMessage({ kind: 'Expire', run: tracked.graph.run });
      }
      return undefined;
    },
    inferences: () => listInferences(runs.values()),
    inferenceOpened: opened.next,
    graph: (run) => runs.get(run)?.graph,
    refusal: (run, { stage, partition }) => runs.get(run)?.refusals.get(taskKeyOf(run, stage, partition)),
    stats: () => ({
      runs: runs.size,
      ready: [...runs.values()].reduce((sum, { ready }) => sum + ready.length, 0),
      ahead: running(),
    }),
    isBusy: () => running() > 0,
  };
}

/** The runs that have such a task, as they wait for a worker or for a place in the chain. */
function* waitingOf(
  runs: Iterable<TrackedRun>,
  taskOf: (tracked: TrackedRun) => AheadProgram | undefined,
  turnOf: (tracked: TrackedRun) => number,
) {
  for (const tracked of runs) {
    const task = taskOf(tracked);
    if (task !== undefined) yield { tracked, task, gasPrice: tracked.gasPrice, sequence: turnOf(tracked) };
  }
}

function keyOf(message: Uint8Array): string {
  return Buffer.from(message).toString('latin1');
}
