// docs/contracts.md#one-step: creation code of the one-step verifier and of the contracts of its families.
import { type Abi, encodeDeployData } from 'viem';
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

/** Creation code of the verifier over its deployed families. */
export function verifierCreation(families: readonly Address[]): Hex {
  return encodeDeployData({ abi: oneStepVerifierAbi as Abi, bytecode: bytecode.OneStepVerifier, args: [families] });
}
