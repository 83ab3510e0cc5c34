// docs/attestations.md#lot: whom the lot falls on, as L1 draws it.
import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem';
import type { NetworkNode } from '../../node/node.ts';
import type { Address, Hex } from '../../protocol/hex.ts';

const LOT = parseAbiParameters('bytes32 lot, bytes32 assertion, address attester');
/** Blocks whose hashes L1 knows. */
const KNOWN_HASHES = 256n;

/** `lot`: the hash of the block after that in which the attester was recorded. `odds`: one in so many is drawn. */
export function isDrawn(lot: Hex, assertion: Hex, attester: Address, odds: bigint): boolean {
  return BigInt(keccak256(encodeAbiParameters(LOT, [lot, assertion, attester]))) % odds === 0n;
}

export type Lottery = {
  /**
   * The lot of who was recorded in this block. It is undefined before the next block is mined, and when L1 knows its
   * hash no more.
   */
  lotOf(recordedBlock: bigint): Promise<Hex | undefined>;
};

export function createLottery({ l1, mirror }: Pick<NetworkNode, 'l1' | 'mirror'>): Lottery {
  /** Hashes by the number of their blocks, as long as L1 has taken no block back. */
  const hashes = new Map<bigint, Hex>();
  return {
    async lotOf(recordedBlock) {
      const drawn = recordedBlock + 1n;
      const blocks = mirror.known();
      const head = blocks.at(-1)?.number ?? 0n;
      if (head < drawn || head >= drawn + KNOWN_HASHES) return undefined;
      // The mirror takes back what L1 takes back, and it remembers the latest blocks that it has read.
      const read = blocks.findLast(({ number }) => number === drawn)?.hash ?? hashes.get(drawn);
      if (read !== undefined) return read;
      const { hash } = await l1.client.getBlock({ blockNumber: drawn });
      for (const number of hashes.keys()) if (number + KNOWN_HASHES <= head) hashes.delete(number);
      hashes.set(drawn, hash);
      return hash;
    },
  };
}
