// docs/prover.md#validator: every assertion is held against our own execution, in the order of L1.
import { describeDifference, findWrongStep, type LeafDifference, type WrongStep } from '../dispute/wrong-step.ts';
import { ownSteps } from '../node/agreement.ts';
import { decodeBodyIndex } from '../node/body/receipts.ts';
import { deriveBatch, requireObject } from '../node/l1/derive.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import { KIND } from '../protocol/constants.ts';
import type { Hex } from '../protocol/hex.ts';
import { type StepSinceGenesis, sinceGenesis } from '../protocol/step-numbers.ts';
import { numberKey } from '../service/storage/store.ts';
import { fetchStepList } from './step-list.ts';

/** A step list that is not what the messages give. */
export type AssertionFault = {
  readonly assertion: AssertionRecord;
  /** The assertion's number among all. Genesis is 0. */
  readonly number: bigint;
  /** Where the step list is wrong. It is undefined if DA does not give the list. */
  readonly place: FaultPlace | undefined;
};

export type FaultPlace =
  /** The assertion begins with a state that is not ours: the fault is its parent's. */
  | (LeafDifference & { readonly kind: 'start' })
  | (WrongStep & {
      readonly kind: 'step';
      readonly sinceGenesis: StepSinceGenesis;
      readonly batch: bigint;
      /** The message's index in its batch. */
      readonly message: number;
      readonly messageKind: string;
    });

export type CheckedAssertion =
  | { readonly kind: 'agrees'; readonly number: bigint; readonly assertion: AssertionRecord }
  /**
   * A batch of the assertion, or one before it, became void after the assertion was made. It is about messages that do
   * not count, and is never confirmed.
   */
  | { readonly kind: 'moot'; readonly number: bigint; readonly assertion: AssertionRecord }
  | { readonly kind: 'fault'; readonly fault: AssertionFault };

export type Checker = {
  /** Checks the next assertion. The result is undefined if there is none, or if we have not executed that far. */
  checkNext(): Promise<CheckedAssertion | undefined>;
  /** Marks a wrong assertion as checked, so that the next one is checked: the caller deals with the wrong one. */
  pass(fault: AssertionFault): Promise<void>;
  /** Assertions checked since genesis. */
  count(): bigint;
};

type Seal = { readonly id: Hex; readonly fingerprint: Hex };

/** The store remembers what was checked. An assertion that a reorganisation of L1 changes is checked again. */
export async function openChecker(node: NetworkNode): Promise<Checker> {
  const { store, mirror, verdictOf } = node;
  const table = store.table<Seal>('checked');
  let count = 0n;
  for await (const [key] of table.entries({ reverse: true, limit: 1 })) count = BigInt(`0x${key}`) + 1n;

  const sealOf = async ({ id, post }: AssertionRecord): Promise<Seal> => {
    const last = post.batch === 0n ? undefined : await mirror.batch(post.batch - 1n);
    return { id, fingerprint: last?.fingerprint ?? '0x' };
  };
  const assertionAt = async (n: bigint): Promise<AssertionRecord | undefined> => {
    for await (const record of mirror.assertions(n)) return record;
    return undefined;
  };

  async function goBack(): Promise<void> {
    while (count > 0n) {
      const [sealed, record] = await Promise.all([table.get(numberKey(count - 1n)), assertionAt(count - 1n)]);
      const seal = record === undefined ? undefined : await sealOf(record);
      if (sealed?.id === seal?.id && sealed?.fingerprint === seal?.fingerprint) return;
      await store.write([table.delete(numberKey(count - 1n))]);
      count -= 1n;
    }
  }

  async function markChecked(seal: Seal): Promise<void> {
    await store.write([table.put(numberKey(count), seal)]);
    count += 1n;
  }

  return {
    count: () => count,
    async checkNext() {
      await goBack();
      const assertion = await assertionAt(count);
      if (assertion === undefined) return undefined;
      const seal = await sealOf(assertion);
      const number = count;
      if (mirror.isVoided(0n, assertion.post.batch, number)) {
        await markChecked(seal);
        return { kind: 'moot', number, assertion };
      }
      const verdict = await verdictOf(assertion);
      if (verdict === 'unknown') return undefined;
      if (verdict === 'differs') return { kind: 'fault', fault: await locate(node, assertion, count) };
      await markChecked(seal);
      return { kind: 'agrees', number, assertion };
    },
    async pass({ assertion }) {
      await markChecked(await sealOf(assertion));
    },
  };
}

async function locate(node: NetworkNode, assertion: AssertionRecord, number: bigint): Promise<AssertionFault> {
  const parent = await node.mirror.assertion(assertion.parent);
  if (parent === undefined) throw new Error(`assertion ${assertion.id} has an unknown parent`);
  const claimed = await fetchStepList(node, assertion);
  if (claimed === undefined) return { assertion, number, place: undefined };
  const own = await ownSteps(node.execution, parent, assertion);
  const found = own === undefined ? undefined : findWrongStep(claimed, own);
  if (found === undefined || found.kind === 'equal')
    throw new Error(`assertion ${assertion.id} differs, but none of its leaves does`);
  if (found.kind === 'start') return { assertion, number, place: { kind: 'start', ...found.difference } };
  const step = sinceGenesis(found.wrong.step, parent.post.step);
  const message = await messageOf(node, assertion, step);
  return { assertion, number, place: { kind: 'step', ...found.wrong, sinceGenesis: step, ...message } };
}

async function messageOf(node: NetworkNode, assertion: AssertionRecord, step: StepSinceGenesis) {
  for (let index = assertion.firstBatch; index < assertion.post.batch; index++) {
    const executed = await node.execution.batch(index);
    const batch = await node.mirror.batch(index);
    if (executed === undefined || batch === undefined) throw new Error(`batch ${index} was not executed`);
    if (step > executed.toStep) continue;
    const message = Number(step - executed.fromStep) - 1;
    const received = (await deriveBatch(node.mirror, node.objects, batch))[message]?.message;
    return { batch: index, message, messageKind: kindOf(received?.bytes) };
  }
  throw new Error(`step ${step} is in no batch of assertion ${assertion.id}`);
}

function kindOf(message: Uint8Array | undefined): string {
  const entry = Object.entries(KIND).find(([, kind]) => kind === message?.[0]);
  return entry?.[0] ?? (message?.length ? `unknown kind 0x${message[0]?.toString(16)}` : 'empty message');
}

export function describeFault(fault: AssertionFault): string {
  const { number, assertion, place } = fault;
  if (place === undefined)
    return `assertion ${number} by ${assertion.asserter} is wrong: its step root is not ours, and DA does not give its step list`;
  const difference = describeDifference(place);
  if (place.kind === 'start')
    return `assertion ${number} by ${assertion.asserter} begins with a wrong state, its parent's last one: ${difference}`;
  const { step, sinceGenesis, batch, message, messageKind } = place;
  const where = `step ${step} of assertion ${number} (step ${sinceGenesis} since genesis, message ${message} of batch ${batch}, ${messageKind})`;
  return `${where} by ${assertion.asserter} is wrong: ${difference}`;
}

/** The reason why the body is not whole on DA, or undefined if it is. L1 cannot judge this as a fault. */
export async function bodyProblem(node: NetworkNode, assertion: AssertionRecord): Promise<string | undefined> {
  const named = assertion.objects[0];
  if (named === undefined) return 'the claim names no body';
  try {
    const index = decodeBodyIndex(await requireObject(node.objects, named, 'The index of the body'));
    const steps = index.chunks.reduce((sum, chunk) => sum + chunk.steps, 0);
    if (index.stepRoot !== assertion.stepRoot) return `the body is that of step root ${index.stepRoot}`;
    return steps === assertion.stepCount ? undefined : `the body has ${steps} steps, not ${assertion.stepCount}`;
  } catch (error) {
    return (error as Error).message;
  }
}
