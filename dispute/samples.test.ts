// docs/attestations.md#samples
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { createRunMessages, kernelEngine, openTestNode, toSteps } from '../test/network/chain.fixture.ts';
import type { Oracles } from './oracles.ts';
import { commitmentOf, drawSamples, sampleMachines } from './samples.ts';
import { createTrace } from './trace/trace.ts';
import { gatherTrace } from './trace/trace-input.ts';
import type { ThreadTrace } from './trace/traces.ts';

const ASSERTION: Hex = `0x${'a1'.repeat(32)}`;
const ALICE: Address = `0x${'0a'.repeat(20)}`;
const BOB: Address = `0x${'0b'.repeat(20)}`;

const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`);
const address = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`);

describe('what is drawn', () => {
  test('is what L1 draws', () => {
    expect(drawSamples(ASSERTION, ALICE, 1000)).toEqual([
      { step: 654, position: 371_823n },
      { step: 677, position: 46_615n },
    ]);
    expect(drawSamples(ASSERTION, BOB, 1000)).toEqual([
      { step: 636, position: 116_406n },
      { step: 591, position: 2_277n },
    ]);
  });

  test('lies in the assertion, after 1,024 instructions at least and fewer than 8,388,608', () => {
    fc.assert(
      fc.property(hash, address, fc.integer({ min: 1, max: 65_536 }), (assertion, attester, stepCount) => {
        for (const { step, position } of drawSamples(assertion, attester, stepCount)) {
          expect(step).toBeLessThan(stepCount);
          expect(position).toBeGreaterThanOrEqual(1n << 10n);
          expect(position).toBeLessThan(1n << 23n);
        }
      }),
    );
  });

  test('differs between attesters and between assertions', () => {
    fc.assert(
      fc.property(hash, hash, address, address, (one, other, first, second) => {
        fc.pre(one !== other && first !== second);
        const drawn = drawSamples(one, first, 65_536);
        expect(drawSamples(one, second, 65_536)).not.toEqual(drawn);
        expect(drawSamples(other, first, 65_536)).not.toEqual(drawn);
      }),
    );
  });

  test('is nothing where there is no step', () => {
    for (const count of [0, -1, 0.5]) expect(() => drawSamples(ASSERTION, ALICE, count)).toThrow(`${count} steps`);
  });
});

describe('the machines', () => {
  test('are those of our own traces, in the order of the samples; undefined while a step is not executed', async () => {
    const node = await openTestNode();
    try {
      const { deposit, messages } = await createRunMessages(node.objects, 1);
      const steps = toSteps(0n, [deposit, ...messages], 1);
      const leaves = [node.genesis.stateLeaf];
      for (const { context, message } of steps)
        leaves.push((await node.transition.step(leaves.at(-1)!, context, message)).stateLeaf);
      const traceOf = async (step: number) =>
        createTrace(await gatherTrace({ ...node, kernel: kernelEngine.program }, leaves[step]!, steps[step]!));
      const asked: number[] = [];
      const oraclesUpTo = (last: number): Oracles => ({
        async of({ id }, step) {
          expect(id).toBe(ASSERTION);
          asked.push(step);
          return step > last ? undefined : ((await traceOf(step)) as unknown as ThreadTrace);
        },
      });
      const assertion = { id: ASSERTION, stepCount: steps.length } as AssertionRecord;
      const drawn = drawSamples(ASSERTION, ALICE, steps.length);
      const expected = [];
      for (const { step, position } of drawn) expected.push((await traceOf(step)).hashesAt([position])[0]);
      expect(await sampleMachines(oraclesUpTo(steps.length), assertion, ALICE)).toEqual(expected);
      expect(asked).toEqual(drawn.map(({ step }) => step));
      const latest = Math.max(...drawn.map(({ step }) => step));
      expect(await sampleMachines(oraclesUpTo(latest - 1), assertion, ALICE)).toBeUndefined();
    } finally {
      await node.close();
    }
  });

  test('are committed to with the assertion and the attester', () => {
    const machines = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`] as const;
    const commitment = '0x0fcc77e5b3ca8669f71d3bb3580a0b9537cb17ee9853f556625061fa4bbe5413';
    expect(commitmentOf(ASSERTION, ALICE, machines)).toBe(commitment);
    expect(commitmentOf(ASSERTION, BOB, machines)).not.toBe(commitment);
    expect(commitmentOf(ASSERTION, ALICE, [machines[1], machines[0]])).not.toBe(commitment);
  });
});
