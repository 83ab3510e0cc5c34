// docs/contracts.md#parameters: what is decided when the contracts are deployed.
import type { Address } from '../protocol/hex.ts';
import type { Role } from './roles.ts';

export type DeployConfig = {
  /** Most wei of the token that may ever exist at one time. */
  readonly tokenCapWei: bigint;
  readonly windowSeconds: number;
  readonly clocksSeconds: number;
  readonly votesSeconds: number;
  readonly graceSeconds: number;
  /** At least window + clocks + votes + grace, else the deployment reverts. */
  readonly unbondingSeconds: number;
  /** That a certificate must still have to run when it reaches L1; the same lower bound. */
  readonly retentionSeconds: number;
  readonly minimumStakeWei: Readonly<Record<Role, bigint>>;
  /** After which a delayed message must be included. */
  readonly delaySeconds: number;
  readonly maxAheadSeconds: number;
  readonly maxBehindSeconds: number;
  readonly assertionBondWei: bigint;
  readonly leaderSeconds: number;
  /** Of all fees, in 1/10,000. */
  readonly validatorShareBasisPoints: number;
  /** Contract that decides disputes; without one nothing can be rejected. */
  readonly dispute?: Address;
  /** Contract that shares out the validators' part of the fees. */
  readonly validatorRewards?: Address;
};

const MIZU = 10n ** 18n;

/** Periods of seconds: a stranger sees a run confirmed within a minute. */
export const DEVNET_CONFIG: DeployConfig = {
  tokenCapWei: 1_000_000_000n * MIZU,
  windowSeconds: 10,
  clocksSeconds: 60,
  votesSeconds: 60,
  graceSeconds: 30,
  unbondingSeconds: 300,
  retentionSeconds: 3_600,
  minimumStakeWei: {
    executor: 1_000n * MIZU,
    validator: 1_000n * MIZU,
    sequencer: 1_000n * MIZU,
    daMember: 1_000n * MIZU,
    gateway: 1_000n * MIZU,
  },
  delaySeconds: 60,
  maxAheadSeconds: 30,
  maxBehindSeconds: 3_600,
  assertionBondWei: 100n * MIZU,
  leaderSeconds: 10,
  validatorShareBasisPoints: 2_000,
};
