// docs/machine.md#proof: the verifier's real bytecode in this process, to try a proof before gas is paid for it.
import { createEVM, type EVM } from '@ethereumjs/evm';
import { createAddressFromString } from '@ethereumjs/util';
import { decodeErrorResult, decodeFunctionResult, encodeFunctionData } from 'viem';
import { FAMILY_CODES, verifierCreation } from '../contracts/deploy-verifier.ts';
import {
  controlStepsAbi,
  floatStepsAbi,
  hostStepsAbi,
  integerStepsAbi,
  memoryStepsAbi,
  oneStepVerifierAbi,
} from '../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';

export type StepGas = {
  /** Executed by the verifier and its family. */
  readonly execution: bigint;
  /** Of a transaction that only does this: execution with its calldata, or the floor of the calldata (EIP-7623) if that is more. */
  readonly transaction: bigint;
  readonly floor: bigint;
};

export type StepVerdict =
  | { readonly kind: 'step'; readonly before: Hex; readonly after: Hex; readonly gas: StepGas }
  /** The proof is malformed; `reason` is the custom error with its arguments. */
  | { readonly kind: 'revert'; readonly reason: string };

export type OneStepVerifier = { step(proof: Uint8Array): Promise<StepVerdict> };

const GAS_LIMIT = 1n << 24n;
const TRANSACTION_GAS = 21_000n;
const TOKEN_GAS = 4n;
const FLOOR_TOKEN_GAS = 10n;
const TOKENS_PER_NONZERO_BYTE = 4;
const ABIS = [oneStepVerifierAbi, controlStepsAbi, integerStepsAbi, floatStepsAbi, memoryStepsAbi, hostStepsAbi];
const ERRORS = ABIS.flatMap((abi) => abi.filter((entry) => entry.type === 'error'));

/** @throws Error if the verifier cannot be deployed */
export async function createOneStepVerifier(): Promise<OneStepVerifier> {
  const evm = await createEVM();
  const families: Address[] = [];
  for (const code of FAMILY_CODES) families.push(await create(evm, code));
  const verifier = createAddressFromString(await create(evm, verifierCreation(families)));
  return {
    async step(proof) {
      const data = hexToBytes(
        encodeFunctionData({ abi: oneStepVerifierAbi, functionName: 'step', args: [bytesToHex(proof)] }),
      );
      const { execResult } = await evm.runCall({ to: verifier, data, gasLimit: GAS_LIMIT });
      const output = bytesToHex(execResult.returnValue);
      if (execResult.exceptionError) return { kind: 'revert', reason: reasonOf(output) };
      const [before, after] = decodeFunctionResult({ abi: oneStepVerifierAbi, functionName: 'step', data: output });
      return { kind: 'step', before, after, gas: gasOf(data, execResult.executionGasUsed) };
    },
  };
}

async function create(evm: EVM, code: Hex): Promise<Address> {
  const { createdAddress, execResult } = await evm.runCall({ data: hexToBytes(code), gasLimit: GAS_LIMIT });
  if (createdAddress === undefined || execResult.exceptionError)
    throw new Error(`the verifier was not created: ${execResult.exceptionError?.error}`);
  return createdAddress.toString();
}

function gasOf(data: Uint8Array, execution: bigint): StepGas {
  let tokens = 0;
  for (const byte of data) tokens += byte === 0 ? 1 : TOKENS_PER_NONZERO_BYTE;
  const floor = TRANSACTION_GAS + FLOOR_TOKEN_GAS * BigInt(tokens);
  const standard = TRANSACTION_GAS + TOKEN_GAS * BigInt(tokens) + execution;
  return { execution, transaction: standard > floor ? standard : floor, floor };
}

function reasonOf(data: Hex): string {
  try {
    const { errorName, args } = decodeErrorResult({ abi: ERRORS, data });
    return `${errorName}(${(args ?? []).map(String).join(', ')})`;
  } catch {
    return data;
  }
}
