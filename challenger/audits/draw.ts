// docs/audits.md#periods: whether an item is drawn for a validator.
import { encodeAbiParameters, keccak256, maxUint256 } from 'viem';
import type { Address, Hex } from '../../protocol/hex.ts';

const BASIS_POINTS = 10_000n;
const PARAMETERS = [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'address' }] as const;

/** `place`: of the item, as the court has it; `rate`: of items that are drawn, in basis points. */
export function isItemDrawn(seed: Hex, place: Hex, validator: Address, rate: bigint): boolean {
  const drawn = BigInt(keccak256(encodeAbiParameters(PARAMETERS, [seed, place, validator])));
  return drawn <= (maxUint256 * rate) / BASIS_POINTS;
}
