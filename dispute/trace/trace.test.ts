// docs/disputes.md#judged
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TAG } from '../../protocol/constants.ts';
import { concatBytes } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import {
  createRunMessages,
  kernelEngine,
  openTestNode,
  type TestNode,
  toSteps,
} from '../../test/network/chain.fixture.ts';
import { createOneStepVerifier } from '../osp.ts';
import { createTrace } from './trace.ts';
import { gatherTrace } from './trace-input.ts';
import { createTraces } from './traces.ts';

let node: TestNode;
const leaves: Uint8Array[] = [];
let steps: ReturnType<typeof toSteps>;
const END = 1n << 40n;

beforeAll(async () => {
  node = await openTestNode();
  const { deposit, messages } = await createRunMessages(node.objects, 1);
  steps = toSteps(0n, [deposit, ...messages], 1);
  leaves.push(node.genesis.stateLeaf);
  for (const { context, message } of steps)
    leaves.push((await node.transition.step(leaves.at(-1)!, context, message)).stateLeaf);
});

afterAll(() => node?.close());

const { program: kernel } = kernelEngine;
const inputOf = (index: number) => gatherTrace({ ...node, kernel }, leaves[index]!, steps[index]!);

test('every step of a run ends as the native kernel does', async () => {
  for (let i = 0; i < steps.length; i++) {
    const trace = createTrace(await inputOf(i));
    const halted = keccakHex(concatBytes([new Uint8Array([TAG.halted, 1]), leaves[i + 1]!]));
    expect(trace.hashesAt([1n << 35n, END])).toEqual([halted, halted]);
    expect(trace.place(END).machine).toBe('halted');
  }
});

test('a trace is the same however one moves in it, and its proofs hold in the verifier', async () => {
  const input = await inputOf(3);
  const trace = createTrace(input);
  const length = trace.length();
  const verifier = await createOneStepVerifier();
  const exec = input.execs[0]!;
  const positions = [0n, 1n, 1000n, length / 2n, length - exec.result.gasUsed - 5000n, length - 1n, length, END - 1n];
  const again = createTrace(input);
  for (const position of [...positions].reverse()) {
    const [before, after] = trace.hashesAt([position, position + 1n]);
    expect(again.hashesAt([position])).toEqual([before]);
    const verdict = await verifier.step(trace.prove(position));
    expect(verdict).toMatchObject({ kind: 'step', before, after });
  }
});

test('on a thread a trace gives the same, and more traces than it holds are gathered again', async () => {
  const traces = createTraces(1);
  try {
    const own = createTrace(await inputOf(3));
    let gathered = 0;
    const open = (i: number) =>
      traces.open(`step ${i}`, () => {
        gathered++;
        return inputOf(i);
      });
    const positions = [5n, 4096n, 1n << 35n];
    expect(await open(3).hashesAt(positions)).toEqual(own.hashesAt(positions));
    expect(await open(3).prove(4096n)).toEqual(own.prove(4096n));
    expect(await open(3).length()).toBe(own.length());
    expect(gathered).toBe(1);
    await Promise.all([0, 1, 2, 4, 3].map((i) => open(i % 5).hashesAt([1n])));
    expect(gathered).toBe(6);
    expect(await open(3).place(own.length() - 1n)).toMatchObject({ machine: 'kernel', instruction: 'commit' });
  } finally {
    await traces.close();
  }
});
