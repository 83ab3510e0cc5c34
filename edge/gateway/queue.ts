// docs/edge.md#queue: tasks to rows to leases, and results back; what is accepted is in the journal before it counts.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { AnsweredRow, HeldLease } from '../frames.ts';
import { encodeResultLine, type Requests } from '../rows.ts';
import type { SchemaChecker } from '../schema/checker.ts';
import type { Audit, Auditor } from './audit.ts';
import type { Journal } from './journal.ts';
import { judgeRow, type OutcomeRules, requestOfLine, toContentItem } from './outcome.ts';
import type { RowOutcome } from './results.ts';
import { createShares, type Holder } from './shares.ts';
import {
  bitOf,
  createTask,
  dropRows,
  type FinishedTask,
  failersOf,
  finishTask,
  giveBack,
  MAX_LEASE_BYTES,
  noteFailures,
  type OpenTask,
  putOutcomes,
  singleUseKey,
  type TaskInfo,
  takeRows,
} from './task.ts';

/** As it stands in the journal: who said it, and the signature over the whole lease. */
export type AcceptedEntry = {
  readonly task: string;
  readonly lease: number;
  readonly worker: Address;
  readonly signature: Hex;
  readonly outcomes: readonly RowOutcome[];
};

export type Lease = HeldLease & { readonly worker: Address; readonly audit?: Audit };

export type GrantedLease = { readonly lease: Lease; readonly model: string; readonly lines: readonly string[] };

export type LeaseRequest = {
  readonly worker: Address;
  readonly models: ReadonlySet<string>;
  readonly rows: number;
};

export type QueueOptions = {
  readonly journal: Journal<AcceptedEntry>;
  /** Rises with every start of the gateway: a lease number is never used twice. */
  readonly epoch: number;
  /** Key of the leases' seals, kept over restarts. */
  readonly secret: Uint8Array;
  readonly leaseSeconds: number;
  readonly attempts: number;
  readonly maxResultBytes: number;
  readonly rules: OutcomeRules;
  readonly checker: Pick<SchemaChecker, 'check'>;
  /** Models whose answers must be the same to the byte. */
  readonly exactModels: ReadonlySet<string>;
  readonly auditor: Auditor;
  /** A worker with this model is there that is none of these, and takes rows. */
  readonly hasOther: (workers: readonly Address[], model: string) => boolean;
  readonly now: () => number;
  readonly onLiar: (worker: Address) => void;
};

export type Queue = {
  /** A task's rows wait for workers; results that the journal has are taken over. */
  add(info: TaskInfo, requests: Requests): void;
  has(task: string): boolean;
  /** As it is listed now: the run pays less for its tasks, the more it has paid for others. */
  renewOffer(info: TaskInfo): void;
  lease(request: LeaseRequest): GrantedLease | undefined;
  /** The lease if this worker holds it now; undefined: it expired, went to another worker, or was never granted. */
  find(lease: number, worker: Address): Lease | undefined;
  /** Takes a lease of an earlier start, or from before a lost connection, up again. */
  adopt(held: HeldLease, worker: Address): boolean;
  /**
   * Resolves when the rows are durable.
   * @throws MizuError retryable: nothing was accepted, the lease goes on; `edge/other-rows`: they are not the lease's
   */
  accept(lease: Lease, answer: { signature: Hex; rows: readonly AnsweredRow[] }): Promise<void>;
  /** Rows of the lease go to other workers, with a failure more. */
  abandon(lease: Lease): void;
  /** Those whose results are not being stored. */
  leasesOf(worker: Address): Lease[];
  /** Abandons what is past its deadline and returns it. */
  expire(): Lease[];
  /** Tasks that became complete since the last call. */
  takeFinished(): FinishedTask[];
  remove(task: string): void;
  progress(): { info: TaskInfo; done: number; total: number; inputTokens: number; outputTokens: number }[];
  size(): { tasks: number; openRows: number; leasedRows: number };
};

const LEASES_PER_EPOCH = 2 ** 30;
// Of one task in a row; the others of it have their turn with the next lease.
const MAX_TAKES = 16;

export function createQueue(options: QueueOptions): Queue {
  const { journal, now, auditor } = options;
  const tasks = new Map<string, OpenTask>();
  /** `holder`: of the lease's task, which may be gone before it. */
  const leases = new Map<number, { readonly lease: Lease; readonly holder: Holder }>();
  const byWorker = new Map<Address, Set<Lease>>();
  const settling = new Set<number>();
  const finished: FinishedTask[] = [];
  const taken = new Set<string>();
  const recovered = new Map<string, RowOutcome[]>();
  for (const entry of journal.recovered) {
    recovered.set(entry.task, [...(recovered.get(entry.task) ?? []), ...entry.outcomes]);
  }
  /** Rows at workers. */
  const leasedRows = createShares();
  let last = 0;

  const hold = (lease: Lease, { info }: OpenTask) => {
    leases.set(lease.lease, { lease, holder: info });
    leasedRows.add(info, lease.places.length);
    const held = byWorker.get(lease.worker);
    if (held === undefined) byWorker.set(lease.worker, new Set([lease]));
    else held.add(lease);
  };

  const release = (lease: Lease) => {
    const known = leases.get(lease.lease);
    leases.delete(lease.lease);
    if (known !== undefined) leasedRows.add(known.holder, -lease.places.length);
    const held = byWorker.get(lease.worker);
    held?.delete(lease);
    if (held?.size === 0) byWorker.delete(lease.worker);
  };

  const finishIfDone = (task: OpenTask) => {
    if (task.open > 0 || task.audits > 0 || taken.has(task.key)) return;
    taken.add(task.key);
    finished.push(finishTask(task, options.maxResultBytes));
    dropRows(task);
  };

  const grant = (task: OpenTask, places: readonly number[], worker: Address, audit?: Audit): GrantedLease => {
    last += 1;
    const held = {
      lease: options.epoch * LEASES_PER_EPOCH + last,
      task: task.key,
      places,
      deadline: now() + options.leaseSeconds * 1000,
    };
    const lease: Lease = { ...held, seal: sealOf(held, worker), worker, ...(audit === undefined ? {} : { audit }) };
    hold(lease, task);
    return { lease, model: task.requests.model, lines: places.map(task.requests.lineOf) };
  };

  const sealOf = (held: Omit<HeldLease, 'seal'>, worker: Address): string =>
    createHmac('sha256', options.secret)
      .update(JSON.stringify([held.lease, worker, held.task, held.places, held.deadline]))
      .digest('base64url');

  const abandon = (lease: Lease) => {
    if (!leases.has(lease.lease)) return;
    release(lease);
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

  // Whose owner has the fewest rows at workers goes first, of them whose run has: neither a large task nor many runs hold up others.
  const byTurn = (models: ReadonlySet<string>): OpenTask[] => {
    const open = [...tasks.values()].filter((task) => task.open > 0 && models.has(task.requests.model));
    return open.sort(({ info: a }, { info: b }) => leasedRows.compare(a, b));
  };

  // Rows that no frame can carry, or that are no JSON, would end the connection of every worker that they are given to.
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

  // A worker that fails at once (a key that is refused) would take each row again before others have had it. What it has failed it gets
  // again only if all that are there have.
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
    release(lease);
    const verdict = auditor.answer(audit, { worker: lease.worker, outcomes: answer.outcomes });
    if (verdict === undefined) return;
    const message = 'three workers have given three answers of a model that must be exact';
    const undecided = verdict.undecided.map((place) => errorOutcome(task, place, 'edge/audit-undecided', message));
    const outcomes = [...verdict.corrected, ...undecided];
    for (const liar of verdict.liars) options.onLiar(liar);
    putOutcomes(task, outcomes);
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
    // Of a finished task only the answer to an audit that has lapsed can come.
    if (task === undefined || taken.has(task.key)) return release(lease);
    const { key } = task;
    const isOurs = (place: number, i: number) => rows[i]?.[0] === task.requests.indexOf(place);
    if (rows.length !== lease.places.length || !lease.places.every(isOurs)) throw otherRows(lease);
    if (lease.audit !== undefined && rows.some(([, row]) => row.retryable === true)) return abandon(lease);
    const answers = lease.places.map((place, i) => {
      const last = lease.audit !== undefined || task.failures[place]! + 1 >= options.attempts;
      const line = task.requests.lineOf(place);
      const row = { place, index: task.requests.indexOf(place), line, last };
      return { row, request: requestOfLine(line), answer: (rows[i] as AnsweredRow)[1] };
    });
    settling.add(lease.lease);
    let judged: (RowOutcome | undefined)[];
    let outcomes: RowOutcome[];
    try {
      const items = answers.map((answer) => toContentItem(answer, options.rules));
      const verdicts = await options.checker.check(task.info.owner, items);
      if (tasks.get(key) !== task) return release(lease);
      judged = answers.map((answer, i) => judgeRow(answer, verdicts[i], options.rules));
      outcomes = judged.filter((outcome) => outcome !== undefined);
      if (lease.audit !== undefined) {
        await acceptAudit(lease, lease.audit, task, { signature, outcomes });
        return;
      }
      const { worker } = lease;
      if (outcomes.length > 0) await journal.append({ task: key, lease: lease.lease, worker, signature, outcomes });
    } finally {
      settling.delete(lease.lease);
    }
    release(lease);
    putOutcomes(task, outcomes);
    const failed = lease.places.filter((_, i) => judged[i] === undefined);
    noteFailures(task, failed, lease.worker);
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
      putOutcomes(task, recovered.get(task.key) ?? []);
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
      const lease = leases.get(number)?.lease;
      return lease?.worker === worker && !settling.has(number) ? lease : undefined;
    },
    adopt: ({ seal, ...held }, worker) => {
      const known = leases.get(held.lease)?.lease;
      if (known !== undefined) return known.worker === worker;
      const expected = Buffer.from(sealOf(held, worker));
      const given = Buffer.from(seal);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
      const task = tasks.get(held.task);
      if (task === undefined || held.deadline <= now()) return false;
      if (held.places.some((place) => taken.has(task.key) || task.results.has(place) || task.holders[place] !== 0))
        return false;
      for (const place of held.places) task.holders[place] = held.lease;
      hold({ ...held, seal, worker }, task);
      return true;
    },
    accept,
    abandon,
    leasesOf: (worker) => [...(byWorker.get(worker) ?? [])].filter((lease) => !settling.has(lease.lease)),
    expire: () => {
      for (const audit of auditor.lapse(now())) {
        const task = tasks.get(audit.task);
        if (task === undefined) continue;
        task.audits -= 1;
        finishIfDone(task);
      }
      const late = [...leases.values()]
        .map(({ lease }) => lease)
        .filter((lease) => lease.deadline <= now() && !settling.has(lease.lease));
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
      let leasedRows = 0;
      for (const { lease } of leases.values()) leasedRows += lease.places.length;
      return { tasks: tasks.size, openRows, leasedRows };
    },
  };
}

type AuditedAnswer = { readonly signature: Hex; readonly outcomes: readonly RowOutcome[] };

function isUsable({ requests }: OpenTask, place: number): boolean {
  if (requests.sizeOf(place) > MAX_LEASE_BYTES) return false;
  try {
    return Array.isArray(JSON.parse(requests.lineOf(place)));
  } catch {
    return false;
  }
}

function errorOutcome(task: OpenTask, place: number, code: ErrorCode, message: string): RowOutcome {
  const line = encodeResultLine(task.requests.indexOf(place), { error: { code, message } });
  return { place, line, inputTokens: 0, outputTokens: 0 };
}

function progressOf(task: OpenTask): ReturnType<Queue['progress']>[number] {
  const { input, output } = task.results.tokens();
  const total = task.requests.count;
  return { info: task.info, done: total - task.open, total, inputTokens: input, outputTokens: output };
}

function otherRows(lease: Lease): MizuError {
  return new MizuError({
    code: 'edge/other-rows',
    message: 'The results are not those of the lease.',
    expected: `the ${lease.places.length} rows of lease ${lease.lease}, in its order`,
    actual: 'others',
  });
}
