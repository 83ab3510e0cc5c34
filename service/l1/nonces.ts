// docs/operations.md#l1: the nonces of one account: which ones L1 has used, which are held, and which are missing.
import type { L1Account } from './l1.ts';

export type Nonces = {
  /** Takes the lowest nonce that is neither used nor held. It is held from then on. */
  take(): Promise<number>;
  giveBack(nonce: number): void;
  /** How many nonces L1 has used. The answer is at most a tenth of a second old. */
  used(): Promise<number>;
  /**
   * Takes the lowest nonce below `nonce` that is neither used nor held: without it `nonce` cannot be mined. The result
   * is undefined if none is missing.
   */
  takeBelow(nonce: number, used: number): number | undefined;
  /** Whether this is the lowest nonce that is held. */
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
