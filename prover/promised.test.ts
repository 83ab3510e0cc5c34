// docs/prover.md#promised: which batches L1 still takes, asked once a batch.
import { beforeEach, expect, test } from 'vitest';
import type { BatchRecord } from '../node/l1/mirror.ts';
import { type Address, type Hex, ZERO_HASH } from '../protocol/hex.ts';
import { createPromisedBatches, MAX_RANGE_BATCHES, NO_EXPIRY } from './promised.ts';

const LONGEST = 1_000n;
const ROOT: Hex = `0x${'11'.repeat(32)}`;
const address = `0x${'22'.repeat(20)}` as Address;

type Fake = { expiry: bigint; root?: Hex; isVoid?: boolean; transaction?: Hex };
let batches: Fake[];
let asked: number[];

beforeEach(() => {
  batches = [];
  asked = [];
});

function create() {
  const client = {
    readContract: async ({ functionName, args }: { functionName: string; args?: readonly bigint[] }) => {
      if (functionName === 'contestSeconds') return LONGEST;
      asked.push(Number(args![0]));
      return batches[Number(args![0])]!.expiry;
    },
  };
  const mirror = {
    batch: async (index: bigint) => {
      const batch = batches[Number(index)];
      if (batch === undefined) return undefined;
      const { root = ROOT, isVoid = false, transaction = ROOT } = batch;
      const fingerprint = JSON.stringify(batches.slice(0, Number(index) + 1).map((b) => [b.isVoid, b.transaction]));
      return { objectRoot: root, isVoid, transaction, fingerprint } as BatchRecord;
    },
  };
  return createPromisedBatches({ l1: { client }, mirror } as never, { inbox: address, rollup: address });
}

test('a range ends before the first batch that would be promised too shortly when it is mined', async () => {
  batches = [{ expiry: 5_000n }, { expiry: 4_000n }, { expiry: 5_000n }];
  const promised = create();
  expect(await promised.assertableTo(0n, 3n, 2_000n)).toBe(3n);
  // Two minutes are left for publishing and mining.
  expect(await promised.assertableTo(0n, 3n, 2_880n)).toBe(3n);
  expect(await promised.assertableTo(0n, 3n, 2_881n)).toBe(1n);
  expect(await promised.lapsed(0n, 3n, 3_000n)).toBeUndefined();
  expect(await promised.lapsed(0n, 3n, 3_001n)).toEqual({ first: 1n, end: 2n });
  expect(asked.sort()).toEqual([0, 1, 2]);
});

test('what has no bytes, or has lost them already, is promised for ever', async () => {
  batches = [{ expiry: 0n, root: ZERO_HASH }, { expiry: 0n, isVoid: true }, { expiry: 5_000n }];
  const promised = create();
  expect(await promised.assertableTo(0n, 3n, 3_000n)).toBe(3n);
  expect(await promised.lapsed(0n, 3n, 9_000n)).toEqual({ first: 2n, end: 3n });
});

test('what L1 calls void and was not followed yet is neither asserted nor made void once more', async () => {
  batches = [{ expiry: 5_000n }, { expiry: NO_EXPIRY }, { expiry: 5_000n }];
  const promised = create();
  expect(await promised.assertableTo(0n, 3n, 1_000n)).toBe(1n);
  expect(await promised.lapsed(0n, 3n, 1_000n)).toBeUndefined();
  batches[1]!.isVoid = true;
  expect(await promised.assertableTo(0n, 3n, 1_000n)).toBe(3n);
});

test('lapsed batches are named as many as one call takes, wherever they begin, and the others are not read again', async () => {
  const [good, bad] = [50_000n, 2_000n];
  batches = Array.from({ length: 1_000 }, (_, i) => ({ expiry: i === 300 || (i >= 310 && i < 700) ? bad : good }));
  const promised = create();
  const most = BigInt(MAX_RANGE_BATCHES);
  expect(await promised.lapsed(0n, 1_000n, 1_500n)).toEqual({ first: 300n, end: 300n + most });
  for (let i = 300; i < 556; i++) if (batches[i]!.expiry === bad) batches[i]!.isVoid = true;
  expect(await promised.lapsed(0n, 1_000n, 1_500n)).toEqual({ first: 556n, end: 700n });
  for (let i = 556; i < 700; i++) batches[i]!.isVoid = true;
  expect(await promised.lapsed(0n, 1_000n, 1_500n)).toBeUndefined();
  expect(new Set(asked).size).toBe(asked.length);
  // A new batch is posted, and a reorganisation has posted another one anew.
  batches.push({ expiry: bad });
  expect(await promised.lapsed(0n, 1_001n, 1_500n)).toEqual({ first: 1_000n, end: 1_001n });
  batches[5] = { expiry: bad, transaction: ZERO_HASH };
  expect(await promised.lapsed(0n, 1_000n, 1_500n)).toEqual({ first: 5n, end: 6n });
});
