// docs/contracts.md#one-step: the one-step verifier and the contracts of its families.
import {
  type Abi,
  type Account,
  type Chain,
  encodeDeployData,
  type PublicClient,
  type Transport,
  type WalletClient,
} from 'viem';
import { MizuError } from '../protocol/errors.ts';
import { oneStepVerifierAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import * as bytecode from './generated/bytecode.ts';

/** Creation code of the families' contracts, in the order of the verifier's constructor (docs/isa.md). */
export const FAMILY_CODES = [
  bytecode.ControlSteps,
  bytecode.IntegerSteps,
  bytecode.FloatSteps,
  bytecode.MemorySteps,
  bytecode.HostSteps,
] as const satisfies readonly Hex[];

export type DeployVerifierOptions = {
  readonly publicClient: PublicClient;
  readonly walletClient: WalletClient<Transport, Chain, Account>;
};

/** Creation code of the verifier over its deployed families. */
export function verifierCreation(families: readonly Address[]): Hex {
  return encodeDeployData({ abi: oneStepVerifierAbi as Abi, bytecode: bytecode.OneStepVerifier, args: [families] });
}

/**
 * Deploys the verifier; it has no owner and knows no other contract, so one serves every network of a chain.
 * @throws MizuError `contracts/deployment-failed`
 */
export async function deployOneStepVerifier(options: DeployVerifierOptions): Promise<Address> {
  const families: Address[] = [];
  for (const code of FAMILY_CODES) families.push(await deploy(options, code));
  return deploy(options, verifierCreation(families));
}

async function deploy({ publicClient, walletClient }: DeployVerifierOptions, data: Hex): Promise<Address> {
  const hash = await walletClient.sendTransaction({ data });
  const { contractAddress, status } = await publicClient.waitForTransactionReceipt({ hash });
  if (status === 'success' && contractAddress) return contractAddress.toLowerCase() as Address;
  throw new MizuError({
    code: 'contracts/deployment-failed',
    message: 'A contract of the one-step verifier was not deployed.',
    expected: 'a successful transaction',
    actual: `transaction ${hash} reverted`,
    hint: 'The chain must know the instructions of the Cancun fork (mcopy).',
  });
}
