// docs/operations.md#l1: a transaction is sent until it is mined, once: same nonce, rising fees, and a look at the effect before each attempt.
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  encodeFunctionData,
  TransactionNotFoundError,
  type TransactionReceipt,
} from 'viem';
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { L1Account } from './l1.ts';

export type Call = {
  readonly address: Address;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
  readonly value?: bigint;
  /**
   * Asked before each attempt and after each failure: whether the effect is there already (from an earlier life of this
   * process, or from somebody else). True ends the call without a transaction.
   */
  readonly isDone?: () => Promise<boolean>;
};

export type Sent = { readonly kind: 'mined'; readonly receipt: TransactionReceipt } | { readonly kind: 'already-done' };

export type Sender = {
  readonly address: Address;
  /**
   * Calls of one sender are sent one after another, each until it is mined.
   * @throws MizuError `l1/reverted` with the contract's error, `l1/not-mined` after all attempts (retryable)
   */
  sendAndWait(call: Call): Promise<Sent>;
};

export type SenderOptions = {
  /** Seconds without being mined after which the fee is raised. Default 30. */
  readonly stuckSeconds?: number;
  /** Attempts with raised fees. Default 8. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
};

/** A replacement must pay 10 % more on most nodes. */
const BUMP_PERCENT = 25n;
const GAS_MARGIN_PERCENT = 20n;
/** A node may learn of a transaction a little after it has answered. */
const FORGOTTEN_LOOKS = 3;

export function createSender(l1: L1Account, options: SenderOptions = {}): Sender {
  let last: Promise<unknown> = Promise.resolve();
  return {
    address: l1.address,
    sendAndWait: (call) => {
      const turn = last.then(() => send(l1, call, options));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

async function send(l1: L1Account, call: Call, options: SenderOptions): Promise<Sent> {
  const { stuckSeconds = 30, attempts = 8, signal } = options;
  const hashes: Hex[] = [];
  let nonce = -1;
  for (let attempt = 0; attempt < attempts; attempt++) {
    signal?.throwIfAborted();
    const earlier = await minedOf(l1, hashes);
    if (earlier !== undefined) return settled(call, earlier);
    if (await call.isDone?.()) return { kind: 'already-done' };
    const next = await l1.client.getTransactionCount({ address: l1.address, blockTag: 'latest' });
    // The nonce was used by a transaction of an earlier life: begin anew behind it.
    if (next !== nonce) hashes.length = 0;
    nonce = next;
    const hash = await submit(l1, call, nonce, attempt);
    if (hash !== undefined) hashes.push(hash);
    const mined = await waitForNonce(l1, nonce, hashes, stuckSeconds, signal);
    if (mined !== undefined) return settled(call, mined);
  }
  throw new MizuError({
    code: 'l1/not-mined',
    message: `${call.functionName} has not been mined.`,
    expected: `a block with it within ${attempts * stuckSeconds} s, with fees raised by ${BUMP_PERCENT} % at each of ${attempts} attempts`,
    actual: hashes.length === 0 ? 'the node took none of the transactions' : `pending: ${hashes.at(-1)}`,
    hint: 'Check that the L1 makes blocks and that the account can pay.',
    retryable: true,
  });
}

// Undefined if the node refuses the transaction because of its nonce or fee: an earlier one is pending or mined.
async function submit(l1: L1Account, call: Call, nonce: number, attempt: number): Promise<Hex | undefined> {
  const { address, abi, functionName, args, value } = call;
  const account = l1.account;
  const data = encodeFunctionData({ abi, functionName, args });
  const request = { address, abi, functionName, args, account, ...(value === undefined ? {} : { value }) };
  // Not against the pending block: there our own earlier attempt has done its work already, and it costs less.
  const gas = await l1.client.estimateContractGas({ ...request, blockTag: 'latest' }).catch((cause: unknown) => {
    throw reverted(call, cause);
  });
  const { maxFeePerGas, maxPriorityFeePerGas } = await l1.client.estimateFeesPerGas();
  const bump = (fee: bigint) =>
    (fee * (100n + BUMP_PERCENT) ** BigInt(attempt)) / 100n ** BigInt(attempt) + BigInt(attempt);
  try {
    return await l1.wallet.sendTransaction({
      account,
      chain: l1.client.chain,
      to: address,
      data,
      nonce,
      gas: (gas * (100n + GAS_MARGIN_PERCENT)) / 100n,
      maxFeePerGas: bump(maxFeePerGas),
      maxPriorityFeePerGas: bump(maxPriorityFeePerGas),
      ...(value === undefined ? {} : { value }),
    });
  } catch (error) {
    if (/nonce too low|already known|already imported|underpriced|replacement/i.test(String(error))) return undefined;
    throw new MizuError({
      code: 'l1/send-failed',
      message: `${functionName} cannot be sent.`,
      actual: error instanceof BaseError ? error.shortMessage : String(error),
      hint: `Check that ${l1.address} has ether for gas.`,
      retryable: true,
      cause: error,
    });
  }
}

// Ends when one of ours is mined, when the nonce is used up by another, when the node has forgotten all of ours
// (a reorg that drops them, a full pool), or after `stuckSeconds`.
async function waitForNonce(
  l1: L1Account,
  nonce: number,
  hashes: readonly Hex[],
  stuckSeconds: number,
  signal: AbortSignal | undefined,
): Promise<TransactionReceipt | undefined> {
  const deadline = Date.now() + stuckSeconds * 1000;
  let forgotten = 0;
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    const mined = await minedOf(l1, hashes);
    if (mined !== undefined) return mined;
    if ((await l1.client.getTransactionCount({ address: l1.address, blockTag: 'latest' })) > nonce)
      return minedOf(l1, hashes);
    forgotten = (await isKnown(l1, hashes)) ? 0 : forgotten + 1;
    if (forgotten >= FORGOTTEN_LOOKS) return undefined;
    await new Promise((resolve) => setTimeout(resolve, Math.min(l1.client.pollingInterval, 50 + stuckSeconds * 10)));
  }
  return undefined;
}

async function isKnown(l1: L1Account, hashes: readonly Hex[]): Promise<boolean> {
  if (hashes.length === 0) return true;
  for (const hash of hashes) {
    const known = await l1.client.getTransaction({ hash }).then(
      () => true,
      (error: unknown) => !(error instanceof TransactionNotFoundError),
    );
    if (known) return true;
  }
  return false;
}

async function minedOf(l1: L1Account, hashes: readonly Hex[]): Promise<TransactionReceipt | undefined> {
  for (const hash of hashes) {
    const receipt = await l1.client.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt !== undefined) return receipt;
  }
  return undefined;
}

async function settled(call: Call, receipt: TransactionReceipt): Promise<Sent> {
  if (receipt.status === 'success') return { kind: 'mined', receipt };
  if (await call.isDone?.()) return { kind: 'already-done' };
  throw new MizuError({
    code: 'l1/reverted',
    message: `${call.functionName} has been reverted on L1.`,
    actual: `transaction ${receipt.transactionHash}, ${receipt.gasUsed} gas used`,
    retryable: true,
  });
}

function reverted(call: Call, cause: unknown): MizuError {
  const found =
    cause instanceof BaseError ? cause.walk((error) => error instanceof ContractFunctionRevertedError) : undefined;
  const data = found instanceof ContractFunctionRevertedError ? found : undefined;
  const said =
    data?.data === undefined
      ? data?.reason
      : `${data.data.errorName}(${(data.data.args ?? []).map(String).join(', ')})`;
  return new MizuError({
    code: data === undefined ? 'l1/estimate-failed' : 'l1/reverted',
    message: `${call.functionName} would be reverted.`,
    actual: said ?? (cause instanceof BaseError ? cause.shortMessage : String(cause)),
    retryable: data === undefined,
    cause,
  });
}
