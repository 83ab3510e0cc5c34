// docs/rows.md#simulations: by what the network knows a model.
import type { Hex } from './hex.ts';
import { keccakHex } from './tree.ts';

/** The hash of the model's name. */
export function modelId(name: string): Hex {
  return keccakHex(new TextEncoder().encode(name));
}
