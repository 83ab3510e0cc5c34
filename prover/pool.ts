// docs/prover.md#pool: programs run on worker threads; equal requests run once, and never again once known.

import type { ProgramEntry } from '../protocol/definition.ts';
import { MizuError } from '../protocol/errors.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { decodeExecRequest, type ExecResult, encodeExecInputs } from '../protocol/state.ts';
import { keccakHex, type ObjectRef, objectRoot } from '../protocol/tree.ts';
import type { ObjectStore } from '../service/objects.ts';
import { requireObject } from './derive.ts';
import type { JobOutcome } from './exec-job.ts';
import { sizeOfJob } from './job-size.ts';
import type { Memo } from './memo.ts';
import type { NativeGuard } from './native-guard.ts';
import { lengthsOf, loadParts } from './program-parts.ts';
import type { ProgramRegistry } from './programs.ts';
import type { ExecSource } from './transition.ts';
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
  readonly key: Hex;
  readonly request: Uint8Array;
  readonly inputs: readonly ObjectRef[];
  readonly made: ReadonlyMap<Hex, Uint8Array>;
  readonly settle: (result: Promise<ExecResult>) => void;
};

type Entries = readonly [ProgramEntry, ...ProgramEntry[]];

const MAX_WAITING = 1024;
/** Modules that one job tries, more than the registry keeps of a program: others may be deployed while it does. */
const TRIES_MAX = 16;

export function createExecPool(options: ExecPoolOptions): ExecPool {
  const { objects, programs, memo, maxWaiting = MAX_WAITING } = options;
  const workers = createWorkers(options.workers, options);
  const pending = new Map<Hex, Promise<ExecResult>>();
  const queue: Waiting[] = [];
  let running = 0;
  let done = 0;

  function next(): void {
    while (running < options.workers) {
      const waiting = queue.shift();
      if (waiting === undefined) return;
      running++;
      const result = run(waiting).finally(() => {
        running--;
        done++;
        pending.delete(waiting.key);
        next();
      });
      waiting.settle(result);
    }
  }

  async function run({ key, request, inputs, made }: Waiting): Promise<ExecResult> {
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
    const job = { programId, seed, gasLimit, timestampNs, inputs: loadInputs };
    const result = await store(await runWithModule(job, entries, bytes));
    await memo.put(key, result);
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

  return {
    known: (request) => memo.get(keccakHex(request)),
    exec(request, inputs, made = []) {
      const key = keccakHex(request);
      const known = memo.get(key);
      if (known !== undefined) return Promise.resolve(known);
      const same = pending.get(key);
      if (same !== undefined) return same;
      if (queue.length >= maxWaiting) return Promise.reject(queueFull(maxWaiting));
      const result = new Promise<ExecResult>((settle) => {
        const byRoot = new Map(made.map(({ root, bytes }) => [root, bytes]));
        queue.push({ key, request, inputs, made: byRoot, settle });
      });
      pending.set(key, result);
      next();
      return result;
    },
    room: () => Math.max(0, maxWaiting - queue.length),
    stats: () => ({ waiting: queue.length, running, done, stepped: workers.stepped(), bytes: workers.usedBytes() }),
    async close() {
      for (const { settle } of queue.splice(0)) settle(Promise.reject(closed()));
      await workers.close();
    },
  };
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

function closed(): MizuError {
  return new MizuError({ code: 'prover/closed', message: 'The pool is being closed.', retryable: true });
}
