// docs/messages.md#user: signs a user message, sends it, and waits for its receipt.
import { setTimeout as delay } from 'node:timers/promises';
import { MizuError } from '../../protocol/errors.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage, typedMessage, type UserMessage } from '../../protocol/messages.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { gasPriceOf } from './gas-price.ts';
import { type Network, requireSigner } from './network.ts';
import type { AccountView, ReceiptView } from './views.ts';

type Unsigned<M> = M extends unknown
  ? Omit<M, 'signature' | 'sender' | 'nonce' | 'gasPrice'> & {
      /** Wei per gas. Default: the network's minimum. */
      readonly gasPrice?: bigint | undefined;
    }
  : never;
export type UserRequest = Unsigned<UserMessage>;

export type SignedMessage = { readonly bytes: Uint8Array; readonly hash: Hex; readonly nonce: bigint };

const POLL_MS = 100;
const RECEIPT_SECONDS = 120;

/** Takes the account's next nonce. @throws MizuError `sdk/no-trust-root`, `sdk/other-network`, `sdk/gas-price-out-of-range` */
export async function signMessage(network: Network, request: UserRequest): Promise<SignedMessage> {
  const signer = requireSigner(network);
  const gasPrice = gasPriceOf(network, request.gasPrice);
  await network.assertTrusted();
  const account = (await network.rpc('mizu_getAccount', [signer.address])) as AccountView;
  const nonce = BigInt(account.nextNonce ?? account.nonce);
  const unsigned = { ...request, gasPrice, sender: signer.address, nonce, signature: '0x' } as UserMessage;
  const signature = await signer.signTypedData({
    domain: createDomain(network.chain.chainId, network.chain.contracts.inbox),
    types: { [request.kind]: TYPES[request.kind] },
    primaryType: request.kind,
    message: typedMessage(unsigned),
  });
  const bytes = encodeMessage({ ...unsigned, signature });
  return { bytes, hash: keccakHex(bytes), nonce };
}

/** Sending the same bytes again is harmless. @throws MizuError with the sequencer's refusal */
export async function sendMessage(
  network: Network,
  message: Pick<SignedMessage, 'bytes' | 'hash'>,
): Promise<ReceiptView> {
  await network.rpc('mizu_sendMessage', [bytesToHex(message.bytes)]);
  return waitForReceipt(network, message.hash);
}

/** @throws MizuError `sdk/message-failed` with the kernel's reason, `sdk/no-receipt` (retryable) */
export async function waitForReceipt(network: Network, hash: Hex): Promise<ReceiptView> {
  // Counted in answers: the time in which the sequencer was down is not its own.
  for (let poll = 0; poll * POLL_MS < RECEIPT_SECONDS * 1000; poll++) {
    const receipt = (await network.rpc('mizu_getReceipt', [hash])) as ReceiptView | null;
    if (receipt?.ok) return receipt;
    if (receipt) throw failed(receipt);
    await delay(POLL_MS);
  }
  throw noReceipt(hash);
}

function failed(receipt: ReceiptView): MizuError {
  return new MizuError({
    code: 'sdk/message-failed',
    message: `The ${receipt.kind} message was refused by the network.`,
    expected: 'a message that the state allows',
    actual: receipt.error,
    hint: 'Nothing was done but the fee. Correct the cause and send again.',
  });
}

function noReceipt(hash: Hex): MizuError {
  return new MizuError({
    code: 'sdk/no-receipt',
    message: 'The sequencer has taken the message but not executed it yet.',
    expected: `a receipt of ${hash} within ${RECEIPT_SECONDS} s`,
    actual: 'none',
    hint: 'Run the same command again: it goes on where it is. `npx mizu why` tells what the network waits for.',
    retryable: true,
  });
}
