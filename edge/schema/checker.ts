// docs/edge.md#schema-threads: users' schemas run on threads of their own, in turns by owner, each check within its
// time.
import { Worker } from 'node:worker_threads';
import { MizuError } from '../../protocol/errors.ts';
import { LOADER_ARGUMENTS } from '../../service/process/loader.ts';
import { type ResponseFormat, wantsJson } from '../backends/backend.ts';
import { MAX_SCHEMA_CHARS } from './bounded.ts';
import { type SchemaVerdict, schemaOf, schemaTooLong, unusable } from './check.ts';
import type { CheckBatch, CheckedBatch } from './thread.ts';

export type ContentItem = { readonly format: ResponseFormat | undefined; readonly content: string };

export type SchemaChecker = {
  /**
   * One verdict an item, undefined if the item fits or has nothing to fit. Owners get the threads in turns.
   * @throws MizuError `edge/checks-full` (retryable) if too many leases wait
   */
  check(owner: string, items: readonly ContentItem[]): Promise<(SchemaVerdict | undefined)[]>;
  close(): Promise<void>;
};

export type SchemaCheckerOptions = {
  readonly threads: number;
  /** Milliseconds for one item: three times what the most work that an item is allowed takes. */
  readonly deadlineMs?: number;
  readonly script?: URL;
};

type Item = { readonly schema: string | undefined; readonly content: string };

type Job = {
  readonly owner: string;
  readonly items: readonly Item[];
  readonly verdicts: (SchemaVerdict | undefined)[];
  /** Places without a verdict. */
  open: number[];
  /** The place at which a thread has ended; it is tried once more, alone. */
  suspect: number | undefined;
  resolve(verdicts: (SchemaVerdict | undefined)[]): void;
  reject(error: unknown): void;
};

type Slot = { thread: Thread | undefined };
type Thread = { readonly worker: Worker; readonly progress: Int32Array };

const THREAD = new URL('./thread.ts', import.meta.url);
const MAX_WAITING = 4_096;
const MAX_REMEMBERED = 1_024;
const START_MS = 60_000;
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** Threads start with the first check, and do not keep the process alive. */
export function createSchemaChecker({
  threads,
  deadlineMs = 5_000,
  script = THREAD,
}: SchemaCheckerOptions): SchemaChecker {
  const idle: Slot[] = Array.from({ length: threads }, () => ({ thread: undefined }));
  const all = [...idle];
  // Jobs of each owner, the owners in the order of their turns.
  const waiting = new Map<string, Job[]>();
  // Schemas at which two threads have ended: they are not tried again.
  const refused = new Map<string, SchemaVerdict>();
  let waitingJobs = 0;
  let batches = 0;
  let closed = false;

  const enqueue = (job: Job) => {
    waitingJobs += 1;
    const jobs = waiting.get(job.owner);
    if (jobs === undefined) waiting.set(job.owner, [job]);
    else jobs.push(job);
  };

  const next = (): Job | undefined => {
    for (const [owner, jobs] of waiting) {
      waiting.delete(owner);
      const job = jobs.shift();
      if (jobs.length > 0) waiting.set(owner, jobs);
      if (job === undefined) continue;
      waitingJobs -= 1;
      return job;
    }
    return undefined;
  };

  const pump = () => {
    while (idle.length > 0 && !closed) {
      const job = next();
      if (job === undefined) return;
      const slot = idle.pop() as Slot;
      work(slot, job)
        .catch((error: unknown) => job.reject(error))
        .finally(() => {
          idle.push(slot);
          pump();
        });
    }
  };

  const work = async (slot: Slot, job: Job): Promise<void> => {
    const places = job.suspect === undefined ? job.open : [job.suspect];
    const answer = await ask(
      slot,
      places.map((place) => job.items[place] as Item),
    );
    if (closed) throw isClosed();
    if (answer.kind === 'checked') {
      places.forEach((place, i) => {
        job.verdicts[place] = answer.verdicts[i];
      });
      return settle(job, places);
    }
    const at = places[answer.at] as number;
    if (job.suspect === undefined) {
      job.suspect = at;
      return work(slot, job);
    }
    const verdict = unusable(`schema at its root: ${answer.why}`);
    const { schema } = job.items[at] as Item;
    if (schema !== undefined) remember(schema, verdict);
    job.verdicts[at] = verdict;
    settle(job, [at]);
  };

  const remember = (schema: string, verdict: SchemaVerdict) => {
    const oldest = refused.size >= MAX_REMEMBERED ? refused.keys().next().value : undefined;
    if (oldest !== undefined) refused.delete(oldest);
    refused.set(schema, verdict);
  };

  const settle = (job: Job, done: readonly number[]) => {
    const settled = new Set(done);
    job.open = job.open.filter((place) => !settled.has(place) && !isRefused(job, place));
    job.suspect = undefined;
    if (job.open.length === 0) job.resolve(job.verdicts);
    else enqueue(job);
  };

  // Settles the place without a thread if its schema has ended two.
  const isRefused = (job: Job, place: number): boolean => {
    const { schema } = job.items[place] as Item;
    const verdict = schema === undefined ? undefined : refused.get(schema);
    if (verdict !== undefined) job.verdicts[place] = verdict;
    return verdict !== undefined;
  };

  const ask = (slot: Slot, items: readonly Item[]): Promise<Answer> => {
    slot.thread ??= startThread(script);
    const { worker, progress } = slot.thread;
    batches += 1;
    const id = batches;
    Atomics.store(progress, 0, 0);
    worker.ref();
    return new Promise((resolve) => {
      let seen = 0;
      const started = Date.now();
      const timer = setInterval(() => {
        const begun = Atomics.load(progress, 0);
        if (begun === 0 && Date.now() - started < START_MS) return;
        if (begun === seen) fail(`the check has not ended in ${deadlineMs} ms`);
        seen = begun;
      }, deadlineMs);
      const leave = () => {
        clearInterval(timer);
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
      };
      const fail = (why: string) => {
        leave();
        slot.thread = undefined;
        const answer: Answer = { kind: 'ended', at: Math.max(0, Atomics.load(progress, 0) - 1), why };
        worker.terminate().then(
          () => resolve(answer),
          () => resolve(answer),
        );
      };
      const onMessage = (checked: CheckedBatch) => {
        if (checked.id !== id) return;
        leave();
        worker.unref();
        resolve({ kind: 'checked', verdicts: checked.verdicts });
      };
      const onError = (error: Error) => fail(`the check's thread has failed: ${error.message}`);
      const onExit = () => fail("the check's thread has ended");
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.on('exit', onExit);
      worker.postMessage(toBatch(id, items));
    });
  };

  return {
    check: (owner, items) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(isClosed());
        if (waitingJobs >= MAX_WAITING) return reject(tooMany());
        const job: Job = {
          owner,
          items: items.map(({ format, content }) => ({ schema: schemaOf(format), content })),
          verdicts: items.map(() => undefined),
          open: [],
          suspect: undefined,
          resolve,
          reject,
        };
        job.open = items.flatMap(({ format }, place) => (wantsJson(format) ? [place] : []));
        job.open = job.open.filter((place) => !isTooLong(job, place) && !isRefused(job, place));
        if (job.open.length === 0) return resolve(job.verdicts);
        enqueue(job);
        pump();
      }),
    close: async () => {
      closed = true;
      for (const jobs of waiting.values()) for (const job of jobs) job.reject(isClosed());
      waiting.clear();
      await Promise.all(all.map(({ thread }) => thread?.worker.terminate()));
    },
  };
}

type Answer =
  | { readonly kind: 'checked'; readonly verdicts: readonly (SchemaVerdict | undefined)[] }
  | { readonly kind: 'ended'; readonly at: number; readonly why: string };

function startThread(script: URL): Thread {
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const worker = new Worker(script, { execArgv: LOADER_ARGUMENTS, resourceLimits: LIMITS, workerData: shared });
  // If a thread fails between two checks, the next check finds it ended.
  worker.on('error', () => undefined);
  return { worker, progress: new Int32Array(shared) };
}

function toBatch(id: number, items: readonly Item[]): CheckBatch {
  const places = new Map<string, number>();
  const numbered = items.map(({ schema, content }) => {
    if (schema === undefined) return { schema, content };
    const place = places.get(schema) ?? places.size;
    places.set(schema, place);
    return { schema: place, content };
  });
  return { id, schemas: [...places.keys()], items: numbered };
}

function isTooLong(job: Job, place: number): boolean {
  const chars = job.items[place]?.schema?.length ?? 0;
  if (chars <= MAX_SCHEMA_CHARS) return false;
  job.verdicts[place] = schemaTooLong(chars);
  return true;
}

function tooMany(): MizuError {
  return new MizuError({
    code: 'edge/checks-full',
    message: 'Too many results wait for the check of their schema.',
    expected: `at most ${MAX_WAITING} leases`,
    actual: 'one more',
    retryable: true,
  });
}

function isClosed(): MizuError {
  return new MizuError({ code: 'edge/closing', message: 'The schema checker is closed.', retryable: true });
}
