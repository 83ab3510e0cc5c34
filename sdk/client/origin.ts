// docs/sdk.md#origin: which network something was made on, beyond chain id and addresses, which a devnet that was started anew has again.
import type { Hex } from '../../protocol/hex.ts';
import { createRpcClient } from '../../service/http/client.ts';
import type { Network } from './network.ts';
import { waitOut } from './patience.ts';

/** Hash of the L1 block of the first contract, by L1 if an L1 node is named, else by the sequencer's word; undefined if neither tells. */
export async function readOrigin({ l1RpcUrl, chain, patience }: Network): Promise<Hex | undefined> {
  if (l1RpcUrl === undefined || chain.fromBlock === undefined) return chain.origin;
  const number = `0x${chain.fromBlock.toString(16)}`;
  const l1 = createRpcClient(l1RpcUrl);
  const block = await waitOut(l1RpcUrl, () => l1('eth_getBlockByNumber', [number, false]), patience);
  return (block as { hash: Hex } | null)?.hash;
}
