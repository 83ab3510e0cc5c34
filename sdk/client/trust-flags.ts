// docs/sdk.md#trust: which network the user means, as far as he says it.
import type { Address } from '../../protocol/hex.ts';

/** The network that the user means. It never comes from a sequencer. */
export type NetworkTrust = { readonly chainId: number; readonly rollup: Address };

/** What a verification believes, as far as the user says it: docs/sdk.md#trust. */
export type TrustFlags = {
  /** Of the L1: one node, or two and more that must agree. */
  readonly l1Urls?: readonly string[] | undefined;
  readonly rollup?: Address | undefined;
  readonly chainId?: number | undefined;
};
