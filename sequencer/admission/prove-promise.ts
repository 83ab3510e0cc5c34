// docs/contracts.md#promises: has a sequencer slashed that has posted something else than it had promised.
import { NO_MESSAGE_PROOF, proveMessage } from '../../dispute/calls.ts';
import { inboxAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Sender, Sent } from '../../service/l1/send.ts';
import type { SignedPromise } from './promises.ts';

export type BrokenPromise = {
  readonly inbox: Address;
  readonly promise: Pick<SignedPromise, 'batch' | 'message' | 'messageHash' | 'signature'>;
  /** Bytes of the batch object, and how many messages it holds. */
  readonly object: Uint8Array;
  readonly sequenced: number;
};

/**
 * Whoever sends it gets half of the stake.
 * @throws MizuError `l1/reverted` with the contract's reason, such as `PromiseKept` or `PosterMismatch`
 */
export function proveBrokenPromise(sender: Sender, broken: BrokenPromise): Promise<Sent> {
  const { inbox, promise, object, sequenced } = broken;
  const proof = promise.message < sequenced ? proveMessage(object, promise.message, sequenced) : NO_MESSAGE_PROOF;
  const args = [toArgument(promise), promise.signature, proof] as const;
  return sender.sendAndWait({ address: inbox, abi: inboxAbi, functionName: 'proveBroken', args });
}

/** The same for two promises of one place, whoever has posted the batch. */
export function proveContradiction(
  sender: Sender,
  inbox: Address,
  first: BrokenPromise['promise'],
  second: BrokenPromise['promise'],
): Promise<Sent> {
  const args = [toArgument(first), first.signature, toArgument(second), second.signature] as const;
  return sender.sendAndWait({ address: inbox, abi: inboxAbi, functionName: 'proveContradiction', args });
}

function toArgument({ batch, message, messageHash }: { batch: number; message: number; messageHash: Hex }) {
  return { batch: BigInt(batch), message, messageHash };
}
