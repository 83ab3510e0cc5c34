// docs/disputes.md#trial: a whole transaction in this process, by L1's own rules, before gas is paid for it.
import { createBlock } from '@ethereumjs/block';
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common';
import { EVMError } from '@ethereumjs/evm';
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { createFeeMarket1559Tx, getCalldataFloorGas, paramsTx } from '@ethereumjs/tx';
import { bigIntMin, createAddressFromString, EthereumJSError } from '@ethereumjs/util';
import { createVM, type RunTxResult, runTx } from '@ethereumjs/vm';
import type { Abi } from 'viem';
import { MizuError } from '../protocol/errors.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import { decodeRevert } from '../service/l1/revert.ts';
import { createMutex } from '../service/process/mutex.ts';

/** The block that a transaction is tried in. Its hardfork is always `HARDFORK`. */
export type TrialBlock = {
  readonly chainId: number;
  readonly number: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** The most gas that its transactions may use together. */
  readonly gasLimit: bigint;
};

export type WholeTransaction = {
  /** What the transaction does, for texts. */
  readonly name: string;
  readonly from: Address;
  /** It is undefined if the transaction creates a contract. */
  readonly to: Address | undefined;
  readonly data: Hex;
  readonly valueWei?: bigint;
  /** In gas. Default: as much as L1 lets one transaction have. */
  readonly gasLimit?: bigint;
  /** Errors with which the contracts may refuse it. */
  readonly errors: Abi;
};

export type TransactionGas = {
  /** What L1 charges: `gasUsed` of the receipt. */
  readonly transaction: bigint;
  /** What the execution of the contracts uses. */
  readonly execution: bigint;
  /** The least that L1 charges for calldata of this length. */
  readonly floor: bigint;
};

export type Outcome =
  | {
      readonly kind: 'success';
      readonly output: Hex;
      readonly created: Address | undefined;
      readonly gas: TransactionGas;
    }
  /** A contract says no: a `ContractRevert` if the error is among `errors`. */
  | { readonly kind: 'revert'; readonly error: MizuError; readonly gas: TransactionGas }
  /** The whole gas limit is used up: out of gas, an invalid instruction. */
  | { readonly kind: 'halt'; readonly error: MizuError; readonly gas: TransactionGas }
  /** No block may hold it, so nothing is paid: `l1/transaction-refused`. */
  | { readonly kind: 'refused'; readonly error: MizuError };

export type Trials = {
  /** Executes a transaction and leaves no effect. Calls are executed one after another, in their order. */
  run(transaction: WholeTransaction): Promise<Outcome>;
  /** Creates a contract, which stays there for what is tried afterwards. @throws Error if it is not created */
  deploy(name: string, code: Hex): Promise<Address>;
};

/** The rules in force on mainnet since December 2025; anvil's are the same. */
export const HARDFORK = Hardfork.Osaka;
/** A block such as those of mainnet. */
const BLOCK: TrialBlock = { chainId: 1, number: 1n, timestamp: 1n, gasLimit: 60_000_000n };
/** An account that has nothing, and that no contract knows. */
export const NOBODY: Address = `0x${'11'.repeat(20)}`;

/** `state` is empty by default. */
export async function createTrials(
  { chainId, ...header }: TrialBlock = BLOCK,
  state = new SimpleStateManager(),
): Promise<Trials> {
  const common = createCustomCommon({ chainId }, Mainnet, { hardfork: HARDFORK });
  // Each transaction would otherwise merge these into a copy of its own, which takes longer than a short execution.
  common.updateParams(paramsTx);
  const vm = await createVM({ common, stateManager: state });
  // What it costs is told in gas: a price of 0 leaves the sender's ether out of it.
  const block = createBlock({ header: { ...header, baseFeePerGas: 0n } }, { common });
  const mostGas = bigIntMin(common.param('maxTransactionGasLimit'), header.gasLimit);
  const inTurn = createMutex();

  async function execute(transaction: WholeTransaction): Promise<Outcome> {
    const { name, from, to, data, valueWei = 0n, gasLimit = mostGas } = transaction;
    try {
      const call = { ...(to === undefined ? {} : { to }), data: hexToBytes(data), value: valueWei, gasLimit };
      const tx = createFeeMarket1559Tx(call, { common, params: {}, freeze: false });
      const sender = createAddressFromString(from);
      tx.getSenderAddress = () => sender;
      const result = await runTx(vm, { tx, block, skipNonce: true, skipBalance: true });
      return outcomeOf(transaction, result, getCalldataFloorGas(tx, sender));
    } catch (error) {
      if (!(error instanceof EthereumJSError)) throw error;
      return { kind: 'refused', error: refusedBy(name, error) };
    }
  }

  return {
    run: (transaction) =>
      inTurn(async () => {
        await state.checkpoint();
        try {
          return await execute(transaction);
        } finally {
          await state.revert();
        }
      }),
    deploy: (name, code) =>
      inTurn(async () => {
        const outcome = await execute({ name, from: NOBODY, to: undefined, data: code, errors: [] });
        if (outcome.kind !== 'success') throw new Error(`${name} is not created: ${outcome.error.actual}`);
        return outcome.created as Address;
      }),
  };
}

function outcomeOf({ name, errors }: WholeTransaction, result: RunTxResult, floor: bigint): Outcome {
  const { returnValue, executionGasUsed, exceptionError } = result.execResult;
  const gas: TransactionGas = { transaction: result.totalGasSpent, execution: executionGasUsed, floor };
  const output = bytesToHex(returnValue);
  if (exceptionError === undefined) return { kind: 'success', output, created: result.createdAddress?.toString(), gas };
  if (exceptionError.error === EVMError.errorMessages.REVERT)
    return { kind: 'revert', error: decodeRevert(name, errors, output), gas };
  const error = new MizuError({
    code: 'l1/halted',
    message: `${name} would use up all its gas.`,
    actual: `${exceptionError.error}, at a limit of ${gas.transaction} gas`,
  });
  return { kind: 'halt', error, gas };
}

// The library adds a description of its own objects, which is of no use to a reader and is cut off.
function refusedBy(name: string, { message }: Error): MizuError {
  return new MizuError({
    code: 'l1/transaction-refused',
    message: `No block of L1 may hold ${name}.`,
    expected: `a transaction within the rules of ${HARDFORK} and the block's gas limit`,
    actual: message.replace(/ \(vm hf=.*$/s, ''),
  });
}
