// docs/operations.md#l1: the nonces of one account: which L1 has used, which are held, and which nobody fills.
import type { L1Account } from './l1.ts';

export type Nonces = {
  /** The lowest that is neither used nor held; held from now on. */
  take(): Promise<number>;
  giveBack(nonce: number): void;
  /** How many L1 has used, as of a tenth of a second ago at most. */
  used(): Promise<number>;
  /** The lowest one below `nonce` that is neither used nor held, as `take`: while it is missing, `nonce` cannot be mined. */
  takeBelow(nonce: number, used: number): number | undefined;
  /** Of those that are held. */
  isLowest(nonce: number): boolean;
};

const FRESH_MS = 100;

export function createNonces({ client, address }: Pick<L1Account, 'client' | 'address'>): Nonces {
  const held = new Set<number>();
  let last: { readonly at: number; readonly count: Promise<number> } | undefined;
  const used = (): Promise<number> => {
    if (last === undefined || Date.now() - last.at > FRESH_MS)
      last = { at: Date.now(), count: client.getTransactionCount({ address, blockTag: 'latest' }) };
    return last.count;
  };
  const lowestFrom = (start: number): number => {
    let nonce = start;
    while (held.has(nonce)) nonce++;
    return nonce;
  };
  return {
    used,
    async take() {
      const nonce = lowestFrom(await used());
      held.add(nonce);
      return nonce;
    },
    giveBack: (nonce) => void held.delete(nonce),
    takeBelow(nonce, usedNow) {
      const missing = lowestFrom(usedNow);
      if (missing >= nonce) return undefined;
      held.add(missing);
      return missing;
    },
    isLowest: (nonce) => nonce === Math.min(...held),
  };
}
