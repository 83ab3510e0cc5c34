// docs/operations.md#l1: sends one transaction at one nonce, or says why the node or the contract refuses it.
import { BaseError, encodeFunctionData } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { ContractCall } from './call.ts';
import { capFees } from './fees.ts';
import type { L1Account } from './l1.ts';
import { toRefusal } from './revert.ts';

export type Transaction = {
  /** What the transaction does, for texts. */
  readonly name: string;
  readonly to: Address;
  readonly data: Hex;
  readonly gas: bigint;
  /** In wei. */
  readonly value?: bigint | undefined;
};

const GAS_MARGIN_PERCENT = 20n;
const TRANSFER_GAS = 21_000n;

/** @throws MizuError `l1/reverted` with the contract's error, `l1/estimate-failed` (retryable) */
export async function toTransaction({ client, account }: L1Account, call: ContractCall): Promise<Transaction> {
  const { address, abi, functionName, args, value, extraGas = 0n } = call;
  const request = { address, abi, functionName, args, account, ...(value === undefined ? {} : { value }) };
  // The estimate is not against the pending block: there our own earlier attempt has done the work already, and the
  // call would cost less.
  const gas = await client.estimateContractGas({ ...request, blockTag: 'latest' }).catch((cause: unknown) => {
    throw toRefusal(functionName, cause);
  });
  return {
    name: functionName,
    to: address,
    data: encodeFunctionData({ abi, functionName, args }),
    gas: (gas * (100n + GAS_MARGIN_PERCENT)) / 100n + extraGas,
    value,
  };
}

/** A transaction that does nothing but use up a nonce. */
export function emptyTransaction({ address }: Pick<L1Account, 'address'>): Transaction {
  return { name: 'an empty transaction', to: address, data: '0x', gas: TRANSFER_GAS };
}

/**
 * Sends a transaction. The result is undefined if the node refuses its nonce or fee, because an earlier one is pending
 * or mined.
 * @throws MizuError `l1/send-failed`, `l1/fee-too-high` (both retryable)
 */
export async function submit(
  l1: L1Account,
  { name, to, data, gas, value }: Transaction,
  nonce: number,
  attempt: number,
): Promise<Hex | undefined> {
  const { account } = l1;
  const fees = capFees(await l1.client.estimateFeesPerGas(), attempt, l1.feeCaps);
  try {
    return await l1.wallet.sendTransaction({
      account,
      chain: l1.client.chain,
      to,
      data,
      nonce,
      gas,
      ...fees,
      ...(value === undefined ? {} : { value }),
    });
  } catch (error) {
    if (/nonce too low|already known|already imported|underpriced|replacement/i.test(String(error))) return undefined;
    throw new MizuError({
      code: 'l1/send-failed',
      message: `${name} cannot be sent.`,
      actual: error instanceof BaseError ? error.shortMessage : String(error),
      hint: `Check that ${l1.address} has ether for gas.`,
      retryable: true,
      cause: error,
    });
  }
}
