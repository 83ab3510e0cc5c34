// docs/operations.md#l1: the error with which a contract refuses a call, with its name and arguments.
import { type Abi, BaseError, ContractFunctionRevertedError, decodeErrorResult } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';

/** A call that a contract refuses with an error that the call's ABI declares. */
export class ContractRevert extends MizuError {
  readonly errorName: string;
  /** The error's arguments in the contract's order. An integer of up to 48 bits is a number, a larger one a bigint. */
  readonly args: readonly unknown[];

  constructor(functionName: string, errorName: string, args: readonly unknown[], cause?: unknown) {
    super({
      code: 'l1/reverted',
      message: `${functionName} would be reverted.`,
      actual: `${errorName}(${args.map(String).join(', ')})`,
      cause,
    });
    this.errorName = errorName;
    this.args = args;
  }
}

export function isRevert(error: unknown, errorName: string): error is ContractRevert {
  return error instanceof ContractRevert && error.errorName === errorName;
}

/**
 * The error in the data with which a call was reverted: a `ContractRevert` if the ABI declares it, or if it is
 * Solidity's own.
 */
export function decodeRevert(functionName: string, abi: Abi, data: Hex): MizuError {
  try {
    const { errorName, args } = decodeErrorResult({ abi, data });
    return new ContractRevert(functionName, errorName, args ?? []);
  } catch (cause) {
    const actual = data === '0x' ? 'no reason: a call inside may have had too little gas' : data;
    return new MizuError({ code: 'l1/reverted', message: `${functionName} would be reverted.`, actual, cause });
  }
}

/**
 * The error of a call that could not be estimated: `l1/reverted` if a contract refuses it, as a `ContractRevert` if the
 * ABI declares the error; else `l1/estimate-failed` (retryable).
 */
export function toRefusal(functionName: string, cause: unknown): MizuError {
  const found =
    cause instanceof BaseError ? cause.walk((error) => error instanceof ContractFunctionRevertedError) : undefined;
  const revert = found instanceof ContractFunctionRevertedError ? found : undefined;
  if (revert?.data !== undefined)
    return new ContractRevert(functionName, revert.data.errorName, revert.data.args ?? [], cause);
  return new MizuError({
    code: revert === undefined ? 'l1/estimate-failed' : 'l1/reverted',
    message: `${functionName} would be reverted.`,
    actual: revert?.reason ?? (cause instanceof BaseError ? cause.shortMessage : String(cause)),
    retryable: revert === undefined,
    cause,
  });
}
