// docs/prover.md#transition: one step of the network, with everything outside the kernel that it takes.

import type { KernelObject } from '../kernel/host.ts';
import { programKey } from '../kernel/keys.ts';
import { openStateTrie } from '../kernel/node-db.ts';
import type { Receipt } from '../kernel/receipt.ts';
import { programRecord } from '../kernel/records.ts';
import type { Kernel, StepDone, StepNeeds } from '../kernel/run.ts';
import { KIND } from '../protocol/constants.ts';
import { decodeDefinition, type ProgramEntry } from '../protocol/definition.ts';
import { type Hex, hexToBytes } from '../protocol/hex.ts';
import { hashProgramHeader } from '../protocol/program.ts';
import type { ReceivedMessage } from '../protocol/received.ts';
import {
  decodeExecInputs,
  decodeExecRequest,
  decodeStateLeaf,
  type ExecResult,
  encodeExecResult,
  encodeStateLeaf,
} from '../protocol/state.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import { paidBy, tasksAhead } from './ahead.ts';
import type { NodeStore } from './nodes.ts';

/** Runs programs and remembers their results. */
export type ExecSource = {
  /** The result, if it is known already. */
  known(request: Uint8Array): ExecResult | undefined;
  /**
   * `made`: objects among the inputs that are in no store, such as a task's parameters. `signal` aborts when the caller
   * does not want the result any more; a program that nobody wants is ended.
   */
  exec(
    request: Uint8Array,
    inputs: readonly ObjectRef[],
    made?: readonly KernelObject[],
    signal?: AbortSignal,
  ): Promise<ExecResult>;
  /** How many jobs still fit into the queue. */
  room(): number;
};

export type ProgramSink = {
  register(programs: readonly ProgramEntry[], recorded?: readonly ProgramEntry[]): Promise<void>;
};
export type ObjectSink = { putAll(objects: readonly Uint8Array[]): Promise<unknown> };

/** A call of `exec`: the request leaf, the list behind its `inputsRoot`, and the result. */
export type TouchedExec = {
  readonly request: Uint8Array;
  readonly inputs: readonly ObjectRef[];
  readonly result: ExecResult;
};

/** What a step read: with it, the step can be run again without any other state. */
export type Touched = { readonly nodes: readonly Uint8Array[]; readonly execs: readonly TouchedExec[] };

export type StepOutcome = {
  /** 128 bytes. */
  readonly stateLeaf: Uint8Array;
  readonly receipt: Receipt;
  readonly receiptBytes: Uint8Array;
  /** The trie nodes that the step has made. They are stored already. */
  readonly nodes: readonly Uint8Array[];
  /** The objects that the step has made: parameters, lists of inputs, dataset manifests. Only manifests are stored. */
  readonly objects: readonly KernelObject[];
  readonly touched: Touched;
  /** The gas that the kernel has used. */
  readonly gasUsed: bigint;
};

/** `context`: the context leaf, 128 bytes. */
export type StepInput = { readonly context: Uint8Array; readonly message: ReceivedMessage };

export type Transition = {
  /** State leaf and context leaf have 128 bytes. The caller runs one step at a time. */
  step(stateLeaf: Uint8Array, context: Uint8Array, message: ReceivedMessage): Promise<StepOutcome>;
  /** Like `step`, if no program has to be run for it. If one has to, the result is undefined and none is begun. */
  stepIfKnown(stateLeaf: Uint8Array, context: Uint8Array, message: ReceivedMessage): Promise<StepOutcome | undefined>;
  /** Whether `stepIfKnown` would give an outcome. */
  isKnown(stateLeaf: Uint8Array, context: Uint8Array, message: ReceivedMessage): boolean;
  /**
   * Starts the programs that these coming steps will ask for, as far as this state tells, and does not wait for them:
   * of each run as many as it has paid for, and none behind a Cancel or Expire message of the run. A step that ends a
   * run also ends what was started for it. Advance messages that are not ready yet are looked at again by the next
   * call. Returns how many programs it started.
   */
  speculate(stateLeaf: Uint8Array, steps: readonly StepInput[]): number;
};

export type TransitionParts = {
  readonly kernel: Kernel;
  readonly nodes: NodeStore;
  readonly objects: ObjectSink;
  readonly pool: ExecSource;
  readonly programs: ProgramSink;
  /** How many tasks of a run may be begun at one time, by the gas that its tasks have paid. Default: `tasksAhead`. */
  readonly ahead?: (paidGas: bigint) => number;
};

/** What was begun ahead of a running run's steps. */
type RunAhead = {
  /** The gas that the run's tasks have paid, as far as this process has seen. */
  paid: bigint;
  /** By Advance message: the programs that were started and whose steps have not come. */
  readonly begun: Map<string, AbortController>;
  /** The coming Advance messages whose programs had been run before. */
  readonly known: Set<string>;
};

/** A step asks for at most one program today; more rounds mean that the kernel asks again for what it was given. */
const MAX_ROUNDS = 64;
/**
 * The most running runs that are remembered. One that is forgotten counts as having paid nothing, and what was begun
 * for it is ended.
 */
const MAX_RUNS = 4_096;
/**
 * After so many tasks in a row that wait for others no more are looked at: those behind them most likely wait, too, and
 * each look is a run of the kernel.
 */
const MAX_UNREADY = 4;

export function createTransition(parts: TransitionParts): Transition {
  const { ahead = tasksAhead } = parts;
  const runs = new Map<string, RunAhead>();

  const runOf = (name: string): RunAhead => {
    const run = runNameOf(name);
    const known = runs.get(run) ?? { paid: 0n, begun: new Map(), known: new Set() };
    // The most recently used run stands last.
    runs.delete(run);
    runs.set(run, known);
    const oldest = runs.keys().next().value;
    if (runs.size > MAX_RUNS && oldest !== undefined) end(oldest);
    return known;
  };

  const end = (run: string): void => {
    for (const controller of runs.get(run)?.begun.values() ?? []) controller.abort();
    runs.delete(run);
  };

  const settle = ({ bytes }: ReceivedMessage, { receipt }: StepOutcome): void => {
    if (bytes[0] === KIND.Advance) {
      const name = nameOf(bytes);
      const of = receipt.ok ? runOf(name) : runs.get(runNameOf(name));
      if (of !== undefined && receipt.ok) of.paid += paidBy(receipt);
      of?.begun.get(name)?.abort();
      of?.begun.delete(name);
      of?.known.delete(name);
    }
    for (const { run, runStatus } of [receipt, ...(receipt.items ?? [])])
      if (run !== undefined && runStatus !== undefined && runStatus !== 'running') end(nameOf(encodeAdvances(run)));
  };

  return {
    async step(stateLeaf, context, message) {
      const outcome = await runStep(parts, stateLeaf, context, message);
      settle(message, outcome);
      return outcome;
    },
    async stepIfKnown(stateLeaf, context, message) {
      const { answer, execs } = runKernel(parts, stateLeaf, context, message);
      if (answer.kind !== 'done') {
        requireNodes(answer);
        return undefined;
      }
      const outcome = await finish(parts, answer, execs, message);
      settle(message, outcome);
      return outcome;
    },
    isKnown: (stateLeaf, context, message) => runKernel(parts, stateLeaf, context, message).answer.kind === 'done',
    speculate(stateLeaf, steps) {
      let count = 0;
      let unready = 0;
      const ended = new Set<string>();
      for (const { context, message } of steps) {
        if (parts.pool.room() === 0 || unready >= MAX_UNREADY) break;
        const { bytes } = message;
        if (bytes[0] === KIND.Cancel || bytes[0] === KIND.Expire) {
          const ends = message.message;
          if (ends?.kind === 'Cancel' || ends?.kind === 'Expire') ended.add(nameOf(encodeAdvances(ends.run)));
        }
        if (bytes[0] !== KIND.Advance) continue;
        const name = nameOf(bytes);
        const of = runs.get(runNameOf(name));
        if (of?.begun.has(name) || of?.known.has(name) || ended.has(runNameOf(name))) continue;
        // A task whose result is known counts, too: it may be the one that fails.
        if (of !== undefined && of.begun.size + of.known.size >= ahead(of.paid)) continue;
        const { answer, execs } = runKernel(parts, leafAt(stateLeaf, context), context, message);
        const asked = answer.kind === 'needs' ? answer.execs : [];
        unready = execs.length + asked.length === 0 ? unready + 1 : 0;
        if (unready > 0) continue;
        if (answer.kind === 'done') {
          runOf(name).known.add(name);
          continue;
        }
        const controller = new AbortController();
        runOf(name).begun.set(name, controller);
        for (const request of asked) startAhead(parts.pool, request, answer.objects, controller.signal);
        count++;
      }
      return count;
    },
  };
}

async function runStep(
  parts: TransitionParts,
  stateLeaf: Uint8Array,
  context: Uint8Array,
  message: ReceivedMessage,
): Promise<StepOutcome> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { answer, execs } = runKernel(parts, stateLeaf, context, message);
    if (answer.kind === 'done') return finish(parts, answer, execs, message);
    await provide(parts, answer);
  }
  throw new Error(`the kernel still asks after ${MAX_ROUNDS} rounds`);
}

type Answered = { readonly request: Uint8Array; readonly result: ExecResult };

function runKernel(
  parts: TransitionParts,
  stateLeaf: Uint8Array,
  context: Uint8Array,
  message: ReceivedMessage,
): { answer: StepDone | StepNeeds; execs: Answered[] } {
  const execs: Answered[] = [];
  const answer = parts.kernel.step({
    stateLeaf,
    context,
    message: message.bytes,
    getNode: parts.nodes.get,
    getExec: (leaf) => {
      const request = leaf.slice();
      const result = parts.pool.known(request);
      if (result === undefined) return undefined;
      execs.push({ request, result });
      return encodeExecResult(result);
    },
  });
  return { answer, execs };
}

async function provide(parts: TransitionParts, needs: StepNeeds): Promise<void> {
  requireNodes(needs);
  if (needs.execs.length === 0) throw new Error('the kernel stopped without a need');
  await Promise.all(
    needs.execs.map((request) => parts.pool.exec(request, execInputsOf(request, needs.objects), needs.objects)),
  );
}

function requireNodes({ nodes }: StepNeeds): void {
  if (nodes.length > 0) throw new Error(`trie nodes are missing: ${nodes.join(', ')}`);
}

async function finish(
  parts: TransitionParts,
  done: StepDone,
  answered: readonly Answered[],
  message: ReceivedMessage,
): Promise<StepOutcome> {
  const { stateLeaf, receipt, receiptBytes, objects, gasUsed } = done;
  const nodes = [...done.nodes.values()];
  const read = done.touched.map((hash) => requireNode(parts.nodes, hash));
  const execs = answered.map((exec) => ({ ...exec, inputs: execInputsOf(exec.request, objects) }));
  await Promise.all([parts.nodes.put(nodes), parts.objects.putAll(manifestsOf(done))]);
  if (receipt.kind === 'Deploy' && receipt.ok) await registerPrograms(parts, stateLeaf, programsOf(message));
  return { stateLeaf, receipt, receiptBytes, nodes, objects, touched: { nodes: read, execs }, gasUsed };
}

// How a program runs is what record `P` of this state says: the first Deploy of a programId fixes it, and a
// reorganisation may change which that is.
async function registerPrograms(
  { nodes, programs }: TransitionParts,
  stateLeaf: Uint8Array,
  deployed: readonly ProgramEntry[],
): Promise<void> {
  const trie = await openStateTrie({ get: nodes.get }, decodeStateLeaf(stateLeaf).stateRoot);
  const recorded: ProgramEntry[] = [];
  for (const { header } of deployed) {
    const record = await trie.get(programKey(hashProgramHeader(header)));
    if (record === null)
      throw new Error(`the state has no record of program ${hashProgramHeader(header)} after its Deploy`);
    recorded.push(programRecord.decode(record));
  }
  await programs.register(deployed, recorded);
}

/** What the program of an exec request reads. The kernel makes the list before it calls `exec`. */
export function execInputsOf(request: Uint8Array, objects: readonly KernelObject[]): ObjectRef[] {
  const { inputsRoot } = decodeExecRequest(request);
  const list = objects.find(({ root }) => root === inputsRoot);
  if (list === undefined) throw new Error(`the kernel has not given the list of inputs ${inputsRoot}`);
  return decodeExecInputs(list.bytes);
}

function requireNode(nodes: NodeStore, hash: Hex): Uint8Array {
  const node = nodes.get(hash);
  if (node === undefined) throw new Error(`trie node ${hash} was read and is gone`);
  return node;
}

// The kernel has accepted the message, so it can be decoded.
function programsOf({ message }: ReceivedMessage): readonly ProgramEntry[] {
  return message?.kind === 'Deploy' ? decodeDefinition(message.definition).definition.programs : [];
}

// A message that comes later is looked at as if it were the next one: with the present state, but its own cursor.
function leafAt(stateLeaf: Uint8Array, context: Uint8Array): Uint8Array {
  const view = new DataView(context.buffer, context.byteOffset, context.length);
  const leaf = decodeStateLeaf(stateLeaf);
  return encodeStateLeaf({ ...leaf, batch: view.getBigUint64(16), message: view.getBigUint64(24) });
}

// Parameters and lists of inputs are made again whenever the step is run again; only a dataset's manifest outlives the
// step.
function manifestsOf({ receipt, objects }: StepDone): Uint8Array[] {
  const roots = new Set([receipt, ...(receipt.items ?? [])].map(({ datasetRoot }) => datasetRoot));
  return objects.filter(({ root }) => roots.has(root)).map(({ bytes }) => bytes);
}

// A failure ahead of time is not reported: the step itself asks again and reports it.
function startAhead(pool: ExecSource, request: Uint8Array, made: readonly KernelObject[], signal: AbortSignal): void {
  pool.exec(request, execInputsOf(request, made), made, signal).catch(() => undefined);
}

function nameOf(message: Uint8Array): string {
  return Buffer.from(message).toString('latin1');
}

/** What the Advance messages of a run begin with: the kind and the run. */
const ADVANCES_BYTES = 33;
function encodeAdvances(run: Hex): Uint8Array {
  return Uint8Array.of(KIND.Advance, ...hexToBytes(run));
}

/** What the name of an Advance message begins with: the name of its run. */
function runNameOf(name: string): string {
  return name.slice(0, ADVANCES_BYTES);
}
