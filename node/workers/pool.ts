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
  stats(): {
    readonly waiting: number;
    readonly running: number;
    /** Jobs done since the start. */
    readonly done: number;
    /** Those of them that the step machine has run. */
    readonly stepped: number;
    /** The bytes that jobs take now. */
    readonly bytes: number;
  };
  close(): Promise<void>;
};

export type ExecPoolOptions = {
  /** Outputs are put here before their result is known; inputs are read from here. */
  readonly objects: Pick<ObjectStore, 'get' | 'put'>;
  readonly programs: Pick<ProgramRegistry, 'entries' | 'module' | 'judge'>;
  readonly memo: Memo;
  /** The number of threads. */
  readonly workers: number;
  /** The most jobs that may wait. */
  readonly maxWaiting?: number;
  /** What jobs, instances and compiled programs may take together, in bytes. */
  readonly memoryBytes?: number | undefined;
  /** Without it, a process that was ended by a program runs it natively again. */
  readonly guard?: NativeGuard | undefined;
  /** Called once for each program that runs on the step machine only, with the reason. */
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

/** Requests that differ only in their gas limit have one entry: at most one of them runs at a time. */
type Pending = {
  readonly gasLimit: bigint;
  readonly result: Promise<ExecResult>;
  /** Aborted when nobody wants the result any more. */
  readonly unwanted: AbortController;
  wanted: number;
};

type Entries = readonly [ProgramEntry, ...ProgramEntry[]];

const MAX_WAITING = 1024;
/**
 * The most modules that one job tries. It is more than the registry keeps of a program: others may be deployed
 * meanwhile.
 */
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
    // Inputs are read when the job starts, so that a job that waits takes no memory. An object is read once, however
    // often it is named.
    const loadInputs = async () => {
      const loaded = new Map<Hex, Uint8Array>();
      for (const input of distinct)
        loaded.set(input.root, made.get(input.root) ?? (await requireObject(objects, input, 'An input')));
      return inputs.map(({ root }) => loaded.get(root)!);
    };
    const job = { programId, seed, gasLimit, timestampNs, inputs: loadInputs, signal };
    const result = await store(await runWithModule(job, entries, bytes));
    // A result that answers this request already says at least as much: a program's end more than a fault, a longer run
    // more than a shorter one.
    if (known(name, gasLimit) === undefined) await memo.put(name, result);
    return result;
  }

  // The Deploy messages have paid for one try of each module: docs/prover.md#modules.
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

  // A caller that has given a signal wants the result until that aborts, any other to the end.
  function want(name: Hex, job: Pending, signal: AbortSignal | undefined): Promise<ExecResult> {
    job.wanted++;
    const leave = () => {
      job.wanted--;
      if (job.wanted > 0 || pending.get(name) !== job) return;
      // Whoever asks for the result from now on starts another job.
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
      // The result of the other tells what this request gives, or else this request is run after it.
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

/** The hash of the request without its gas limit, which no program sees. */
function nameOf(request: Uint8Array): Hex {
  const unlimited = request.slice();
  unlimited.fill(0, GAS_LIMIT_AT, GAS_LIMIT_AT + 8);
  return keccakHex(unlimited);
}

/**
 * The result under `gasLimit`, if `known` is that under another limit. A program that ended needs the gas that it used,
 * and with less it is a fault; what was a fault is a fault with less gas, too. The result is undefined if `known` does
 * not tell.
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
