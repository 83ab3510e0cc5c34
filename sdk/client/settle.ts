// docs/kernel.md#settle: a worker's account with a gateway is paid on the network.
import { settledKey } from '../../kernel/keys.ts';
import { settledRecord } from '../../kernel/records.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import type { WorkerAccount } from '../../protocol/messages.ts';
import { sendMessage, signMessage } from './message.ts';
import type { Network } from './network.ts';

/** What `settle` has paid. */
export type Settled = {
  readonly worker: Address;
  /** Wei that went from the gateway's account to the worker's. */
  readonly amountWei: bigint;
  /** Wei that the signer has paid, after that. */
  readonly feeWei: bigint;
};

/**
 * Pays what a gateway has signed for a worker and what is not settled yet, as far as the gateway's account has it.
 * Anyone may send it; a worker whose account is empty pays the fee of what it gets. `gasPrice`: wei per gas, by default
 * the network's minimum.
 *
 * @example
 * const { amountWei } = await settle(network, account);
 * @throws MizuError `message/nothing-to-settle`, `message/bad-signature`, `sdk/message-failed`, `sdk/gas-price-out-of-range`
 */
export async function settle(network: Network, account: WorkerAccount, gasPrice?: bigint): Promise<Settled> {
  const { gateway, worker, total, accountSignature } = account;
  const message = await signMessage(network, { kind: 'Settle', gasPrice, gateway, worker, total, accountSignature });
  const { amountWei, feeWei } = await sendMessage(network, message);
  return { worker, amountWei: BigInt(amountWei ?? 0), feeWei: BigInt(feeWei ?? 0) };
}

/**
 * Wei of the worker's account with the gateway that the network has paid, since ever.
 *
 * @example
 * const owedWei = account.total - (await settledOf(network, account.gateway, account.worker));
 */
export async function settledOf(network: Network, gateway: Address, worker: Address): Promise<bigint> {
  const id = bytesToHex(settledKey(gateway, worker).subarray(1));
  const { value } = (await network.rpc('mizu_getProof', ['Q', id])) as { readonly value: Hex | null };
  return value === null ? 0n : settledRecord.decode(hexToBytes(value)).settled;
}
