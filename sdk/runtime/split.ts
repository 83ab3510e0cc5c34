// docs/sdk.md#operators: the keys of sample and split, and the part of a split that a row is in.
import type { SplitOperator } from '../workflow/operator.ts';
import { canonical } from './canonical.ts';
import { hashToUnit } from './hash.ts';
import type { GuestIo } from './io.ts';
import { seal, sealedText } from './seal.ts';

/** @throws TypeError if the key is no JSON, or undefined: rows without a key would all be one */
export function keyText(key: unknown): string {
  if (key === undefined) throw new TypeError('the key is undefined; a row that has none says null');
  return typeof key === 'object' && key !== null ? sealedText(seal(key) as object) : canonical(key);
}

/** The number of the part in which rows of a key are. */
export function createPartOf(io: GuestIo, { parts, seed }: SplitOperator): (key: string) => number {
  const salt = `split ${seed}`;
  const last = parts.length - 1;
  const upper: number[] = [];
  for (const { fraction } of parts) upper.push((upper.at(-1) ?? 0) + fraction);
  return (key) => {
    const unit = hashToUnit(io, key, salt);
    let part = 0;
    while (part < last && unit >= upper[part]!) part++;
    return part;
  };
}
