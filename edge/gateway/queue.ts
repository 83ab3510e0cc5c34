// docs/edge.md#queue: gives tasks' rows to workers as leases and takes results back; an accepted result is in the
// journal before it counts.
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { AnsweredRow, HeldLease } from '../frames.ts';
import type { Requests } from '../rows.ts';
import type { SchemaChecker } from '../schema/checker.ts';
import type { Audit, Auditor } from './audit.ts';
import type { Journal } from './journal.ts';
import { createLeases, type Lease, type LeasesOptions } from './leases.ts';
import { judgeRow, type OutcomeRules, type RowAnswer, requestOfLine, toContentItem } from './outcome.ts';
import type { RowOutcome } from './results.ts';
import {
  bitOf,
  createTask,
  dropRows,
  errorOutcome,
  type FinishedTask,
  failersOf,
  finishTask,
  giveBack,
  isUsable,
  MAX_LEASE_BYTES,
  noteFailures,
  type OpenTask,
  progressOf,
  putOutcomes,
  singleUseKey,
  type TaskCounts,
  type TaskInfo,
  takeRows,
} from './task.ts';

/** An accepted answer in the journal: whose it is, and the signature over the whole lease. */
export type AcceptedEntry = {
  readonly task: string;
  readonly lease: number;
  readonly worker: Address;
  readonly signature: Hex;
  readonly outcomes: readonly RowOutcome[];
};

export type GrantedLease = { readonly lease: Lease; readonly model: string; readonly lines: readonly string[] };

export type LeaseRequest = {
  readonly worker: Address;
  readonly models: ReadonlySet<string>;
  readonly rows: number;
};

export type QueueOptions = LeasesOptions & {
  readonly journal: Journal<AcceptedEntry>;
  /** Leases of a row, until its last failure is its result. */
  readonly attempts: number;
  readonly maxResultBytes: number;
  readonly rules: OutcomeRules;
  readonly checker: Pick<SchemaChecker, 'check'>;
  /** Models whose answers must be the same to the byte. */
  readonly exactModels: ReadonlySet<string>;
  readonly auditor: Auditor;
  /** True if some connected worker that is none of these has the model and takes rows. */
  readonly hasOther: (workers: readonly Address[], model: string) => boolean;
  readonly onLiar: (worker: Address) => void;
};

export type Queue = {
  /** Lets a task's rows wait for workers; results that the journal has are taken over. */
  add(info: TaskInfo, requests: Requests): void;
  has(task: string): boolean;
  /** Takes over how the sequencer lists a task now: a run pays less for its tasks, the more it has paid for others. */
  renewOffer(info: TaskInfo): void;
  lease(request: LeaseRequest): GrantedLease | undefined;
  /**
   * The lease if this worker holds it now. It is undefined if it expired, went to another worker or was never granted,
   * and while an answer to it is being stored.
   */
  find(lease: number, worker: Address): Lease | undefined;
  /** Takes a lease up again that was granted before a restart of the gateway or a loss of the connection. */
  adopt(held: HeldLease, worker: Address): boolean;
  /**
   * Resolves when the rows are durable.
   * @throws MizuError a retryable one if nothing could be written: nothing is accepted, and the lease goes on.
   * `edge/other-rows` if they are not the lease's rows.
   */
  accept(lease: Lease, answer: { signature: Hex; rows: readonly AnsweredRow[] }): Promise<void>;
  /** Gives the rows of the lease to other workers, and counts a failure of each. */
  abandon(lease: Lease): void;
  /** The worker's leases whose results are not being stored. */
  leasesOf(worker: Address): Lease[];
  /** Abandons the leases that are past their deadlines, and returns them. */
  expire(): Lease[];
  /** Tasks that became complete since the last call. */
  takeFinished(): FinishedTask[];
  remove(task: string): void;
  progress(): TaskCounts[];
  size(): { tasks: number; openRows: number; leasedRows: number };
};

// So many times a lease looks for usable rows in one task; what is left of the task has its turn with the next lease.
const MAX_TAKES = 16;

export function createQueue(options: QueueOptions): Queue {
  const { journal, now, auditor } = options;
  const tasks = new Map<string, OpenTask>();
  const leases = createLeases(options);
  const finished: FinishedTask[] = [];
  const taken = new Set<string>();
  const recovered = new Map<string, AcceptedEntry[]>();
  for (const entry of journal.recovered) recovered.set(entry.task, [...(recovered.get(entry.task) ?? []), entry]);

  const finishIfDone = (task: OpenTask) => {
    if (task.open > 0 || task.audits > 0 || taken.has(task.key)) return;
    taken.add(task.key);
    finished.push(finishTask(task, options.maxResultBytes));
    dropRows(task);
  };

  const grant = (task: OpenTask, places: readonly number[], worker: Address, audit?: Audit): GrantedLease => {
    const lease = leases.grant({ task: task.key, holder: task.info, places, audit }, worker);
    return { lease, model: task.requests.model, lines: places.map(task.requests.lineOf) };
  };

  const abandon = (lease: Lease) => {
    if (!leases.release(lease)) return;
    if (lease.audit !== undefined) lease.audit.leased = false;
    const task = tasks.get(lease.task);
    if (task === undefined || lease.audit !== undefined) return;
    noteFailures(task, lease.places, lease.worker);
    const dead = lease.places.filter((place) => task.failures[place]! >= options.attempts);
    giveBack(task, lease.places, lease.lease);
    if (dead.length > 0) buryRows(task, dead);
  };

  const buryRows = (task: OpenTask, places: readonly number[]) => {
    const message = `no worker has answered in ${options.attempts} attempts`;
    const lost = places.filter((place) => !task.results.has(place));
    putOutcomes(
      task,
      lost.map((place) => errorOutcome(task, place, 'edge/no-answer', message)),
    );
    finishIfDone(task);
  };

  // The task of the owner with the fewest rows at workers comes first; of one owner's tasks, that of the run with the
  // fewest. So neither a large task nor many runs of one owner hold up others.
  const byTurn = (models: ReadonlySet<string>): OpenTask[] => {
    const open = [...tasks.values()].filter((task) => task.open > 0 && models.has(task.requests.model));
    return open.sort(({ info: a }, { info: b }) => leases.compare(a, b));
  };

  // A row that no frame can carry, or that is not JSON, would end the connection of every worker that it is given to.
  const usableRows = (task: OpenTask, limit: number, worker: Address): number[] => {
    const message = `the row is not JSON of at most ${MAX_LEASE_BYTES} bytes`;
    for (let take = 0; take < MAX_TAKES && !taken.has(task.key); take++) {
      const places = takeRows(task, limit, isNewTo(task, worker));
      const unusable = places.filter((place) => !isUsable(task, place));
      if (unusable.length === 0) return places;
      putOutcomes(
        task,
        unusable.map((place) => errorOutcome(task, place, 'edge/bad-request', message)),
      );
      finishIfDone(task);
      const usable = places.filter((place) => !task.results.has(place));
      if (usable.length > 0) return usable;
    }
    return [];
  };

  // A worker that fails at once (its key is refused) would take each row again before others have had it. So it gets a
  // row that it has failed again only if all connected workers with the model have failed it.
  const isNewTo = (task: OpenTask, worker: Address): ((place: number) => boolean) => {
    const own = bitOf(task, worker);
    const known = new Map<number, boolean>();
    return (place) => {
      const bits = task.failedBy[place]!;
      if ((bits & own) === 0) return true;
      const found = known.get(bits) ?? !options.hasOther(failersOf(task, bits), task.requests.model);
      known.set(bits, found);
      return found;
    };
  };

  const acceptAudit = async (lease: Lease, audit: Audit, task: OpenTask, answer: AuditedAnswer) => {
    leases.release(lease);
    const verdict = auditor.answer(audit, { worker: lease.worker, outcomes: answer.outcomes });
    if (verdict === undefined) return;
    const message = 'three workers have given three answers of a model that must be exact';
    const undecided = verdict.undecided.map((place) => errorOutcome(task, place, 'edge/audit-undecided', message));
    const outcomes = [...verdict.corrected, ...undecided];
    for (const liar of verdict.liars) options.onLiar(liar);
    putOutcomes(task, outcomes, lease.worker);
    try {
      const { task: key, lease: number, worker } = lease;
      if (outcomes.length > 0) {
        await journal.append({ task: key, lease: number, worker, signature: answer.signature, outcomes });
      }
    } finally {
      task.audits -= 1;
      finishIfDone(task);
    }
  };

  const accept: Queue['accept'] = async (lease, { signature, rows }) => {
    const task = tasks.get(lease.task);
    // What answers a lease of a finished task is the answer to an audit that has lapsed.
    if (task === undefined || taken.has(task.key)) {
      leases.release(lease);
      return;
    }
    const isOurs = (place: number, i: number) => rows[i]?.[0] === task.requests.indexOf(place);
    if (rows.length !== lease.places.length || !lease.places.every(isOurs)) throw otherRows(lease);
    if (lease.audit !== undefined && rows.some(([, row]) => row.retryable === true)) return abandon(lease);
    const answers = lease.places.map((place, i) => {
      const last = lease.audit !== undefined || task.failures[place]! + 1 >= options.attempts;
      const line = task.requests.lineOf(place);
      const row = { place, index: task.requests.indexOf(place), line, last };
      return { row, request: requestOfLine(line), answer: (rows[i] as AnsweredRow)[1] };
    });
    await leases.settle(lease, () => settle(task, lease, signature, answers));
  };

  const settle = async (task: OpenTask, lease: Lease, signature: Hex, answers: readonly RowAnswer[]) => {
    const { key } = task;
    const items = answers.map((answer) => toContentItem(answer, options.rules));
    const verdicts = await options.checker.check(task.info.owner, items);
    if (tasks.get(key) !== task) {
      leases.release(lease);
      return;
    }
    const judged = answers.map((answer, i) => judgeRow(answer, verdicts[i], options.rules));
    const outcomes = judged.filter((outcome) => outcome !== undefined);
    if (lease.audit !== undefined) return acceptAudit(lease, lease.audit, task, { signature, outcomes });
    const { worker } = lease;
    if (outcomes.length > 0) await journal.append({ task: key, lease: lease.lease, worker, signature, outcomes });
    leases.release(lease);
    putOutcomes(task, outcomes, worker);
    const failed = lease.places.filter((_, i) => judged[i] === undefined);
    noteFailures(task, failed, worker);
    giveBack(task, lease.places, lease.lease);
    considerAudit(task, lease, outcomes);
    finishIfDone(task);
  };

  const considerAudit = (task: OpenTask, { places, worker }: Lease, outcomes: readonly RowOutcome[]) => {
    const { model } = task.requests;
    const eligible = options.exactModels.has(model) && outcomes.length === places.length;
    if (!eligible || !options.hasOther([worker], model)) return;
    if (auditor.consider({ task: task.key, model, places }, { worker, outcomes }, now())) task.audits += 1;
  };

  return {
    add: (info, requests) => {
      const task = createTask(info, requests);
      for (const { outcomes, worker } of recovered.get(task.key) ?? []) putOutcomes(task, outcomes, worker);
      recovered.delete(task.key);
      tasks.set(task.key, task);
      finishIfDone(task);
    },
    has: (key) => tasks.has(key),
    renewOffer: (listed) => {
      const task = tasks.get(singleUseKey(listed));
      if (task === undefined) return;
      const { maxCost, inputPrice, outputPrice, bytePrice, escrowLeft, inferenceLeft, itemFee, step } = listed;
      const left = { escrowLeft, inferenceLeft, itemFee, step };
      task.info = { ...task.info, maxCost, inputPrice, outputPrice, bytePrice, ...left };
    },
    lease: ({ worker, models, rows }) => {
      const audit = auditor.next(worker, models);
      const audited = audit === undefined ? undefined : tasks.get(audit.task);
      if (audit !== undefined && audited !== undefined && audit.places.length <= rows) {
        audit.leased = true;
        return grant(audited, audit.places, worker, audit);
      }
      for (const task of byTurn(models)) {
        const places = usableRows(task, rows, worker);
        if (places.length === 0) continue;
        const granted = grant(task, places, worker);
        for (const place of places) task.holders[place] = granted.lease.lease;
        return granted;
      }
      return undefined;
    },
    find: (number, worker) => {
      const lease = leases.get(number);
      return lease?.worker === worker && !leases.isSettling(number) ? lease : undefined;
    },
    adopt: (held, worker) => {
      const known = leases.get(held.lease);
      if (known !== undefined) return known.worker === worker;
      if (!leases.isSealed(held, worker)) return false;
      const task = tasks.get(held.task);
      if (task === undefined || held.deadline <= now()) return false;
      if (held.places.some((place) => taken.has(task.key) || task.results.has(place) || task.holders[place] !== 0))
        return false;
      for (const place of held.places) task.holders[place] = held.lease;
      leases.resume(held, worker, task.info);
      return true;
    },
    accept,
    abandon,
    leasesOf: leases.of,
    expire: () => {
      for (const audit of auditor.lapse(now())) {
        const task = tasks.get(audit.task);
        if (task === undefined) continue;
        task.audits -= 1;
        finishIfDone(task);
      }
      const late = leases.late();
      for (const lease of late) abandon(lease);
      return late;
    },
    takeFinished: () => finished.splice(0),
    remove: (key) => {
      tasks.delete(key);
      taken.delete(key);
      recovered.delete(key);
      journal.forget(key);
    },
    progress: () => [...tasks.values()].map(progressOf),
    size: () => {
      let openRows = 0;
      for (const task of tasks.values()) openRows += task.open;
      return { tasks: tasks.size, openRows, leasedRows: leases.rows() };
    },
  };
}

type AuditedAnswer = { readonly signature: Hex; readonly outcomes: readonly RowOutcome[] };

function otherRows(lease: Lease): MizuError {
  return new MizuError({
    code: 'edge/other-rows',
    message: 'The results are not those of the lease.',
    expected: `the ${lease.places.length} rows of lease ${lease.lease}, in its order`,
    actual: 'others',
  });
}
