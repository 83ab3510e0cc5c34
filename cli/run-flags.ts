// docs/sdk.md#run: the options of `mizu run`, and its outcome.
import type { Address, Hex } from '../protocol/hex.ts';
import type { InputFlags } from './input-flags.ts';
import type { BackendFlags, GasPriceFlags, NetworkFlags } from './options.ts';

export type RunFlags = NetworkFlags &
  InputFlags &
  BackendFlags &
  GasPriceFlags & {
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
    /** The dataset is fetched when the court can void nothing in it any more. */
    afterCourt?: boolean;
    new?: boolean;
    /** The demo goes on by itself: it prints no next commands. */
    isDemo?: boolean;
    json?: boolean;
  };

export type RunOutcome = {
  /** Exit code: 0 if the run is done, or was left running by Ctrl-C; 2 if it failed or has no row. */
  readonly code: number;
  /** Undefined if the run was left running. */
  readonly run: Hex | undefined;
};
