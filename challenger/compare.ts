// docs/prover.md#validator: the first step at which an assertion and our own execution part.

import { differingFields } from '../node/body/verify-step.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { decodeStateLeaf, type StateLeaf } from '../protocol/state.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';

export type Difference = {
  /** Leaf of the step list: the state after so many of its steps. */
  readonly index: number;
  /** Of the state leaf; `bytes` if the claimed leaf is none. */
  readonly fields: readonly string[];
  readonly claimed: Hex;
  readonly own: Hex;
};

/** Undefined if the lists are equal. A list that ends early differs where it ends. */
export function firstDifference(claimed: Uint8Array, own: Uint8Array): Difference | undefined {
  const count = Math.max(claimed.length, own.length) / LEAF_BYTES;
  for (let index = 0; index < count; index++) {
    const [a, b] = [leafOf(claimed, index), leafOf(own, index)];
    if (Buffer.compare(a, b) === 0) continue;
    return { index, fields: differingFields(a, b), claimed: bytesToHex(a), own: bytesToHex(b) };
  }
  return undefined;
}

/** One line a field: what is claimed and what we have. */
export function describeDifference({ fields, claimed, own }: Difference): string {
  const [left, right] = [readLeaf(claimed), readLeaf(own)];
  if (left === undefined || right === undefined || fields.includes('bytes'))
    return `claimed leaf ${claimed}, own leaf ${own}`;
  return fields
    .map((field) => `${field} claimed ${left[field as keyof StateLeaf]}, own ${right[field as keyof StateLeaf]}`)
    .join('; ');
}

function leafOf(list: Uint8Array, index: number): Uint8Array {
  return list.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES);
}

function readLeaf(hex: Hex): StateLeaf | undefined {
  try {
    return decodeStateLeaf(Buffer.from(hex.slice(2), 'hex'));
  } catch {
    return undefined;
  }
}
