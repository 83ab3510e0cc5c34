// docs/prover.md#pool: a job runs natively if it can, else on the step machine: it has the same result, whatever happens to V8.
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { createBudget } from './budget.ts';
import type { ExecJob, JobOutcome, ProgramParts, SentJob, ToWorker } from './exec-job.ts';
import {
  bytesOfJob,
  isDear,
  type JobEngine,
  type JobSize,
  leftBytes,
  MIB,
  NATIVE_HEAP_MB,
  nativeLimits,
  pagesOf,
  partLengths,
  STEP_HEAP_MB,
  sizeOfJob,
  THREAD_BYTES,
} from './job-size.ts';
import type { NativeGuard } from './native-guard.ts';
import { type JobAnswer, startThread, type Thread, ThreadDied } from './thread.ts';

export type Workers = {
  /**
   * Runs a job. The caller runs at most as many at one time as there are workers. `load` is called if the thread does
   * not hold the program; `size` tells what the job takes before anything is loaded for it.
   * @throws ModuleRefused if nobody has the job's module, or it is the first to load it and it does not load
   * @throws MizuError `prover/worker-crashed` (retryable): this machine cannot run the step machine now
   */
  run(job: LoadableJob, load: () => Promise<ProgramParts>, size?: JobSize): Promise<JobOutcome>;
  /** The number of jobs that the step machine has run. */
  stepped(): number;
  /** The bytes that jobs and threads take now. */
  usedBytes(): number;
  close(): Promise<void>;
};

/** A job whose inputs are at hand, or are loaded when it starts. */
export type LoadableJob = Omit<ExecJob, 'inputs'> & {
  readonly inputs: ExecJob['inputs'] | (() => Promise<ExecJob['inputs']>);
  /**
   * The module that `load` gives. It is null if no known module fits the program, which then runs on the step machine.
   * Absent: the module that `load` gives is the only one.
   */
  readonly module?: ModuleTry | null;
  /** Aborted when nobody wants the result any more: the thread that has the job is then ended. */
  readonly signal?: AbortSignal;
};

export type ModuleTry = {
  readonly root: Hex;
  /** The module is known to load as the program. */
  readonly fits: boolean;
  /** Called when the module was found to load as the program. */
  onFit(): Promise<void>;
};

/** The module of the job does not load as its program. Another one may. */
export class ModuleRefused extends Error {
  readonly verdict: 'unfit' | 'absent';

  constructor(reason: string, verdict: 'unfit' | 'absent' = 'unfit') {
    super(reason);
    this.verdict = verdict;
  }
}

export type WorkersOptions = {
  /** Default 2 GiB. */
  readonly memoryBytes?: number | undefined;
  /** Called once for each program that has no native form, or for which the native engine had no result. */
  readonly onStepped?: ((programId: Hex, reason: string) => void) | undefined;
  /** Called around the first native job of each program. */
  readonly guard?: NativeGuard | undefined;
  readonly nativeScript?: URL | undefined;
  readonly stepScript?: URL | undefined;
};

const NATIVE_SCRIPT = new URL('./exec-worker.ts', import.meta.url);
const STEP_SCRIPT = new URL('./step-worker.ts', import.meta.url);
export const DEFAULT_MEMORY_BYTES = 2048 * MIB;
/** A compiled workflow program takes up to about 20 MB: the bytes are what counts. */
const PROGRAMS_PER_THREAD = 64;
const KEPT_BYTES_PER_THREAD = 256 * MIB;
/**
 * A thread in which a job may have left more than this, beside what it keeps, is ended: the system then has its memory
 * back at once, and not when V8 collects garbage.
 */
const LARGE_JOB_BYTES = 160 * MIB;
/** The most programs that are remembered in each set. */
const STEPPED_MAX = 65_536;
const STEP_ATTEMPTS = 2;
const NO_LIMITS = { loadMs: Number.POSITIVE_INFINITY, runMs: Number.POSITIVE_INFINITY };

type Place = { readonly engine: JobEngine; readonly thread: Thread; busy: boolean; release: () => void };

export function createWorkers(count: number, options: WorkersOptions = {}): Workers {
  const { memoryBytes = DEFAULT_MEMORY_BYTES, onStepped, nativeScript = NATIVE_SCRIPT } = options;
  const { stepScript = STEP_SCRIPT, guard } = options;
  const places: Place[] = [];
  const budget = createBudget(memoryBytes, giveUpIdle);
  /** Programs, each with its module, that only the step machine runs. */
  const stepOnly = new Set<string>();
  /** Programs that need more memory than most. */
  const hungry = new Set<Hex>();
  /** Programs, each with its module, whose loading took longer than it pays for. */
  const dear = new Set<string>();
  /** Programs, each with its module, that have run natively in this process. */
  const proven = new Set<string>();
  /** Programs that run natively for the first time. */
  const begun = new Set<Hex>();
  let nextId = 0;
  let stepped = 0;
  let closed = false;

  // A free thread that holds the program, else a free one, else a new one.
  function take(engine: JobEngine, programId: Hex): Place {
    const free = places.filter((place) => place.engine === engine && !place.busy && !place.thread.dead());
    const found = free.find(({ thread }) => thread.held.has(programId)) ?? free[0] ?? open(engine);
    found.busy = true;
    // The most recently used thread stands last.
    places.splice(places.indexOf(found), 1);
    places.push(found);
    return found;
  }

  function open(engine: JobEngine): Place {
    const working = places.filter((place) => place.engine === engine && !place.thread.dead());
    if (working.length >= count) throw new Error(`more than ${count} jobs at a time`);
    const thread =
      engine === 'native' ? startThread(nativeScript, NATIVE_HEAP_MB) : startThread(stepScript, STEP_HEAP_MB);
    const place: Place = { engine, thread, busy: false, release: budget.keep(THREAD_BYTES) };
    places.push(place);
    return place;
  }

  async function end(place: Place): Promise<void> {
    await place.thread.end();
    place.release();
    const at = places.indexOf(place);
    if (at >= 0) places.splice(at, 1);
  }

  // Ends threads without a job, the least recently used first: their instances and compiled programs go with them.
  function giveUpIdle(missing: number): void {
    let freed = 0;
    for (const place of places.filter(({ busy }) => !busy)) {
      if (freed >= missing) return;
      place.busy = true;
      freed += THREAD_BYTES + keptBytes(place.thread);
      void end(place);
    }
  }

  async function attempt(
    engine: JobEngine,
    job: LoadableJob,
    load: () => Promise<ProgramParts>,
    known: JobSize | undefined,
    full: boolean,
  ): Promise<JobAnswer> {
    let early = known === undefined ? await load() : undefined;
    const size = known ?? sizeOfJob({ header: early!.header, ...partLengths(early!) }, inputBytes(job));
    const pages = pagesOf(size, full);
    const bytes = bytesOfJob(engine, size, pages, job.gasLimit);
    const giveBack = await budget.take(bytes);
    let place: Place | undefined;
    const end = () => void place?.thread.end();
    try {
      if (closed) throw new ThreadDied('the threads are closed');
      if (isUnwanted(job)) throw new ThreadDied('nobody wants its result');
      place = take(engine, job.programId);
      job.signal?.addEventListener('abort', end);
      const { held } = place.thread;
      const parts = held.has(job.programId) ? undefined : ownParts(early ?? (await load()));
      const module = engine === 'native' && parts !== undefined ? job.module : undefined;
      if (module && parts?.wasm.length === 0) throw new ModuleRefused('nobody has the module', 'absent');
      // What the store gave is not held while the job runs.
      early = undefined;
      const sent = sendable(job, typeof job.inputs === 'function' ? await job.inputs() : job.inputs);
      // A listener that is added now would hear nothing of its end.
      if (place.thread.dead()) throw new ThreadDied('the thread ended while the program was loaded');
      const drop = leastUsed(held, job.programId);
      for (const programId of drop) held.delete(programId);
      const message: ToWorker = { id: nextId++, job: sent, pages, drop, ...(parts === undefined ? {} : { parts }) };
      const limits = engine === 'native' ? nativeLimits(size, job.gasLimit) : NO_LIMITS;
      const answer = await place.thread.ask(message, limits).catch((error: unknown) => {
        const isRefused = module?.fits === false && !isOver(job) && error instanceof ThreadDied && error.whileLoading;
        throw isRefused ? new ModuleRefused(error.message) : error;
      });
      if (module?.fits === false) {
        if (answer.kind === 'refused' && !answer.loaded) throw new ModuleRefused(answer.reason);
        await module.onFit();
      }
      held.delete(job.programId);
      if (engine === 'native' && answer.kind === 'outcome') {
        held.set(job.programId, answer.keptBytes);
        if (parts !== undefined && isDear(size, answer.outcome.gasUsed, answer.ms)) remember(dear, formOf(job));
      }
      return answer;
    } finally {
      job.signal?.removeEventListener('abort', end);
      if (place !== undefined) {
        const kept = place.thread.held.get(job.programId) ?? 0;
        await putBack(place, engine === 'step' ? bytes : leftBytes(size, pages) - kept);
      }
      giveBack();
    }
  }

  async function putBack(place: Place, left: number): Promise<void> {
    if (place.thread.dead() || left > LARGE_JOB_BYTES || closed) return end(place);
    place.release();
    place.release = budget.keep(THREAD_BYTES + keptBytes(place.thread));
    place.busy = false;
  }

  // Whether the job's end was wanted: what happens to its thread then says nothing about the program.
  function isOver(job: LoadableJob): boolean {
    return closed || isUnwanted(job);
  }

  function isHeld(programId: Hex): boolean {
    return places.some(({ thread, busy }) => !busy && !thread.dead() && thread.held.has(programId));
  }

  // Gives the result, or the reason why the native engine has none.
  async function runNatively(
    job: LoadableJob,
    load: () => Promise<ProgramParts>,
    size: JobSize | undefined,
  ): Promise<JobOutcome | string> {
    for (;;) {
      const full = hungry.has(job.programId);
      try {
        const answer = await attempt('native', job, load, size, full);
        if (answer.kind === 'outcome') return answer.outcome;
        if (!answer.needsMemory || full) return answer.reason;
        remember(hungry, job.programId);
      } catch (error) {
        if (!(error instanceof ThreadDied) || isOver(job)) throw error;
        return error.message;
      }
    }
  }

  // If the process does not survive the run, the guard knows which program it was.
  async function runGuarded(
    job: LoadableJob,
    load: () => Promise<ProgramParts>,
    size: JobSize | undefined,
  ): Promise<JobOutcome | string> {
    const { programId } = job;
    if (guard === undefined || proven.has(formOf(job))) return runNatively(job, load, size);
    if (!guard.allows(programId)) return 'the process has ended twice while it ran natively';
    begun.add(programId);
    await guard.begin(programId);
    try {
      return await runNatively(job, load, size);
    } finally {
      if (!closed) {
        await guard.end(programId);
        begun.delete(programId);
        if (!isUnwanted(job)) remember(proven, formOf(job));
      }
    }
  }

  async function runStepped(
    job: LoadableJob,
    load: () => Promise<ProgramParts>,
    size: JobSize | undefined,
  ): Promise<JobOutcome> {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await attempt('step', job, load, size, true);
        if (answer.kind === 'refused') throw new ThreadDied(answer.reason);
        stepped++;
        return answer.outcome;
      } catch (error) {
        if (!(error instanceof ThreadDied) || isOver(job) || tries >= STEP_ATTEMPTS) throw error;
      }
    }
  }

  return {
    async run(job, load, size) {
      try {
        if (closed) throw new ThreadDied('the threads are closed');
        const { programId } = job;
        if (job.module !== null && !stepOnly.has(formOf(job)) && (!dear.has(formOf(job)) || isHeld(programId))) {
          const outcome = await runGuarded(job, load, size);
          if (typeof outcome !== 'string') return outcome;
          remember(stepOnly, formOf(job));
          onStepped?.(programId, outcome);
        }
        return await runStepped(job, load, size);
      } catch (error) {
        throw error instanceof ThreadDied ? crashed(job.programId, error) : error;
      }
    },
    stepped: () => stepped,
    usedBytes: () => budget.used(),
    async close() {
      closed = true;
      await Promise.all([...begun].map((programId) => guard?.end(programId)));
      await Promise.all(places.map(({ thread }) => thread.end()));
    },
  };
}

function isUnwanted({ signal }: LoadableJob): boolean {
  return signal?.aborted === true;
}

function formOf({ programId, module }: LoadableJob): string {
  return `${programId} ${module?.root ?? ''}`;
}

function remember<T extends string>(programs: Set<T>, programId: T): void {
  programs.add(programId);
  const oldest = programs.values().next().value;
  if (programs.size > STEPPED_MAX && oldest !== undefined) programs.delete(oldest);
}

function keptBytes({ held }: Thread): number {
  let bytes = 0;
  for (const kept of held.values()) bytes += kept;
  return bytes;
}

// The programs that a thread has to forget before it gets one more.
function leastUsed(held: ReadonlyMap<Hex, number>, next: Hex): Hex[] {
  const others = [...held].filter(([programId]) => programId !== next);
  let bytes = others.reduce((sum, [, kept]) => sum + kept, 0);
  const drop: Hex[] = [];
  for (const [programId, kept] of others) {
    if (others.length - drop.length < PROGRAMS_PER_THREAD && bytes <= KEPT_BYTES_PER_THREAD) break;
    drop.push(programId);
    bytes -= kept;
  }
  return drop;
}

// Makes one copy of each object, which the thread then owns.
function sendable({ programId, seed, gasLimit, timestampNs }: LoadableJob, inputs: ExecJob['inputs']): SentJob {
  const distinct = [...new Set(inputs)];
  const place = new Map(distinct.map((bytes, at) => [bytes, at]));
  return {
    programId,
    seed,
    gasLimit,
    timestampNs,
    objects: distinct.map(copyOf),
    places: inputs.map((bytes) => place.get(bytes)!),
  };
}

function ownParts({ header, code, image, slots, data, wasm }: ProgramParts): ProgramParts {
  return {
    header: copyOf(header),
    code: copyOf(code),
    image: copyOf(image),
    slots: copyOf(slots),
    data: copyOf(data),
    wasm: copyOf(wasm),
  };
}

// `slice` of a Buffer is a view, and handing it over would take away what the store keeps: so the bytes are copied.
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function inputBytes({ inputs }: LoadableJob): number {
  return typeof inputs === 'function' ? 0 : [...new Set(inputs)].reduce((sum, { length }) => sum + length, 0);
}

function crashed(programId: Hex, { message }: ThreadDied): MizuError {
  return new MizuError({
    code: 'prover/worker-crashed',
    message: `The step machine has not run program ${programId} to its end.`,
    expected: 'a result',
    actual: message,
    hint: 'Check that the machine has enough memory: field memoryMiB of the configuration.',
    retryable: true,
  });
}
