// docs/disputes.md#see: a third party's own view of a dispute: it executes everything again, and relies on no claim.

import { createOracles } from '../dispute/oracles.ts';
import { locateStep } from '../dispute/trace/locate.ts';
import type { TracePlace } from '../dispute/trace/trace.ts';
import { readStep } from '../dispute/trace/trace-input.ts';
import { createTraces } from '../dispute/trace/traces.ts';
import { findWrongStep } from '../dispute/wrong-step.ts';
import { readKernel } from '../kernel/file.ts';
import { judge, ownSteps } from '../node/agreement.ts';
import { NO_BODY } from '../node/body/recorder.ts';
import type { NodeConfig } from '../node/config.ts';
import { requireObject } from '../node/l1/derive.ts';
import type { MessagePlace } from '../node/l1/message-place.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import { followAndWork } from '../node/loop.ts';
import { type NetworkNode, openNode } from '../node/node.ts';
import { loadParts } from '../node/program-parts.ts';
import { type Hex, hexToBytes } from '../protocol/hex.ts';
import { decodeMessage } from '../protocol/messages.ts';
import { decodeProgramHeader } from '../protocol/program.ts';
import { decodeStateLeaf, type StateLeaf } from '../protocol/state.ts';
import { type StepInAssertion, type StepSinceGenesis, sinceGenesis } from '../protocol/step-numbers.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';
import { createLogger } from '../service/process/log.ts';
import { type CodeFunction, functionAt } from '../vm/inspect/functions.ts';

/** The first step of an assertion whose leaf differs from our own. */
export type WatchedFault = {
  readonly step: StepInAssertion;
  readonly sinceGenesis: StepSinceGenesis;
  readonly place: MessagePlace;
  readonly message: ReturnType<typeof decodeMessage>;
  readonly claimed: StateLeaf;
  readonly own: StateLeaf;
  /** Instructions of kernel and program until the machine halts. */
  readonly instructions: bigint;
};

export type WatchedAssertion = { readonly assertion: AssertionRecord; readonly fault: WatchedFault | undefined };

/** An instruction of a step, as it is in our own trace. */
export type Seen = {
  readonly place: TracePlace;
  /** The machine before and after it. */
  readonly before: Hex;
  readonly after: Hex;
  /** The function of the module that the instruction came from. */
  readonly source: CodeFunction | undefined;
  /** The bytes of the program's output that it has written; undefined if none. */
  readonly written: { readonly offset: number; readonly bytes: Uint8Array } | undefined;
};

export type Watcher = {
  readonly node: NetworkNode;
  /** Resolves when the assertion's range has been executed. */
  check(assertion: Hex): Promise<WatchedAssertion>;
  see(assertion: AssertionRecord, step: StepInAssertion, position: bigint): Promise<Seen>;
  /** Rejects if the watcher cannot go on. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
};

const POLL_MS = 100;

/** @throws MizuError `prover/other-genesis`, `prover/other-kernel` or `l1/unreachable` */
export async function openWatcher(config: NodeConfig): Promise<Watcher> {
  const node = await openNode(config, { log: createLogger('watcher', 'silent'), recorder: () => NO_BODY });
  const traces = createTraces(1);
  const oracles = createOracles(node, traces);
  const stop = new AbortController();
  const execute = async (signal: AbortSignal) => (await node.execution.catchUp(signal)) > 0;
  const follower = { follow: node.follow, tasks: [execute], onRetry: () => undefined };
  const working = followAndWork(follower, POLL_MS, stop.signal);
  const failed = working.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);

  async function waitFor<T>(probe: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, POLL_MS))]);
    }
  }

  async function traceOf(assertion: AssertionRecord, step: StepInAssertion) {
    return waitFor(() => oracles.of(assertion, step));
  }

  async function findFault(assertion: AssertionRecord): Promise<WatchedFault> {
    const parent = await node.mirror.assertion(assertion.parent);
    const ref = { root: assertion.stepRoot, length: (assertion.stepCount + 1) * LEAF_BYTES };
    const claimed = await requireObject(node.objects, ref, 'The step list');
    const own = parent === undefined ? undefined : await ownSteps(node.execution, parent, assertion);
    const found = own === undefined ? undefined : findWrongStep(claimed, own);
    if (parent === undefined || found?.kind !== 'step') throw new Error(`assertion ${assertion.id} has no wrong step`);
    const { step, claimed: claimedLeaf, own: ownLeaf } = found.wrong;
    const located = await waitFor(() => locateStep(node, assertion, step));
    const { message } = await readStep(node, located.message);
    return {
      step,
      sinceGenesis: sinceGenesis(step, parent.post.step),
      place: located.message,
      message: decodeMessage(message.bytes),
      claimed: decodeStateLeaf(hexToBytes(claimedLeaf)),
      own: decodeStateLeaf(hexToBytes(ownLeaf)),
      instructions: await (await traceOf(assertion, step)).length(),
    };
  }

  return {
    node,
    failed,
    async check(id) {
      const assertion = await waitFor(() => node.mirror.assertion(id));
      const verdict = await waitFor(async () => {
        const known = await judge(node.mirror, node.execution, assertion);
        return known === 'unknown' ? undefined : known;
      });
      return { assertion, fault: verdict === 'agrees' ? undefined : await findFault(assertion) };
    },
    async see(assertion, step, position) {
      const trace = await traceOf(assertion, step);
      const [before, after] = await trace.hashesAt([position, position + 1n]);
      const [place, next] = [await trace.place(position), await trace.place(position + 1n)];
      const written = await readWritten(node, assertion, step, place, next);
      const source = await readSource(node, config.kernelPath, place);
      return { place, before: before as Hex, after: after as Hex, source, written };
    },
    async close() {
      stop.abort();
      await working.catch(() => undefined);
      await traces.close();
      await node.close();
    },
  };
}

async function readSource(
  node: NetworkNode,
  kernelPath: string,
  { machine, programId, pc }: TracePlace,
): Promise<CodeFunction | undefined> {
  if (machine === 'halted' || programId === undefined || pc === undefined) return undefined;
  if (machine === 'kernel') return functionAt(await readKernel(kernelPath), node.kernel.header.codeRoot, pc);
  const [entry, ...others] = await node.programs.entries(programId);
  if (entry === undefined) return undefined;
  const { header, wasm } = await loadParts([entry, ...others], node.objects, await node.programs.module(programId));
  return functionAt(wasm, decodeProgramHeader(header).codeRoot, pc);
}

async function readWritten(
  node: NetworkNode,
  assertion: AssertionRecord,
  step: StepInAssertion,
  { machine, outputLength: from = 0 }: TracePlace,
  { outputLength: to = from }: TracePlace,
): Promise<Seen['written']> {
  const located = await locateStep(node, assertion, step);
  if (machine !== 'program' || to <= from || located === undefined) return undefined;
  const { context, message } = await readStep(node, located.message);
  const { touched } = await node.transition.step(located.stateLeaf, context, message);
  const [exec] = touched.execs;
  const output = exec === undefined ? undefined : await node.objects.get(exec.result.outputRoot);
  return output === undefined ? undefined : { offset: from, bytes: output.slice(from, to) };
}
