// docs/attestations.md#economics: what attesting without executing, attesting a lie and asking bring.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DeployConfig } from '../../contracts/config.ts';
import type { EconomicRow } from './row.ts';

const BASIS_POINTS = 10_000n;
/** What a validator saves that does not execute an assertion, wei: far more than minutes of a machine cost. */
const EXECUTION_WEI = 10n ** 18n;
/** What a penalty costs its payer at least: half of it comes back through a second account that shows the fault. */
const COSTS_AT_LEAST = 2n;

/** @param gas of calls, by their names in contracts/snapshots */
export function attestationRows(
  config: DeployConfig,
  gas: Readonly<Record<string, string>> = { ...readGas('attest'), ...readGas('samples') },
): EconomicRow[] {
  const { minimumStakeWei, falseShareBasisPoints, disputeGasPriceWei, sampleOdds: odds } = config;
  const { silentPenaltyWei, samplePenaltyWei } = config;
  const gasOf = (call: string) => BigInt(gas[call] as string) * disputeGasPriceWei;
  const falseWei = (minimumStakeWei.validator * BigInt(falseShareBasisPoints)) / BASIS_POINTS;
  return [
    {
      who: 'validator',
      does: 'attests without executing, and saves 1 MIZU',
      where: 'somebody asks whom the lot falls on, and half of the penalty is its own again',
      expectedWei: EXECUTION_WEI - silentPenaltyWei / odds / COSTS_AT_LEAST,
      must: 'lose',
    },
    {
      who: 'validator',
      does: 'opens machines that it has made up, and saves 1 MIZU',
      where: 'somebody refutes them, and half of the penalty is its own again',
      expectedWei: EXECUTION_WEI - samplePenaltyWei / odds / COSTS_AT_LEAST,
      must: 'lose',
    },
    {
      who: 'validator',
      does: 'attests one lie',
      where: 'minimum stake, and half of the penalty is its own again',
      expectedWei: -falseWei / COSTS_AT_LEAST,
      must: 'lose',
    },
    {
      who: 'validator',
      does: 'opens what it is asked for, on average',
      where: 'it pays for one opening in each attestation that the lot falls on',
      expectedWei: -gasOf('open') / odds,
    },
    {
      who: 'anyone',
      does: 'shows a false attestation',
      where: 'minimum stake',
      expectedWei: falseWei / 2n - gasOf('prove false'),
      must: 'gain',
    },
    {
      who: 'anyone',
      does: 'asks, where the attester cannot open',
      where: 'the lot has fallen on it',
      expectedWei: silentPenaltyWei / 2n - gasOf('ask') - gasOf('expire'),
      must: 'gain',
    },
    {
      who: 'anyone',
      does: 'asks an honest attester, to have it work',
      where: 'the lot has fallen on it',
      expectedWei: -gasOf('ask'),
      must: 'lose',
    },
  ];
}

function readGas(name: string): Record<string, string> {
  const path = fileURLToPath(new URL(`../../contracts/snapshots/${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
}
