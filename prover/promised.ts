// docs/prover.md#promised: until when the bytes of batches are promised, hence which of them L1 still lets anybody assert.
import type { ContractAddresses } from '../contracts/deploy.ts';
import type { NetworkNode } from '../node/node.ts';
import { inboxAbi, rollupAbi } from '../protocol/generated/abi.ts';
import { type Hex, ZERO_HASH } from '../protocol/hex.ts';

/** A range `[first, end)` of batches, all of which one call of `voidBatches` looks at. */
export type Lapsed = { readonly first: bigint; readonly end: bigint };

export type PromisedBatches = {
  /** The first batch of `[from, to)` that L1 would not take in an assertion that is sent now; `to` if there is none. */
  assertableTo(from: bigint, to: bigint, headSeconds: bigint): Promise<bigint>;
  /**
   * The first batches of `[from, to)` that can never be asserted any more. The result is undefined if there are none.
   */
  lapsed(from: bigint, to: bigint, headSeconds: bigint): Promise<Lapsed | undefined>;
};

/**
 * `MAX_BATCHES` of contracts/src/PromisedBatches.sol: the most batches of an assertion, and of one call of
 * `voidBatches`.
 */
export const MAX_RANGE_BATCHES = 256;
/** The expiry that the Inbox tells of a batch without bytes that could be lost. */
export const NO_EXPIRY = 2n ** 64n - 1n;
/** The time for publishing the body and for the transaction to be mined. */
const MARGIN_SECONDS = 120n;
const READ_AT_ONCE = 64n;

type Known = { readonly transaction: Hex; readonly expiry: bigint };
/** None of `[from, upTo)` lapses before `least`, as long as the batch before `upTo` has this fingerprint. */
type Clear = { readonly from: bigint; readonly upTo: bigint; readonly fingerprint: Hex; readonly least: bigint };

export function createPromisedBatches(
  { l1, mirror }: Pick<NetworkNode, 'l1' | 'mirror'>,
  contracts: Pick<ContractAddresses, 'inbox' | 'rollup'>,
): PromisedBatches {
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const known = new Map<bigint, Known>();
  let clear: Clear | undefined;
  let contestSeconds: bigint | undefined;

  const least = async (headSeconds: bigint): Promise<bigint> => {
    contestSeconds ??= await l1.client.readContract({ ...rollup, functionName: 'contestSeconds' });
    return headSeconds + contestSeconds;
  };

  // An expiry never changes, and a batch that a reorganisation has put in another's place has another transaction. The
  // result is undefined if L1 has made the batch void and we have not followed that yet: what we have executed of it is
  // out of date.
  async function expiryOf(index: bigint): Promise<bigint | undefined> {
    const batch = await mirror.batch(index);
    if (batch === undefined || batch.isVoid || batch.objectRoot === ZERO_HASH) return NO_EXPIRY;
    const { transaction } = batch;
    const before = known.get(index);
    if (before?.transaction === transaction) return before.expiry;
    const expiry = await l1.client.readContract({ ...inbox, functionName: 'expiryOf', args: [index] });
    if (expiry === NO_EXPIRY) return undefined;
    known.set(index, { transaction, expiry });
    return expiry;
  }

  async function expiries(from: bigint, to: bigint, ifVoid: bigint): Promise<bigint[]> {
    const indexes = Array.from({ length: Number(to - from) }, (_, i) => from + BigInt(i));
    return Promise.all(indexes.map(async (index) => (await expiryOf(index)) ?? ifVoid));
  }

  // The first batch of [from, to) that is promised for less long than `until`. `told` hears of every expiry in the
  // chunks before it.
  async function firstBefore(
    from: bigint,
    to: bigint,
    until: bigint,
    ifVoid: bigint,
    told: (expiry: bigint) => void = () => undefined,
  ): Promise<bigint> {
    for (let start = from; start < to; start += READ_AT_ONCE) {
      const chunk = await expiries(start, start + READ_AT_ONCE < to ? start + READ_AT_ONCE : to, ifVoid);
      const at = chunk.findIndex((expiry) => expiry < until);
      if (at >= 0) return start + BigInt(at);
      for (const expiry of chunk) told(expiry);
    }
    return to;
  }

  // After an outage there may be very many batches: those that were found clear are not read again.
  async function startOf(from: bigint, to: bigint, until: bigint): Promise<{ start: bigint; least: bigint }> {
    const nothing = { start: from, least: NO_EXPIRY };
    if (clear === undefined || clear.least < until || clear.from > from || clear.upTo <= from || clear.upTo > to)
      return nothing;
    const last = await mirror.batch(clear.upTo - 1n);
    return last?.fingerprint === clear.fingerprint ? { start: clear.upTo, least: clear.least } : nothing;
  }

  return {
    assertableTo: async (from, to, headSeconds) =>
      firstBefore(from, to, (await least(headSeconds)) + MARGIN_SECONDS, 0n),
    async lapsed(from, to, headSeconds) {
      for (const index of known.keys()) if (index < from) known.delete(index);
      const until = await least(headSeconds);
      let { start, least: earliest } = await startOf(from, to, until);
      const first = await firstBefore(start, to, until, NO_EXPIRY, (expiry) => {
        if (expiry < earliest) earliest = expiry;
      });
      if (first === to) {
        const last = to === 0n ? undefined : await mirror.batch(to - 1n);
        clear = last === undefined ? undefined : { from, upTo: to, fingerprint: last.fingerprint, least: earliest };
        return undefined;
      }
      const limit = first + BigInt(MAX_RANGE_BATCHES);
      const range = await expiries(first, limit < to ? limit : to, NO_EXPIRY);
      return { first, end: first + BigInt(range.findLastIndex((expiry) => expiry < until)) + 1n };
    },
  };
}
