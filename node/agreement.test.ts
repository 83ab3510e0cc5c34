import { expect, test } from 'vitest';
import { hashContent } from '../contracts/claim.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { encodeStateLeaf } from '../protocol/state.ts';
import { hashLeaf } from '../protocol/tree.ts';
import { type AgreementVerdict, findTip } from './agreement.ts';
import type { AssertionRecord, Mirror } from './l1/mirror.ts';

const hex = (byte: string, bytes = 32): Hex => `0x${byte.repeat(bytes)}`;
const [OURS, THEIRS]: Address[] = [hex('aa', 20), hex('bb', 20)];
const GENESIS_ID = hex('01');

function claim(fields: Partial<AssertionRecord>, batch: bigint): AssertionRecord {
  const post = { stateRoot: hex('02'), receiptHash: hex('03'), batch, message: 0n, step: batch };
  const own = { place: batch, stepRoot: hex('04'), stepCount: 1, firstBatch: 0n, objects: [], transaction: hex('05') };
  return { id: hex('06'), parent: GENESIS_ID, asserter: THEIRS as Address, post, status: 'pending', ...own, ...fields };
}

const GENESIS = claim({ id: GENESIS_ID, parent: hex('00') }, 0n);

function attempt(number: number, asserter = THEIRS as Address, batch = 1n): AssertionRecord {
  const made = claim({ asserter, place: BigInt(number + 1) }, batch);
  return { ...made, id: hashContent({ ...made, leafHash: hashLeaf(encodeStateLeaf(made.post)) }, number) };
}

function tipOf(pending: AssertionRecord[], ...abandoned: AssertionRecord[]) {
  return tipBy(async () => 'agrees', pending, ...abandoned);
}

async function tipBy(
  verdictOf: (assertion: AssertionRecord) => Promise<AgreementVerdict>,
  pending: AssertionRecord[],
  ...abandoned: AssertionRecord[]
) {
  const mirror = {
    head: async () => ({ latestConfirmed: GENESIS.id }),
    assertion: async () => GENESIS,
    pending: async () => pending,
  } as unknown as Mirror;
  const ids = new Set(abandoned.map(({ id }) => id));
  const found = await findTip({ mirror, verdictOf, abandoned: ids, account: OURS as Address });
  if (found === undefined) return undefined;
  const { children, ...built } = found;
  expect([...children]).toEqual(pending.filter(({ parent }) => parent === found.tip.id).map(({ id }) => id));
  return built;
}

test('what may be lost by silence is asserted again, once, and the other attempt is built on', async () => {
  const [first, second] = [attempt(0), attempt(1, OURS)];
  expect(await tipOf([first])).toEqual({ tip: first });
  expect(await tipOf([first], first)).toEqual({ tip: GENESIS, again: first });
  expect(await tipOf([first, second], first)).toEqual({ tip: second });
  expect(await tipOf([first, second], first, second)).toEqual({ tip: second });
});

test('nobody makes another attempt of his own assertion, and he builds on that of others', async () => {
  const [first, second] = [attempt(0, OURS), attempt(1)];
  expect(await tipOf([first], first)).toEqual({ tip: first });
  expect(await tipOf([first, second], first)).toEqual({ tip: second });
});

test('of attempts that are both defended the first is built on', async () => {
  const [first, second, third] = [attempt(0), attempt(1), attempt(2)];
  for (const order of [
    [first, second, third],
    [third, second, first],
    [second, third, first],
  ])
    expect(await tipOf(order)).toEqual({ tip: first });
});

test('of true ranges the one is built on that came first, unless it may be lost: L1 confirms no later one', async () => {
  const [short, long] = [attempt(0), { ...attempt(0, THEIRS, 2n), place: 2n }];
  expect(await tipOf([long, short])).toEqual({ tip: short });
  expect(await tipOf([long, { ...short, place: 3n }])).toEqual({ tip: long });
  expect(await tipOf([long, short], short)).toEqual({ tip: long });
  expect(await tipOf([long, short], short, long)).toEqual({ tip: GENESIS, again: short });
});

test('nothing is built beside an assertion that goes further than we have executed', async () => {
  const [ours, further] = [attempt(0, OURS), claim({ id: hex('07'), parent: attempt(0, OURS).id }, 9n)];
  const until = async ({ post }: AssertionRecord): Promise<AgreementVerdict> =>
    post.batch > 1n ? 'unknown' : 'agrees';
  expect(await tipBy(until, [ours])).toEqual({ tip: ours });
  expect(await tipBy(until, [ours, further])).toBeUndefined();
  const differs = async ({ post }: AssertionRecord): Promise<AgreementVerdict> =>
    post.batch > 1n ? 'differs' : 'agrees';
  expect(await tipBy(differs, [ours, further])).toEqual({ tip: ours });
});
