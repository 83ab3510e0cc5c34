// docs/disputes.md#see: a lie as a cheat would tell it: a program has written something else than it has, and all later
// states follow from that.
import { TRACE_END, type TraceOracle } from '../dispute/play.ts';
import { readStep } from '../dispute/trace/trace-input.ts';
import type { ThreadTrace } from '../dispute/trace/traces.ts';
import { readKernel } from '../kernel/file.ts';
import { createKernelEngine } from '../kernel/native.ts';
import { createKernel } from '../kernel/run.ts';
import type { NetworkNode } from '../node/node.ts';
import { createTransition, type StepInput, type TouchedExec } from '../node/transition.ts';
import type { Hex } from '../protocol/hex.ts';
import { decodeStateLeaf, type ExecResult } from '../protocol/state.ts';
import { keccakHex, LEAF_BYTES, objectRoot } from '../protocol/tree.ts';
import type { Lies } from '../prover/main.ts';
import { hashHalted } from '../vm/step/encode.ts';
import { findStages, type TargetKind } from './liar-target.ts';

type Lie = {
  /** The step in its assertion: leaf `step + 1` is the first wrong one. */
  readonly step: number;
  /** The whole step list as it is claimed. */
  readonly steps: Uint8Array;
  /** The offset of the first false byte in the program's output. */
  readonly offset: number;
};

/** What is lied about. */
export type Falsehood = {
  readonly stage: TargetKind;
  /** What the program is said to have written. The same as it has written: there is nothing to lie about. */
  change(output: Uint8Array): Uint8Array;
  /** Where the trace goes wrong: where the first false byte is written, or somewhere in the program before. */
  readonly begins: 'write' | 'inside';
};

type Target = {
  readonly step: number;
  readonly exec: TouchedExec;
  readonly output: Uint8Array;
  readonly falseOutput: Uint8Array;
};

/** One letter of the first row of a dataset. */
const LETTER: Falsehood = { stage: 'sink', change: changeLetter, begins: 'write' };

/**
 * Claims one lie, as soon as a range has a task in it that can be lied about, and then plays by it. `kernelPath` is the
 * file of the kernel's module.
 */
export function createLies(kernelPath: string, falsehood = LETTER): Lies {
  let lie: Lie | undefined;
  return {
    async stepList(steps, node) {
      const target = lie === undefined ? await findTarget(steps, node, falsehood) : undefined;
      if (target === undefined) return undefined;
      lie = await tellLie(steps, target, node, kernelPath);
      return lie.steps;
    },
    told: (own, { step }) => (lie?.step === step ? lyingOracle(own, lie, falsehood.begins) : own),
  };
}

/** The first step of the range whose program has written what is lied about. */
async function findTarget(
  steps: Uint8Array,
  node: NetworkNode,
  { stage, change }: Falsehood,
): Promise<Target | undefined> {
  const stages = await findStages(node, stage);
  for (let step = 0; stages !== undefined && step + 1 < steps.length / LEAF_BYTES; step++) {
    const leaf = leafOf(steps, step);
    const input = await inputAfter(leaf, node);
    if (!isTaskOf(input, stages)) continue;
    const { touched } = await node.transition.step(leaf, input.context, input.message);
    const [exec] = touched.execs;
    const output = exec === undefined ? undefined : await node.objects.get(exec.result.outputRoot);
    if (exec === undefined || output === undefined || output.length === 0) continue;
    const falseOutput = change(output);
    if (Buffer.compare(output, falseOutput) !== 0) return { step, exec, output, falseOutput };
  }
  return undefined;
}

function isTaskOf({ message: { message } }: StepInput, stages: readonly number[]): boolean {
  return message?.kind === 'Advance' && stages.includes(message.stage);
}

/** Runs the kernel on the false result, and on all messages after it. */
async function tellLie(steps: Uint8Array, target: Target, node: NetworkNode, kernelPath: string): Promise<Lie> {
  const { output, falseOutput } = target;
  const offset = output.findIndex((byte, at) => byte !== falseOutput[at]);
  await node.objects.put(falseOutput);
  const key = keccakHex(target.exec.request);
  const claim = { outputRoot: objectRoot(falseOutput), outputLength: falseOutput.length };
  const bend = (request: Uint8Array, result: ExecResult): ExecResult =>
    keccakHex(request) === key ? { ...result, ...claim } : result;
  const transition = createTransition({
    kernel: createKernel(createKernelEngine(await readKernel(kernelPath))),
    nodes: node.nodes,
    objects: node.objects,
    programs: node.programs,
    pool: {
      room: node.pool.room,
      known: (request) => {
        const result = node.pool.known(request);
        return result === undefined ? undefined : bend(request, result);
      },
      exec: async (request, inputs, made) => bend(request, await node.pool.exec(request, inputs, made)),
    },
  });
  const claimed = steps.slice();
  for (let step = target.step; step + 1 < steps.length / LEAF_BYTES; step++) {
    const { context, message } = await inputAfter(leafOf(steps, step), node);
    const { stateLeaf } = await transition.step(leafOf(claimed, step), context, message);
    claimed.set(stateLeaf, (step + 1) * LEAF_BYTES);
  }
  return { step: target.step, steps: claimed, offset };
}

/**
 * The true trace up to the instruction where the lie begins, another one from there on, and the claimed leaf at its
 * end.
 */
function lyingOracle(own: ThreadTrace, { step, steps, offset }: Lie, begins: Falsehood['begins']): TraceOracle {
  const end = hashHalted({ kind: 'commit', leaf: leafOf(steps, step + 1) });
  let found: Promise<bigint> | undefined;
  return {
    prove: own.prove,
    async hashesAt(positions) {
      found ??= begins === 'write' ? findWrite(own, offset) : own.length().then((length) => findProgram(own, length));
      const [from, length, hashes] = [await found, await own.length(), await own.hashesAt(positions)];
      return hashes.map((hash, i): Hex => {
        const position = positions[i] as bigint;
        if (position >= length || position === TRACE_END) return end;
        return position < from ? hash : keccakHex(new TextEncoder().encode(`not ${hash}`));
      });
    },
  };
}

/** First position at which the program has written this byte of its output. */
async function findWrite(own: ThreadTrace, offset: number): Promise<bigint> {
  const length = await own.length();
  const inside = await findProgram(own, length);
  const isWritten = async (position: bigint): Promise<boolean> => {
    const { machine, outputLength = 0 } = await own.place(position);
    return machine === 'program' ? outputLength > offset : position > inside;
  };
  let [before, after] = [0n, length];
  while (after - before > 1n) {
    const middle = (before + after) / 2n;
    if (await isWritten(middle)) after = middle;
    else before = middle;
  }
  return after;
}

/** Some position within the program, which takes more of the step than the kernel does. */
async function findProgram(own: ThreadTrace, length: bigint): Promise<bigint> {
  for (let parts = 2n; parts <= 1n << 12n; parts *= 2n)
    for (let part = 1n; part < parts; part += 2n) {
      const position = (length * part) / parts;
      if ((await own.place(position)).machine === 'program') return position;
    }
  throw new Error('the step runs no program');
}

async function inputAfter(leaf: Uint8Array, node: NetworkNode): Promise<StepInput> {
  const { batch, message } = decodeStateLeaf(leaf);
  return readStep(node, { batch, message: Number(message) });
}

function leafOf(steps: Uint8Array, at: number): Uint8Array {
  return steps.slice(at * LEAF_BYTES, (at + 1) * LEAF_BYTES);
}

function changeLetter(output: Uint8Array): Uint8Array {
  const changed = output.slice();
  const at = lastLetterOfFirstRow(output);
  changed[at] = nextLetter(output[at] as number);
  return changed;
}

function lastLetterOfFirstRow(rows: Uint8Array): number {
  const end = rows.indexOf(0x0a);
  for (let at = end < 0 ? rows.length : end; at >= 0; at--) if (isLetter(rows[at])) return at;
  return 0;
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x61 && byte <= 0x7a;
}

function nextLetter(byte: number): number {
  return isLetter(byte) && byte < 0x7a ? byte + 1 : 0x61;
}
