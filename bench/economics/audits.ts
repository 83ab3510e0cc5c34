// docs/audits.md#proves: what not looking, planting and calling truths canaries bring.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DeployConfig } from '../../contracts/config.ts';
import { type EconomicRow, MILLION, partOf } from './row.ts';

const BASIS_POINTS = 10_000;
/** What a validator has of the fees of a period, and what it saves in one if it runs nothing again, wei. */
const SHARE_WEI = 10n ** 18n;
const RERUN_WEI = SHARE_WEI / 4n;
/** Canaries that count, of all the periods that are looked back to. */
const CANARIES = [1, 4, 16];
/** From this on not to look must not pay. */
const CANARIES_AT_LEAST = 16;

/** @param gas of calls, by their names in contracts/snapshots/audits.json */
export function auditRows(config: DeployConfig, gas: Readonly<Record<string, string>> = readGas()): EconomicRow[] {
  const { audits, court } = config;
  const gasOf = (...calls: readonly string[]) =>
    calls.reduce((sum, call) => sum + BigInt(gas[call] as string), 0n) * config.disputeGasPriceWei;
  const planted = gasOf('plant', 'open, 1 of 4 items');
  return [
    ...CANARIES.map((canaries) => idleRow(audits.rateBasisPoints, canaries, gasOf('commit', 'reveal, 4 canaries'))),
    {
      who: 'gateway',
      does: 'plants a canary that counts',
      where: 'the pot pays its whole reward',
      expectedWei: audits.rewardWei - planted - gasOf('reward', 'withdraw'),
      must: 'gain',
    },
    { who: 'gateway', does: 'plants a canary that counts', where: 'the pot is empty', expectedWei: -planted },
    {
      who: 'gateway',
      does: 'calls an answer that is right a canary, so that others lose their share',
      where: 'less than half of the weight says so with it',
      expectedWei: -planted,
      must: 'lose',
    },
    {
      who: 'anyone',
      does: 'disputes a canary at once',
      where: 'its gateway opens it, and the voters look',
      expectedWei: -court.bondWei,
      must: 'lose',
    },
  ];
}

function idleRow(rate: number, canaries: number, savedGas: bigint): EconomicRow {
  const examined = 1 - (1 - rate / BASIS_POINTS) ** canaries;
  return {
    who: 'validator',
    does: 'runs nothing again and commits to nothing, and saves 0.25 MIZU a period and the gas',
    where: `a share of 1 MIZU a period, ${canaries} canaries within the periods that are looked back to`,
    expectedWei: RERUN_WEI + savedGas - partOf(SHARE_WEI, Math.floor(examined * Number(MILLION))),
    ...(canaries >= CANARIES_AT_LEAST ? { must: 'lose' as const } : {}),
  };
}

function readGas(): Record<string, string> {
  const path = fileURLToPath(new URL('../../contracts/snapshots/audits.json', import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
}
