// docs/contracts.md#promises: has a sequencer slashed that has posted something else than it had promised, or promised one place twice.
import { NO_MESSAGE_PROOF, proveMessage } from '../../dispute/calls.ts';
import { inboxAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Sender, Sent } from '../../service/l1/send.ts';
import type { SignedPromise } from './promises.ts';

export type BrokenPromise = {
  readonly inbox: Address;
  readonly promise: Pick<SignedPromise, 'batch' | 'message' | 'messageHash' | 'signature'>;
  /** The bytes of the batch object. */
  readonly object: Uint8Array;
  /** The number of messages in it. */
  readonly sequenced: number;
};

/**
 * Proves that a batch has another message at a promised place. Whoever sends the proof gets half of the stake.
 * @throws MizuError `l1/reverted` with the contract's reason, such as `PromiseKept` or `PosterMismatch`
 */
export function proveBrokenPromise(sender: Sender, broken: BrokenPromise): Promise<Sent> {
  const { inbox, promise, object, sequenced } = broken;
  const proof = promise.message < sequenced ? proveMessage(object, promise.message, sequenced) : NO_MESSAGE_PROOF;
  const args = [toArgument(promise), promise.signature, proof] as const;
  return sender.sendAndWait({ address: inbox, abi: inboxAbi, functionName: 'proveBroken', args });
}

/** Proves that one place was promised to two messages, whoever has posted the batch. */
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
