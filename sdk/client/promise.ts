// docs/contracts.md#promises: what the sequencer has signed about the place of a message, held against the message and L1.
import { hashTypedData } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import { inboxAbi } from '../../protocol/generated/abi.ts';
import { hexToBytes, isSameAddress } from '../../protocol/hex.ts';
import { recoverSigner } from '../../protocol/signature.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { connectL1 } from '../../service/l1/l1.ts';
import type { SignedMessage } from './message.ts';
import type { Network } from './network.ts';
import type { PromiseView } from './views.ts';

export type Promised =
  | { readonly kind: 'promised'; readonly promise: PromiseView }
  /** Nothing is wrong with the message: it has no promise that would cost anybody a stake. */
  | { readonly kind: 'none'; readonly why: string };

/** Of a message that has a receipt. A promise counts if its signer is listed in the Inbox, hence has a stake to lose. */
export async function askPromise(network: Network, message: Pick<SignedMessage, 'bytes' | 'hash'>): Promise<Promised> {
  try {
    const promise = (await network.rpc('mizu_getPromise', [message.hash])) as PromiseView | null;
    if (promise === null) return { kind: 'none', why: 'it stands in a batch that another sequencer has posted' };
    const why = await complaintAbout(network, message.bytes, promise);
    return why === undefined ? { kind: 'promised', promise } : { kind: 'none', why };
  } catch (error) {
    // The message is on its way with or without a promise.
    if (!(error instanceof MizuError)) throw error;
    return { kind: 'none', why: error.message };
  }
}

async function complaintAbout(network: Network, bytes: Uint8Array, promise: PromiseView): Promise<string | undefined> {
  const { batch, message, messageHash, sequencer, signature } = promise;
  const { chainId, contracts } = network.chain;
  if (messageHash.toLowerCase() !== objectRoot(bytes)) return `it names another message: ${messageHash}`;
  const digest = hashTypedData({
    domain: createDomain(chainId, contracts.inbox),
    types: { Promise: TYPES.Promise },
    primaryType: 'Promise',
    message: { batch: BigInt(batch), message, messageHash },
  });
  const signer = recoverSigner(hexToBytes(digest), hexToBytes(signature));
  if (!isSameAddress(signer, sequencer)) return `${sequencer} has not signed it`;
  if (network.l1RpcUrl === undefined) return undefined;
  const { client } = await connectL1(network.l1RpcUrl);
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const isListed = await client.readContract({ ...inbox, functionName: 'isListed', args: [sequencer] });
  return isListed ? undefined : `${sequencer} is no sequencer with a stake on L1`;
}
