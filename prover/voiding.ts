// docs/prover.md#promised: batches that can never be asserted any more are made void, by one executor and not by all at once.

import type { ContractAddresses } from '../contracts/deploy.ts';
import type { Tip } from '../node/agreement.ts';
import type { NetworkNode } from '../node/node.ts';
import { inboxAbi, rollupAbi } from '../protocol/generated/abi.ts';
import { type Address, isSameAddress } from '../protocol/hex.ts';
import type { Sender } from '../service/l1/send.ts';
import { type Lapsed, NO_EXPIRY, type PromisedBatches } from './promised.ts';

export type Voided = Lapsed & { readonly gasUsed: bigint };

export type Voider = {
  /**
   * Makes batches void if some can never be asserted, no assertion stands that may be about them, and it is our turn.
   * The result is 'due' if it is somebody else's turn, or has just been done: what was asserted now would only be in
   * the way.
   */
  voidNext(found: Tip, headSeconds: bigint): Promise<Voided | 'due' | undefined>;
};

export function createVoider(
  node: NetworkNode,
  contracts: ContractAddresses,
  sender: Sender,
  promised: PromisedBatches,
): Voider {
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const { client } = node.l1;
  /** Since when, by L1's clock, we know that the batches from `first` on are to be made void. */
  let seen: { readonly first: bigint; readonly atSeconds: bigint } | undefined;

  // The leader acts at once, the next in the rotation a turn later, and so on.
  async function waitSeconds(batch: bigint): Promise<bigint> {
    const [leader, places, leaderSeconds] = await Promise.all([
      client.readContract({ ...rollup, functionName: 'leaderOf', args: [batch] }),
      client.readContract({ ...rollup, functionName: 'places' }),
      client.readContract({ ...rollup, functionName: 'leaderSeconds' }),
    ]);
    const count = places.length;
    if (count === 0) return 0n;
    const placeOf = (account: Address) => places.findIndex((place) => isSameAddress(place.account, account));
    const own = placeOf(sender.address);
    // After a long outage L1 does not know any more whose turn it was.
    const first = placeOf(leader) < 0 ? Number(batch % BigInt(count)) : placeOf(leader);
    const turns = own < 0 ? count : (own - first + count) % count;
    return leaderSeconds * BigInt(turns);
  }

  return {
    async voidNext({ tip, children }, headSeconds) {
      const { latestConfirmed, batches } = await node.mirror.head();
      if (tip.id !== latestConfirmed || children.size > 0) return undefined;
      const lapsed = await promised.lapsed(tip.post.batch, batches, headSeconds);
      if (lapsed === undefined) {
        seen = undefined;
        return undefined;
      }
      const { first, end } = lapsed;
      const child = await client.readContract({ ...rollup, functionName: 'lastChildOf', args: [tip.id] });
      if (BigInt(child) !== 0n) return undefined;
      if (seen?.first !== first) seen = { first, atSeconds: headSeconds };
      if (headSeconds < seen.atSeconds + (await waitSeconds(tip.post.batch))) return 'due';
      const sent = await sender.sendAndWait({
        ...rollup,
        functionName: 'voidBatches',
        args: [first, end],
        isDone: async () =>
          (await client.readContract({ ...inbox, functionName: 'expiryOf', args: [first] })) === NO_EXPIRY,
      });
      // Somebody else has done it, or we have and do not follow L1 that far yet.
      return sent.kind === 'mined' ? { first, end, gasUsed: sent.receipt.gasUsed } : 'due';
    },
  };
}
