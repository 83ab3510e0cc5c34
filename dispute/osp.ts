// docs/machine.md#proof: the verifier's real bytecode in this process, to try a proof before gas is paid for it.
import { type Abi, decodeFunctionResult, encodeFunctionData } from 'viem';
import { FAMILY_CODES, verifierCreation } from '../contracts/deploy-verifier.ts';
import {
  controlStepsAbi,
  floatStepsAbi,
  hostStepsAbi,
  integerStepsAbi,
  memoryStepsAbi,
  oneStepVerifierAbi,
} from '../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex } from '../protocol/hex.ts';
import { createTrials, NOBODY, type TransactionGas } from './trial.ts';

export type StepVerdict =
  /** `gas`: what a transaction costs that does nothing but check this proof. */
  | { readonly kind: 'step'; readonly before: Hex; readonly after: Hex; readonly gas: TransactionGas }
  /** The proof is malformed, or no transaction can hold it; `reason` is the custom error with its arguments. */
  | { readonly kind: 'revert'; readonly reason: string };

export type OneStepVerifier = { step(proof: Uint8Array): Promise<StepVerdict> };

const ABIS = [oneStepVerifierAbi, controlStepsAbi, integerStepsAbi, floatStepsAbi, memoryStepsAbi, hostStepsAbi];
/** The verifier and its families refuse a proof with one of these errors. */
export const STEP_ERRORS: Abi = ABIS.flatMap((abi) => abi.filter((entry) => entry.type === 'error'));

/** @throws Error if the verifier cannot be deployed */
export async function createOneStepVerifier(): Promise<OneStepVerifier> {
  const trials = await createTrials();
  const families: Address[] = [];
  for (const code of FAMILY_CODES) families.push(await trials.deploy('a family of the verifier', code));
  const verifier = await trials.deploy('the verifier', verifierCreation(families));
  return {
    async step(proof) {
      const data = encodeFunctionData({ abi: oneStepVerifierAbi, functionName: 'step', args: [bytesToHex(proof)] });
      const outcome = await trials.run({ name: 'step', from: NOBODY, to: verifier, data, errors: STEP_ERRORS });
      if (outcome.kind !== 'success') return { kind: 'revert', reason: outcome.error.actual as string };
      const { output, gas } = outcome;
      const [before, after] = decodeFunctionResult({ abi: oneStepVerifierAbi, functionName: 'step', data: output });
      return { kind: 'step', before, after, gas };
    },
  };
}
