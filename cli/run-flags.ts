// docs/sdk.md#run: the options of `mizu run`, and what came of it.
import type { Address, Hex } from '../protocol/hex.ts';
import type { InputFlags } from './input-flags.ts';
import type { BackendFlags, NetworkFlags } from './options.ts';

export type RunFlags = NetworkFlags &
  InputFlags &
  BackendFlags & {
    output: string;
    max?: string;
    maxItem?: string;
    maxInference?: string;
    taskGas?: bigint;
    rows?: number;
    force?: boolean;
    retryRejects?: string;
    gateway?: Address[];
    hours: number;
    new?: boolean;
    /** The demo goes on by itself: no next commands. */
    isDemo?: boolean;
    json?: boolean;
  };

export type RunOutcome = {
  /** Exit code: 0 done (or left going by Ctrl-C), 2 the run failed or has no row. */
  readonly code: number;
  /** Undefined if it was left going. */
  readonly run: Hex | undefined;
};
