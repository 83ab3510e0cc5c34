// docs/rpc.md#mizu_getAssertions: what was asserted behind a step, however long the chain is.
import type { Mirror } from '../../node/l1/mirror.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { MethodContext } from './json-rpc.ts';

type Source = Pick<Mirror, 'assertions' | 'attestations' | 'head'>;

const MAX_ASSERTIONS = 1_000;
const ASSERTIONS_A_SLICE = 256;

export async function queryAssertions(mirror: Source, afterStep: number, outside: MethodContext['outside']) {
  const list = [];
  for await (const assertion of sliced(mirror.assertions(await lastConfirmed(mirror, afterStep)), outside)) {
    const { id, parent, firstBatch, stepRoot, stepCount, post, status } = assertion;
    const { transaction, confirmedBy = null, asserter, objects } = assertion;
    const toStep = Number(post.step);
    if (toStep <= afterStep && toStep > 0) continue;
    list.push({
      id,
      parent,
      fromBatch: Number(firstBatch),
      toBatch: Number(post.batch),
      fromStep: toStep - stepCount,
      toStep,
      stepRoot,
      stateRoot: post.stateRoot,
      status,
      l1Transaction: transaction,
      confirmedBy,
      attested: await describeAttested(mirror, id),
      asserter,
      objects,
    });
    if (list.length >= MAX_ASSERTIONS) break;
  }
  return list;
}

/**
 * The place of the last confirmed assertion that ends at the step or before it. Confirmed ones build on each other, so
 * their steps rise with their places, and a search by halves finds it; others may lie between them.
 */
async function lastConfirmed(mirror: Source, step: number): Promise<bigint> {
  // Genesis is confirmed, and ends before the first step.
  let from = 0n;
  let to = step === 0 ? 1n : (await mirror.head()).assertions;
  while (to - from > 1n) {
    const middle = (from + to) / 2n;
    const found = await confirmedIn(mirror, middle, to);
    if (found === undefined || found.post.step > BigInt(step)) to = middle;
    else from = found.place;
  }
  return from;
}

async function confirmedIn(mirror: Source, from: bigint, to: bigint) {
  for await (const assertion of mirror.assertions(from)) {
    if (assertion.place >= to) return undefined;
    if (assertion.status === 'confirmed') return assertion;
  }
  return undefined;
}

/** The time slice is given up now and then: many may be passed over. */
async function* sliced<One>(all: AsyncIterable<One>, outside: MethodContext['outside']): AsyncGenerator<One> {
  let looked = 0;
  for await (const one of all) {
    looked += 1;
    if (looked % ASSERTIONS_A_SLICE === 0) await outside(() => undefined);
    yield one;
  }
}

/** Null while less than two thirds of the stake have attested it. */
async function describeAttested(mirror: Source, id: Hex) {
  const record = await mirror.attestations(id);
  if (record?.attested === undefined) return null;
  const { attested, attesters, weight, totalWeight } = record;
  const stakes = { weight: String(weight), totalWeight: String(totalWeight), attesters: attesters.length };
  return { l1Transaction: attested.transaction, l1Block: Number(attested.block), ...stakes };
}
