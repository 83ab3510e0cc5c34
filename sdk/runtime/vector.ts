// docs/sdk.md#embed: a vector as it stands in a row.
import { kindOf } from './canonical.ts';

export const EMBEDDING_SIZE = 512;
export const EMBEDDING_UNIT = 65_536;

/** Null: the row is no one's duplicate. */
export function vectorKeyOf(key: unknown): Int32Array | null {
  if (key === null) return null;
  if (!Array.isArray(key)) throw new TypeError(`the key is a vector as embed gives it, or null, not ${kindOf(key)}`);
  if (key.length !== EMBEDDING_SIZE)
    throw new TypeError(`the key is a vector of ${EMBEDDING_SIZE} numbers, not of ${key.length}`);
  const vector = new Int32Array(EMBEDDING_SIZE);
  let any = 0;
  for (let i = 0; i < EMBEDDING_SIZE; i++) {
    const value: unknown = key[i];
    vector[i] = value as number;
    const whole = vector[i]!;
    if (whole !== value || whole > EMBEDDING_UNIT || whole < -EMBEDDING_UNIT)
      throw new TypeError(`number ${i} of the key is a whole number from -65536 to 65536, not ${String(value)}`);
    any |= whole;
  }
  return any === 0 ? null : vector;
}
