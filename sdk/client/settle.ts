// docs/kernel.md#settle: a worker's account with a gateway is paid on the network.
import { settleGas } from '../../kernel/fees.ts';
import { settledKey } from '../../kernel/keys.ts';
import { settledRecord } from '../../kernel/records.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { encodeMessage, type WorkerAccount } from '../../protocol/messages.ts';
import { gasPriceOf } from './gas-price.ts';
import { sendMessage, signMessage } from './message.ts';
import type { Network } from './network.ts';
import type { AccountView } from './views.ts';

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

/** What `settle` would pay, and what it costs. */
export type Settlement = {
  /** Wei that the gateway has signed and the network has not paid. */
  readonly dueWei: bigint;
  /** Of it, what the gateway's account on the network has. */
  readonly amountWei: bigint;
  /** Wei that the signer would pay. */
  readonly feeWei: bigint;
};

/**
 * Looks before anything is signed.
 * @throws MizuError `sdk/nothing-to-settle`, `sdk/gas-price-out-of-range`
 */
export async function planSettlement(network: Network, account: WorkerAccount, gasPrice?: bigint): Promise<Settlement> {
  const { gateway, worker, total } = account;
  const feeWei = settleGas(messageLength(account)) * gasPriceOf(network, gasPrice);
  const [settled, { balance }] = await Promise.all([
    settledOf(network, gateway, worker),
    network.rpc('mizu_getAccount', [gateway]) as Promise<AccountView>,
  ]);
  const dueWei = total > settled ? total - settled : 0n;
  const amountWei = dueWei < BigInt(balance) ? dueWei : BigInt(balance);
  if (amountWei === 0n) throw nothingToSettle(account, settled, balance);
  return { dueWei, amountWei, feeWei };
}

/** Whoever signs it, the message is as long. */
function messageLength(account: WorkerAccount): number {
  const signature: Hex = `0x${'00'.repeat(65)}`;
  return encodeMessage({ kind: 'Settle', ...account, signature, sender: account.worker, nonce: 0n, gasPrice: 0n })
    .length;
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

function nothingToSettle({ gateway, worker, total }: WorkerAccount, settled: bigint, balance: string): MizuError {
  return new MizuError({
    code: 'sdk/nothing-to-settle',
    message: `The network has nothing to pay to ${worker} now.`,
    expected: 'a worker account that is more than what was paid, and money on the account of its gateway',
    actual: `${total} wei are signed, ${settled} of them paid; ${gateway} has ${balance} wei`,
    hint: 'Take the newest account: its page shows it, and the gateway by GET /accounts/ADDRESS.',
    retryable: true,
  });
}
