// docs/prover.md#pool: programs run on worker threads; equal requests run once, and never again once known. What nobody wants any more is ended.

import { STATUS_FAULT } from '../../protocol/constants.ts';
import type { ProgramEntry } from '../../protocol/definition.ts';
import { MizuError } from '../../protocol/errors.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { decodeExecRequest, type ExecResult, encodeExecInputs } from '../../protocol/state.ts';
import { keccakHex, type ObjectRef, objectRoot } from '../../protocol/tree.ts';
import type { ObjectStore } from '../../service/storage/objects.ts';
import { requireObject } from '../l1/derive.ts';
import type { Memo } from '../memo.ts';
import { lengthsOf, loadParts } from '../program-parts.ts';
import type { ProgramRegistry } from '../programs.ts';
import type { ExecSource } from '../transition.ts';
import type { JobOutcome } from './exec-job.ts';
import { sizeOfJob } from './job-size.ts';
import type { NativeGuard } from './native-guard.ts';
import { createWorkers, type LoadableJob, ModuleRefused } from './workers.ts';

export type ExecPool = ExecSource & {
  /** Jobs waiting and running, those done since the start, those of them that the step machine has run, and bytes that jobs take now. */
  stats(): {
    readonly waiting: number;
    readonly running: number;
    readonly done: number;
    readonly stepped: number;
    readonly bytes: number;
  };
  close(): Promise<void>;
};

export type ExecPoolOptions = {
  /** Outputs are put here before their result is known; inputs are read from here. */
  readonly objects: Pick<ObjectStore, 'get' | 'put'>;
  readonly programs: Pick<ProgramRegistry, 'entries' | 'module' | 'judge'>;
  readonly memo: Memo;
  /** Threads. */
  readonly workers: number;
  /** Jobs that may wait. */
  readonly maxWaiting?: number;
  /** What jobs, instances and compiled programs may take together. */
  readonly memoryBytes?: number | undefined;
  /** Default none: a process that ends by a program runs it natively again. */
  readonly guard?: NativeGuard | undefined;
  /** Told once of each program that runs on the step machine only, and why. */
  readonly onStepped?: ((programId: Hex, reason: string) => void) | undefined;
};

type Waiting = {
  readonly name: Hex;
  readonly request: Uint8Array;
  readonly signal: AbortSignal;
  readonly inputs: readonly ObjectRef[];
  readonly made: ReadonlyMap<Hex, Uint8Array>;
  readonly settle: (result: Promise<ExecResult>) => void;
};

/** Of requests that differ in their gas limit at most one runs at a time. */
type Pending = {
  readonly gasLimit: bigint;
  readonly result: Promise<ExecResult>;
  /** Aborted when nobody wants the result any more. */
  readonly unwanted: AbortController;
  wanted: number;
};

type Entries = readonly [ProgramEntry, ...ProgramEntry[]];

const MAX_WAITING = 1024;
/** Modules that one job tries, more than the registry keeps of a program: others may be deployed while it does. */
const TRIES_MAX = 16;

export function createExecPool(options: ExecPoolOptions): ExecPool {
  const { objects, programs, memo, maxWaiting = MAX_WAITING } = options;
  const workers = createWorkers(options.workers, options);
  const pending = new Map<Hex, Pending>();
  const queue: Waiting[] = [];
  let running = 0;
  let done = 0;

  function next(): void {
    while (running < options.workers) {
      const waiting = queue.shift();
      if (waiting === undefined) return;
      running++;
      const result = runWanted(waiting).finally(() => {
        running--;
        done++;
        if (pending.get(waiting.name)?.unwanted.signal === waiting.signal) pending.delete(waiting.name);
        next();
      });
      waiting.settle(result);
    }
  }

  async function runWanted(waiting: Waiting): Promise<ExecResult> {
    try {
      return await run(waiting);
    } catch (error) {
      throw waiting.signal.aborted ? unwanted() : error;
    }
  }

  async function run({ name, request, signal, inputs, made }: Waiting): Promise<ExecResult> {
    const { programId, inputsRoot, seed, gasLimit, timestampNs } = decodeExecRequest(request);
    if (objectRoot(encodeExecInputs(inputs)) !== inputsRoot)
      throw new Error(`the inputs of request ${bytesToHex(request)} are not those of its root`);
    const entries = await requireProgram(programs, programId);
    const distinct = [...new Map(inputs.map((input) => [input.root, input])).values()];
    const bytes = distinct.reduce((sum, { length }) => sum + length, 0);
    // Only when the job starts: what waits takes no memory. One object is there once, however often it is named.
    const loadInputs = async () => {
      const loaded = new Map<Hex, Uint8Array>();
      for (const input of distinct)
        loaded.set(input.root, made.get(input.root) ?? (await requireObject(objects, input, 'An input')));
      return inputs.map(({ root }) => loaded.get(root)!);
    };
    const job = { programId, seed, gasLimit, timestampNs, inputs: loadInputs, signal };
    const result = await store(await runWithModule(job, entries, bytes));
    // What has ended says more than what has not, and a longer run more than a shorter one.
    if (known(name, gasLimit) === undefined) await memo.put(name, result);
    return result;
  }

  // Its Deploy has paid for one try of each module: docs/prover.md#modules.
  async function runWithModule(job: LoadableJob, entries: Entries, inputs: number): Promise<JobOutcome> {
    const { programId } = job;
    const { header } = entries[0];
    const paidWasm = Math.min(...entries.map(({ wasmLength }) => wasmLength));
    let refused: ModuleRefused | undefined;
    for (let tries = 0; tries <= TRIES_MAX; tries++) {
      const module = tries === TRIES_MAX ? undefined : await programs.module(programId);
      if (module === undefined && refused !== undefined) options.onStepped?.(programId, refused.message);
      const size = sizeOfJob({ header, ...lengthsOf(entries[0]), wasm: module?.length ?? 0 }, inputs, paidWasm);
      const onFit = async () => module && programs.judge(programId, module.root, 'fits');
      const attempt = { ...job, module: module === undefined ? null : { ...module, onFit } };
      try {
        return await workers.run(attempt, () => loadParts(entries, objects, module), size);
      } catch (error) {
        if (!(error instanceof ModuleRefused) || module === undefined) throw error;
        refused = error;
        await programs.judge(programId, module.root, error.verdict);
      }
    }
    throw new Error(`program ${programId} was not run without a module`);
  }

  async function store({ status, output, gasUsed }: JobOutcome): Promise<ExecResult> {
    const ref = await objects.put(output);
    return { status, outputRoot: ref.root, outputLength: ref.length, gasUsed };
  }

  const known = (name: Hex, gasLimit: bigint) => answerFor(memo.get(name), gasLimit);

  // Who has given a signal wants the result until it is aborted, all others to the end.
  function want(name: Hex, job: Pending, signal: AbortSignal | undefined): Promise<ExecResult> {
    job.wanted++;
    const leave = () => {
      job.wanted--;
      if (job.wanted > 0 || pending.get(name) !== job) return;
      // Who asks for it from now on starts another one.
      pending.delete(name);
      job.unwanted.abort();
      const at = queue.findIndex((waiting) => waiting.signal === job.unwanted.signal);
      if (at >= 0) queue.splice(at, 1)[0]!.settle(Promise.reject(unwanted()));
    };
    if (signal === undefined) return job.result;
    signal.addEventListener('abort', leave, { once: true });
    return job.result.finally(() => signal.removeEventListener('abort', leave));
  }

  const exec: ExecSource['exec'] = (request, inputs, made = [], signal) => {
    const name = nameOf(request);
    const { gasLimit } = decodeExecRequest(request);
    const done = known(name, gasLimit);
    if (done !== undefined) return Promise.resolve(done);
    if (signal?.aborted === true) return Promise.reject(unwanted());
    const same = pending.get(name);
    if (same !== undefined) {
      const result = want(name, same, signal);
      if (same.gasLimit === gasLimit) return result;
      // It says what this one gives, or this one runs after it.
      const again = () => exec(request, inputs, made, signal);
      return result.then(again, again);
    }
    if (queue.length >= maxWaiting) return Promise.reject(queueFull(maxWaiting));
    const unwantedBy = new AbortController();
    const result = new Promise<ExecResult>((settle) => {
      const byRoot = new Map(made.map(({ root, bytes }) => [root, bytes]));
      queue.push({ name, request, signal: unwantedBy.signal, inputs, made: byRoot, settle });
    });
    const job: Pending = { gasLimit, result, unwanted: unwantedBy, wanted: 0 };
    pending.set(name, job);
    next();
    return want(name, job, signal);
  };

  return {
    known: (request) => known(nameOf(request), decodeExecRequest(request).gasLimit),
    exec,
    room: () => Math.max(0, maxWaiting - queue.length),
    stats: () => ({ waiting: queue.length, running, done, stepped: workers.stepped(), bytes: workers.usedBytes() }),
    async close() {
      for (const { settle } of queue.splice(0)) settle(Promise.reject(closed()));
      await workers.close();
    },
  };
}

const GAS_LIMIT_AT = 96;
const EMPTY = objectRoot(new Uint8Array(0));

/** Hash of the request without its gas limit, which no program sees. */
function nameOf(request: Uint8Array): Hex {
  const unlimited = request.slice();
  unlimited.fill(0, GAS_LIMIT_AT, GAS_LIMIT_AT + 8);
  return keccakHex(unlimited);
}

/**
 * What a run under this limit gives if one under another gave that: what has ended needs the gas that it has used, and with less it is a fault;
 * what was a fault is one with less gas, too.
 */
function answerFor(known: ExecResult | undefined, gasLimit: bigint): ExecResult | undefined {
  if (known === undefined) return undefined;
  if (known.status !== STATUS_FAULT && known.gasUsed <= gasLimit) return known;
  if (known.status === STATUS_FAULT && known.gasUsed < gasLimit) return undefined;
  return { status: STATUS_FAULT, outputRoot: EMPTY, outputLength: 0, gasUsed: gasLimit };
}

async function requireProgram(programs: ExecPoolOptions['programs'], programId: Hex): Promise<Entries> {
  const [first, ...others] = await programs.entries(programId);
  if (first === undefined) throw new Error(`program ${programId} was never deployed`);
  return [first, ...others];
}

function queueFull(limit: number): MizuError {
  return new MizuError({
    code: 'prover/queue-full',
    message: 'Too many programs wait to be run.',
    expected: `at most ${limit}`,
    actual: 'one more',
    hint: 'Try again later, or give the pool more workers.',
    retryable: true,
  });
}

function unwanted(): MizuError {
  return new MizuError({
    code: 'prover/unwanted',
    message: 'Nobody waits for the result of the program any more.',
    retryable: true,
  });
}

function closed(): MizuError {
  return new MizuError({ code: 'prover/closed', message: 'The pool is being closed.', retryable: true });
}
