// docs/court.md#samples: what L1's order says about an item: what was signed before it, what nobody could foresee, and
// what its model was then.
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { deriveBatch } from '../../node/l1/derive.ts';
import type { MessagePlace } from '../../node/l1/message-place.ts';
import type { BatchRecord } from '../../node/l1/mirror.ts';
import type { NetworkNode } from '../../node/node.ts';
import { gatewayRegistryAbi } from '../../protocol/generated/abi.ts';
import { bytesToHex, concatBytes, type Hex, hexToBytes, isSameAddress } from '../../protocol/hex.ts';
import { encodeInferenceItem, type InferenceItem } from '../../protocol/inference.ts';
import { keccak, type ObjectRef } from '../../protocol/tree.ts';

export type SignedItems = {
  /** Items of the same gateway and model that stand before this one, the nearest first. */
  before(item: InferenceItem, place: MessagePlace): AsyncGenerator<InferenceItem>;
  /** Known to nobody when the gateway signed: of the hash of the L1 block that took the batch. */
  seedOf(item: InferenceItem, place: MessagePlace): Promise<Uint8Array>;
  /** The manifest that the model had for the message. */
  manifestOf(model: Hex, place: MessagePlace): Promise<ObjectRef>;
};

/** So many batches are looked through, and so many items told. */
const MAX_BATCHES = 1_024n;
const MAX_ITEMS = 64;

export function createSignedItems(
  node: Pick<NetworkNode, 'mirror' | 'objects' | 'l1'>,
  { gatewayRegistry }: Pick<ContractAddresses, 'gatewayRegistry'>,
): SignedItems {
  const { client } = node.l1;

  async function requireBatch(index: bigint): Promise<BatchRecord> {
    const batch = await node.mirror.batch(index);
    if (batch === undefined) throw new Error(`batch ${index} has an item that is judged, and is not there`);
    return batch;
  }

  /** The messages of a batch up to one, the last first. */
  async function resultsOf(index: bigint, last?: number) {
    const steps = await deriveBatch(node.mirror, node.objects, await requireBatch(index));
    return steps
      .slice(0, last === undefined ? undefined : last + 1)
      .reverse()
      .flatMap(({ message: { message } }) => (message?.kind === 'InferenceResult' ? [message] : []));
  }

  return {
    async *before(item, { batch, message }) {
      const [own, ...sameBatch] = await resultsOf(batch, message);
      if (own === undefined) return;
      const at = own.items.findIndex((one) => hexOf(one) === hexOf(item));
      let told = 0;
      const isAlike = (one: InferenceItem) => one.model === item.model && told++ < MAX_ITEMS;
      yield* own.items.slice(0, Math.max(0, at)).reverse().filter(isAlike);
      const least = batch > MAX_BATCHES ? batch - MAX_BATCHES : 0n;
      for (let index = batch; index >= least && told < MAX_ITEMS; index--) {
        for (const one of index === batch ? sameBatch : await resultsOf(index))
          if (isSameAddress(one.gateway, own.gateway)) yield* [...one.items].reverse().filter(isAlike);
      }
    },
    async seedOf(item, { batch }) {
      const { block } = await requireBatch(batch);
      const { hash } = await client.getBlock({ blockNumber: block });
      return keccak(concatBytes([hexToBytes(hash), encodeInferenceItem(item)]));
    },
    async manifestOf(model, { batch, message }) {
      const { delayedFrom, delayedUpTo } = await requireBatch(batch);
      const isDelayed = BigInt(message) < delayedUpTo - delayedFrom;
      const told = isDelayed ? delayedFrom + BigInt(message) : delayedUpTo;
      const { manifest } = await client.readContract({
        address: gatewayRegistry,
        abi: gatewayRegistryAbi,
        functionName: 'modelAfter',
        args: [model, told],
      });
      return { root: manifest.root, length: Number(manifest.length) };
    },
  };
}

function hexOf(item: InferenceItem): Hex {
  return bytesToHex(encodeInferenceItem(item));
}
