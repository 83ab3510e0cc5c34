// docs/prover.md#fees: claims the fees of our confirmed assertions, each once, and has them paid out.
import type { ContractAddresses } from '../contracts/deploy.ts';
import { feesKey } from '../kernel/keys.ts';
import { feesRecord } from '../kernel/records.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import { createStateProof } from '../node/proof.ts';
import { bridgeAbi } from '../protocol/generated/abi.ts';
import { bytesToHex, type Hex, isSameAddress } from '../protocol/hex.ts';
import type { Sender } from '../service/l1/send.ts';

export type FeeClaimer = {
  /** Sends at most one claim. The result is the fees of its range, or undefined if there is nothing to claim. */
  claimNext(): Promise<{ id: Hex; feesWei: bigint } | undefined>;
  /** Has the Bridge pay what we have earned, if it is at least `leastWei`. The result is what was paid, in wei. */
  payOut(leastWei: bigint): Promise<bigint>;
};

const CURSOR = 'next';

export function createFeeClaimer(node: NetworkNode, contracts: ContractAddresses, sender: Sender): FeeClaimer {
  const bridge = { address: contracts.bridge, abi: bridgeAbi } as const;
  /**
   * The number of the next assertion to look at. Every one before it is settled: claimed, not ours, or never to be
   * confirmed.
   */
  const cursor = node.store.table<bigint>('fees-cursor');
  const isClaimed = (id: Hex) => node.l1.client.readContract({ ...bridge, functionName: 'feesClaimed', args: [id] });

  async function claim(assertion: AssertionRecord): Promise<bigint | undefined> {
    const parent = await node.mirror.assertion(assertion.parent);
    if (parent === undefined) throw new Error(`assertion ${assertion.id} has an unknown parent`);
    const [before, after] = await Promise.all([feesAt(node, parent), feesAt(node, assertion)]);
    // The Bridge takes a proof that a record is there. It takes no proof that a record is missing.
    if (before === undefined || after === undefined || after.total === before.total) return undefined;
    if (await isClaimed(assertion.id)) return undefined;
    await sender.sendAndWait({
      ...bridge,
      functionName: 'claimFees',
      args: [assertion.id, before.total, before.proof, after.total, after.proof],
      isDone: () => isClaimed(assertion.id),
    });
    return after.total - before.total;
  }

  return {
    async claimNext() {
      let next = (await cursor.get(CURSOR)) ?? 0n;
      for await (const assertion of node.mirror.assertions(next)) {
        if (assertion.status === 'pending') return undefined;
        const ours = isSameAddress(assertion.asserter, sender.address);
        const feesWei = ours && assertion.status === 'confirmed' ? await claim(assertion) : undefined;
        next += 1n;
        await node.store.write([cursor.put(CURSOR, next)]);
        if (feesWei !== undefined) return { id: assertion.id, feesWei };
      }
      return undefined;
    },
    async payOut(leastWei) {
      const owed = () => node.l1.client.readContract({ ...bridge, functionName: 'earningsOf', args: [sender.address] });
      const earned = await owed();
      if (earned === 0n || earned < leastWei) return 0n;
      await sender.sendAndWait({
        ...bridge,
        functionName: 'payEarnings',
        args: [sender.address],
        isDone: async () => (await owed()) === 0n,
      });
      return earned;
    },
  };
}

async function feesAt(
  node: NetworkNode,
  { post }: AssertionRecord,
): Promise<{ total: bigint; proof: Hex[] } | undefined> {
  const { value, nodes } = await createStateProof(node.nodes, post.stateRoot, feesKey());
  if (value === undefined) return undefined;
  return { total: feesRecord.decode(value).fees, proof: nodes.map(bytesToHex) };
}
