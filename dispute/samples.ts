// docs/attestations.md#samples: what a validator commits itself to when it attests: its machine at two positions that
// the assertion and its address draw.
import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { type StepInAssertion, toStepInAssertion } from '../protocol/step-numbers.ts';
import type { Oracles } from './oracles.ts';

/** A place in the trace of a step: the machine after `position` instructions. */
export type TraceSample = { readonly step: StepInAssertion; readonly position: bigint };

/** A value of each sample, in the order in which they are drawn. */
export type OfSamples<Value> = readonly [Value, Value];

const DRAWN = parseAbiParameters('bytes32 assertion, address attester, uint256 number');
const COMMITTED = parseAbiParameters('bytes32 assertion, address attester, bytes32[2] machines');
const MIN_BITS = 10;
/** Positions have 11 to 23 bits: as many samples lie in the first thousands of instructions as in the last millions. */
const SPREAD = 13;

/**
 * The two samples that an attester has to commit itself to. `stepCount`: that of the assertion. Nobody can draw others,
 * and nobody else has the same.
 * @throws Error if the assertion has no step
 */
export function drawSamples(assertion: Hex, attester: Address, stepCount: number): OfSamples<TraceSample> {
  if (!Number.isSafeInteger(stepCount) || stepCount < 1) throw new Error(`no sample among ${stepCount} steps`);
  const draw = (number: bigint): TraceSample => {
    const seed = BigInt(keccak256(encodeAbiParameters(DRAWN, [assertion, attester, number])));
    const step = toStepInAssertion(Number((seed >> 128n) % BigInt(stepCount)));
    const leading = 1n << BigInt(MIN_BITS + (Number((seed >> 120n) & 0xffn) % SPREAD));
    return { step, position: leading + (seed & (leading - 1n)) };
  };
  return [draw(0n), draw(1n)];
}

/**
 * The hashes of our own machine at both samples. The result is undefined while we have not executed the assertion's
 * range, or L1 has replaced it.
 * @throws MizuError `da/object-missing`, `prover/trace-failed` (retryable)
 */
export async function sampleMachines(
  oracles: Oracles,
  assertion: AssertionRecord,
  attester: Address,
): Promise<OfSamples<Hex> | undefined> {
  const machineAt = async ({ step, position }: TraceSample): Promise<Hex | undefined> => {
    const oracle = await oracles.of(assertion, step);
    return oracle === undefined ? undefined : (await oracle.hashesAt([position]))[0];
  };
  const [first, second] = drawSamples(assertion.id, attester, assertion.stepCount);
  const machines = [await machineAt(first), await machineAt(second)] as const;
  return machines[0] === undefined || machines[1] === undefined ? undefined : [machines[0], machines[1]];
}

/** What the attestation carries of its samples: it tells nothing of the machines before they are opened. */
export function commitmentOf(assertion: Hex, attester: Address, machines: OfSamples<Hex>): Hex {
  return keccak256(encodeAbiParameters(COMMITTED, [assertion, attester, machines]));
}
