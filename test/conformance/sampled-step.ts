// docs/vm.md#engines: steps that are taken apart while a suite runs.
import type { Hex } from '../../protocol/hex.ts';

export type SampledStep = {
  readonly name: string;
  readonly before: Hex;
  readonly after: Hex;
  readonly proof: Uint8Array;
};

export type Sampler = {
  readonly steps: SampledStep[];
  /** Counts a call; true if its steps are to be proven. */
  wantsCall(): boolean;
  /** Ascending positions in a call of `length` steps. */
  pick(length: bigint): bigint[];
};
