// docs/contracts.md#double-nonce: has a gateway slashed that has signed two batches with one nonce.
import { type Abi, hashTypedData } from 'viem';
import { gatewayRegistryAbi } from '../protocol/generated/abi.ts';
import { type Address, type Hex, hexToBytes, isSameAddress } from '../protocol/hex.ts';
import { recoverSigner } from '../protocol/signature.ts';
import { type Domain, TYPES } from '../protocol/typed-data.ts';
import type { ContractCall } from '../service/l1/call.ts';
import type { L1 } from '../service/l1/l1.ts';

/** What a gateway signs of a batch, and its signature. */
export type SignedBatchRoot = {
  readonly gateway: Address;
  readonly nonce: bigint;
  /** Object root of the items. */
  readonly itemsRoot: Hex;
  readonly signature: Hex;
};

/** `domain`: that of the GatewayRegistry. */
export function isSignedByGateway({ gateway, nonce, itemsRoot, signature }: SignedBatchRoot, domain: Domain): boolean {
  const message = { gateway, nonce, itemsRoot };
  const digest = hashTypedData({ domain, types: TYPES, primaryType: 'InferenceBatch', message });
  const signer = recoverSigner(hexToBytes(digest), hexToBytes(signature));
  return signer !== undefined && isSameAddress(signer, gateway);
}

/**
 * Proves that the gateway of the first has signed the second with the same nonce, but other items. Whoever sends the
 * proof gets half of the minimum stake. L1 refuses it with `ItemsAreEqual`, `WrongSigner`, `NonceSettled` or
 * `NothingAtStake`.
 */
export function proveDoubleNonce(
  { client }: Pick<L1, 'client'>,
  registry: Address,
  first: SignedBatchRoot,
  second: SignedBatchRoot,
): ContractCall {
  const contract = { address: registry, abi: gatewayRegistryAbi } as const;
  const { gateway, nonce } = first;
  return {
    ...contract,
    abi: contract.abi as Abi,
    functionName: 'proveDoubleNonce',
    args: [gateway, nonce, first.itemsRoot, first.signature, second.itemsRoot, second.signature],
    isDone: () => client.readContract({ ...contract, functionName: 'isSettled', args: [gateway, nonce] }),
  };
}
