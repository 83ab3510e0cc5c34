// docs/contracts.md#settings: what the constructors would refuse is refused before anything is sent.
import { MAX_RETENTION_SECONDS } from '../protocol/constants.ts';
import { MizuError } from '../protocol/errors.ts';
import { ROLES } from '../protocol/roles.ts';
import type { DeployConfig } from './config.ts';

/** Wei of the token that there can be at most: every amount of it fits 96 bits. */
export const MAX_SUPPLY_WEI = 2n ** 96n - 1n;
/** On the costs of a call, in 1/10,000: they are paid a hundred times at most. */
export const MAX_MARGIN_BASIS_POINTS = 1_000_000;

/** STRETCH of DAChallenges: a certificate that L1 has just taken can always be challenged. */
const CHALLENGE_STRETCH = 4;
const BASIS_POINTS = 10_000n;
/** Audits.MAX_LOOK_BACK. */
const MAX_LOOK_BACK = 16n;
const MAX_UINT32 = 2n ** 32n - 1n;

const HINT =
  'Change the configuration of the deployment: an amount is at most tokenCapWei, because nobody could pay more.';

export type Range = { readonly name: string; readonly value: bigint; readonly least: bigint; readonly most: bigint };

/** @throws MizuError `contracts/setting-out-of-range` if a contract could not work with a setting, whatever anyone pays */
export function requireSettings(config: DeployConfig): void {
  for (const setting of rangesOf(config)) requireRange(setting, HINT);
}

/** @throws MizuError `contracts/setting-out-of-range` */
export function requireRange({ name, value, least, most }: Range, hint: string): void {
  if (value >= least && value <= most) return;
  throw new MizuError({
    code: 'contracts/setting-out-of-range',
    message: `No network works with this ${name}.`,
    expected: `${least} to ${most}`,
    actual: `${value}`,
    hint,
  });
}

function rangesOf(config: DeployConfig): Range[] {
  const cap = config.tokenCapWei;
  const minimums = ROLES.map((role) => range(`minimumStakeWei.${role}`, config.minimumStakeWei[role], 1n, cap));
  return [
    range('tokenCapWei', cap, 1n, MAX_SUPPLY_WEI),
    ...minimums,
    range('assertionBondWei', config.assertionBondWei, 0n, cap),
    range('challengeBondWei', config.challengeBondWei, 1n, cap),
    range('demandBondWei', config.demandBondWei, 1n, cap),
    range('daChallengeBondWei', config.daChallengeBondWei, 1n, cap),
    range('sampleOdds', config.sampleOdds, 1n, MAX_SUPPLY_WEI),
    range('silentPenaltyWei', config.silentPenaltyWei, 1n, cap),
    range('samplePenaltyWei', config.samplePenaltyWei, 1n, cap),
    range('sampleBondWei', config.sampleBondWei, 1n, cap),
    range('disputeGasPriceWei', config.disputeGasPriceWei, 0n, cap),
    range('disputeMarginBasisPoints', config.disputeMarginBasisPoints, 0n, BigInt(MAX_MARGIN_BASIS_POINTS)),
    range('validatorShareBasisPoints', config.validatorShareBasisPoints, 0n, BASIS_POINTS),
    range('falseShareBasisPoints', config.falseShareBasisPoints, 1n, BASIS_POINTS),
    ...courtRanges(config),
    ...auditRanges(config),
    range('gasPrice.highestWei', config.gasPrice.highestWei, 1n, cap),
    range('gasPrice.initialWei', config.gasPrice.initialWei, 1n, config.gasPrice.highestWei),
    range('gasPrice.restSeconds', config.gasPrice.restSeconds, 1n, MAX_UINT32),
    range('demandSeconds', config.demandSeconds, 1n, MAX_UINT32),
    range('daAnswerSeconds', config.daAnswerSeconds, 1n, longestAnswer(config)),
    range('unbondingSeconds', config.unbondingSeconds, 1n, MAX_UINT32),
    ...(config.eigenLayer === undefined
      ? []
      : [range('eigenLayer.blockSeconds', config.eigenLayer.blockSeconds, 1n, MAX_UINT32)]),
    range('retentionSeconds', config.retentionSeconds, 1n, BigInt(MAX_RETENTION_SECONDS)),
  ];
}

function longestAnswer({ retentionSeconds }: DeployConfig): bigint {
  return BigInt(Math.floor(retentionSeconds / CHALLENGE_STRETCH));
}

function courtRanges({ court, minimumStakeWei, tokenCapWei }: DeployConfig): Range[] {
  const owed = 2n * court.feeWei + court.refundMaxWei;
  const phases = ['commitSeconds', 'revealSeconds', 'appealSeconds', 'vetoSeconds'] as const;
  return [
    range('court.feeWei', court.feeWei, 1n, tokenCapWei),
    range('court.bondWei', court.bondWei, 4n * court.feeWei, tokenCapWei),
    range('court.itemPenaltyWei', court.itemPenaltyWei, 2n * owed + 2n, minimumStakeWei.gateway),
    range('court.bytePriceWei', court.bytePriceWei, 0n, tokenCapWei),
    range('court.punishedStakeMaxWei', court.punishedStakeMaxWei, 0n, tokenCapWei),
    range('court.absentBasisPoints', court.absentBasisPoints, 1n, BASIS_POINTS - 1n),
    range('court.silentBasisPoints', court.silentBasisPoints, BigInt(court.absentBasisPoints) + 1n, BASIS_POINTS),
    range('court.minorityBasisPoints', court.minorityBasisPoints, 0n, BASIS_POINTS),
    ...phases.map((phase) => range(`court.${phase}`, court[phase], 1n, MAX_UINT32)),
  ];
}

function auditRanges({ audits, tokenCapWei }: DeployConfig): Range[] {
  const phases = ['periodSeconds', 'commitSeconds', 'openSeconds', 'revealSeconds', 'plantSeconds'] as const;
  return [
    range('audits.rewardWei', audits.rewardWei, 0n, tokenCapWei),
    range('audits.rateBasisPoints', audits.rateBasisPoints, 1n, BASIS_POINTS),
    range('audits.lookBack', audits.lookBack, 1n, MAX_LOOK_BACK),
    ...phases.map((phase) => range(`audits.${phase}`, audits[phase], 1n, MAX_UINT32)),
  ];
}

function range(name: string, value: bigint | number, least: bigint, most: bigint): Range {
  return { name, value: BigInt(value), least, most };
}
