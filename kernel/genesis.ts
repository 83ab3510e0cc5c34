// docs/kernel.md#genesis: the first state leaf, from the network's configuration.
import { MAX_GAS_PRICE } from '../protocol/constants.ts';
import { bytesToHex, type Hex, ZERO_HASH } from '../protocol/hex.ts';
import { encodeStateLeaf } from '../protocol/state.ts';
import { committeeKey, configKey, feesKey, gatewayKey, modelKey } from './keys.ts';
import { openStateTrie } from './node-db.ts';
import {
  type CommitteeRecord,
  type ConfigRecord,
  committeeRecord,
  configRecord,
  feesRecord,
  gatewayRecord,
  type ModelRecord,
  modelRecord,
} from './records.ts';

export type GenesisConfig = ConfigRecord & {
  readonly committee: CommitteeRecord;
  readonly models?: readonly (ModelRecord & { readonly id: Hex })[];
  readonly gateways?: readonly Hex[];
};

export type Genesis = {
  /** 128 bytes: docs/messages.md#leaf. */
  readonly stateLeaf: Uint8Array;
  readonly stateRoot: Hex;
  readonly nodes: ReadonlyMap<Hex, Uint8Array>;
};

/**
 * A function of the configuration alone: models and gateways may come in any order.
 * @throws Error if the least price of gas has more than 96 bits: no message could offer it
 */
export async function createGenesis(config: GenesisConfig): Promise<Genesis> {
  if (config.minGasPrice > MAX_GAS_PRICE) throw new Error(`minGasPrice is below 2^96 wei, not ${config.minGasPrice}`);
  const nodes = new Map<Hex, Uint8Array>();
  const trie = await openStateTrie({
    get: (hash) => nodes.get(hash),
    put: (hash, node) => void nodes.set(hash, node),
    delete: (hash) => void nodes.delete(hash),
  });
  await trie.put(configKey(), configRecord.encode(config));
  await trie.put(committeeKey(), committeeRecord.encode(config.committee));
  // The Bridge takes proofs of inclusion only, so the record is there from the start: the first range's fees are
  // counted from it.
  await trie.put(feesKey(), feesRecord.encode({ fees: 0n }));
  for (const model of config.models ?? []) await trie.put(modelKey(model.id), modelRecord.encode(model));
  for (const gateway of config.gateways ?? []) {
    await trie.put(gatewayKey(gateway), gatewayRecord.encode({ active: true, nonce: 0n }));
  }
  const stateRoot = bytesToHex(trie.root());
  const stateLeaf = encodeStateLeaf({ stateRoot, receiptHash: ZERO_HASH, batch: 0n, message: 0n, step: 0n });
  return { stateLeaf, stateRoot, nodes };
}
