// docs/prover.md#transition: one step of the network, with everything outside the kernel that it takes.
import { decodeDefinition, type ProgramEntry } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import { decodeMessage } from '../protocol/messages.ts';
import { decodeStateLeaf, type ExecResult, encodeStateLeaf } from '../protocol/state.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import type { ExecCall, Kernel, KernelDone, KernelNeeds } from './kernel.ts';
import type { NodeStore } from './nodes.ts';
import { parseReceipt, type Receipt } from './receipt.ts';

/** Runs programs, and remembers what they gave. */
export type ExecSource = {
  /** The result, if it is known already. */
  known(request: Uint8Array): ExecResult | undefined;
  exec(request: Uint8Array, inputs: readonly ObjectRef[]): Promise<ExecResult>;
};

export type ProgramSink = { register(programs: readonly ProgramEntry[]): Promise<void> };
export type ObjectSink = { put(bytes: Uint8Array): Promise<unknown> };

export type TouchedExec = ExecCall & { readonly result: ExecResult };

/** What a step read: with it, the step can be run again without any other state. */
export type Touched = { readonly nodes: readonly Uint8Array[]; readonly execs: readonly TouchedExec[] };

export type StepOutcome = {
  /** 128 bytes. */
  readonly stateLeaf: Uint8Array;
  readonly receipt: Receipt;
  readonly receiptBytes: Uint8Array;
  /** Trie nodes made; stored already. */
  readonly nodes: readonly Uint8Array[];
  /** Objects made; stored already. */
  readonly objects: readonly Uint8Array[];
  readonly touched: Touched;
  /** Instructions of the kernel. */
  readonly gasUsed: bigint;
};

export type StepInput = { readonly context: Uint8Array; readonly message: Uint8Array };

export type Transition = {
  /** All arguments are bytes: state leaf 128, context leaf 128, message. One step at a time. */
  step(stateLeaf: Uint8Array, context: Uint8Array, message: Uint8Array): Promise<StepOutcome>;
  /**
   * Starts the programs that these coming steps will ask for, as far as this state tells, and does not wait for them.
   * Advance messages that are not ready yet are looked at again by the next call. Returns how many it started.
   */
  speculate(stateLeaf: Uint8Array, steps: readonly StepInput[]): Promise<number>;
};

export type TransitionParts = {
  readonly kernel: Kernel;
  readonly nodes: NodeStore;
  readonly objects: ObjectSink;
  readonly pool: ExecSource;
  readonly programs: ProgramSink;
};

/** A step asks for at most one program today; more rounds mean that the kernel asks again for what it was given. */
const MAX_ROUNDS = 64;
const ADVANCE_KIND = 0x10;
const MAX_STARTED = 16_384;

export function createTransition(parts: TransitionParts): Transition {
  const started = new Set<string>();
  return {
    step: (stateLeaf, context, message) => runStep(parts, stateLeaf, context, message),
    async speculate(stateLeaf, steps) {
      let count = 0;
      for (const { context, message } of steps) {
        if (message[0] !== ADVANCE_KIND) continue;
        const name = Buffer.from(message).toString('latin1');
        if (started.has(name)) continue;
        const answer = runKernel(parts, leafAt(stateLeaf, context), context, message).answer;
        if (answer.kind !== 'needs' || answer.execs.length === 0) continue;
        remember(started, name);
        await putAll(parts.objects, answer.objects);
        for (const call of answer.execs) startAhead(parts.pool, call);
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
  message: Uint8Array,
): Promise<StepOutcome> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { answer, touched } = runKernel(parts, stateLeaf, context, message);
    if (answer.kind === 'done') return finish(parts, answer, touched, message);
    await provide(parts, answer);
  }
  throw new Error(`the kernel still asks after ${MAX_ROUNDS} rounds`);
}

function runKernel(
  parts: TransitionParts,
  stateLeaf: Uint8Array,
  context: Uint8Array,
  message: Uint8Array,
): { answer: KernelDone | KernelNeeds; touched: Touched } {
  const nodes = new Map<Hex, Uint8Array>();
  const execs: TouchedExec[] = [];
  const answer = parts.kernel.step({
    stateLeaf,
    context,
    message,
    getNode: (hash) => {
      const seen = nodes.get(hash);
      if (seen !== undefined) return seen;
      const node = parts.nodes.get(hash);
      if (node !== undefined) nodes.set(hash, node);
      return node;
    },
    getExec: (call) => {
      const result = parts.pool.known(call.request);
      if (result !== undefined) execs.push({ request: call.request, inputs: call.inputs, result });
      return result;
    },
  });
  return { answer, touched: { nodes: [...nodes.values()], execs } };
}

async function provide(parts: TransitionParts, needs: KernelNeeds): Promise<void> {
  if (needs.nodes.length > 0) throw new Error(`trie nodes are missing: ${needs.nodes.join(', ')}`);
  if (needs.execs.length === 0) throw new Error('the kernel stopped without a need');
  await putAll(parts.objects, needs.objects);
  await Promise.all(needs.execs.map((call) => parts.pool.exec(call.request, call.inputs)));
}

async function finish(
  parts: TransitionParts,
  done: KernelDone,
  touched: Touched,
  message: Uint8Array,
): Promise<StepOutcome> {
  const receipt = parseReceipt(done.receipt);
  await Promise.all([
    parts.nodes.put(done.nodes),
    putAll(parts.objects, done.objects),
    receipt.kind === 'Deploy' && receipt.ok ? parts.programs.register(programsOf(message)) : undefined,
  ]);
  const { stateLeaf, nodes, objects, gasUsed } = done;
  return { stateLeaf, receipt, receiptBytes: done.receipt, nodes, objects, touched, gasUsed };
}

// The kernel has accepted the message, so it decodes.
function programsOf(message: Uint8Array): readonly ProgramEntry[] {
  const decoded = decodeMessage(message);
  return decoded.kind === 'Deploy' ? decodeDefinition(decoded.definition).definition.programs : [];
}

// A message that comes later is looked at as if it were the next: same state, its own cursor.
function leafAt(stateLeaf: Uint8Array, context: Uint8Array): Uint8Array {
  const view = new DataView(context.buffer, context.byteOffset, context.length);
  const leaf = decodeStateLeaf(stateLeaf);
  return encodeStateLeaf({ ...leaf, batch: view.getBigUint64(16), message: view.getBigUint64(24) });
}

async function putAll(objects: ObjectSink, list: readonly Uint8Array[]): Promise<void> {
  await Promise.all(list.map((bytes) => objects.put(bytes)));
}

// A failure ahead of time is not one: the step itself asks again and reports it.
function startAhead(pool: ExecSource, call: ExecCall): void {
  pool.exec(call.request, call.inputs).catch(() => undefined);
}

function remember(names: Set<string>, name: string): void {
  names.add(name);
  const oldest = names.values().next().value;
  if (names.size > MAX_STARTED && oldest !== undefined) names.delete(oldest);
}
