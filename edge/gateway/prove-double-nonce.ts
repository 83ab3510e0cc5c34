// docs/contracts.md#double-nonce: has a gateway slashed that has signed two batches with one nonce.
import { gatewayRegistryAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { hashInferenceItems } from '../../protocol/inference.ts';
import type { ProtocolMessage } from '../../protocol/messages.ts';
import type { Sender, Sent } from '../../service/l1/send.ts';

/** As it stands in a batch of messages, or was sent to a sequencer. */
export type SignedResults = Pick<
  Extract<ProtocolMessage, { kind: 'InferenceResult' }>,
  'gateway' | 'nonce' | 'items' | 'signature'
>;

/**
 * Proves that the gateway of the first has signed the second with the same nonce, but other items. Whoever sends the
 * proof gets half of the minimum stake.
 * @throws MizuError `l1/reverted` with the contract's reason, such as `ItemsAreEqual` or `NonceSettled`
 */
export function proveDoubleNonce(
  sender: Sender,
  registry: Address,
  first: SignedResults,
  second: SignedResults,
): Promise<Sent> {
  const signed = [first, second].flatMap(({ items, signature }) => [hashInferenceItems(items), signature] as const);
  const args = [first.gateway, first.nonce, ...signed];
  return sender.sendAndWait({ address: registry, abi: gatewayRegistryAbi, functionName: 'proveDoubleNonce', args });
}
