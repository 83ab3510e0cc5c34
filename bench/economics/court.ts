// docs/court.md#economics: what lying, voting and not voting bring, by the settings of the court and the gas of its calls.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DeployConfig } from '../../contracts/config.ts';
import { type EconomicRow, MILLION, partOf } from './row.ts';

/** Seats of a first round: InferenceCourt.SEATS. */
const SEATS = 21n;
const BASIS_POINTS = 10_000n;
/** In millionths: how often an item that is wrong is disputed and judged so. */
const DISPUTED = [1_000, 10_000, 100_000, 500_000];
/** From this on lying must not pay: one item in a hundred. */
const DISPUTED_AT_LEAST = 10_000;
/** What a lie about one item saves or brings, wei: much more than a model's price of an answer. */
const ITEM_WEI = 10n ** 18n;

/** @param gas of calls, by their names in contracts/snapshots/court.json */
export function courtRows(config: DeployConfig, gas: Readonly<Record<string, string>> = readGas()): EconomicRow[] {
  const { court } = config;
  const gasOf = (...calls: readonly string[]) =>
    calls.reduce((sum, call) => sum + BigInt(gas[call] as string), 0n) * config.disputeGasPriceWei;
  return [...gatewayRows(config), ...voterRows(config, gasOf), ...challengerRows(court, gasOf)];
}

function gatewayRows({ court }: DeployConfig): EconomicRow[] {
  const lies = DISPUTED.map((disputed): EconomicRow => {
    const kept = partOf(ITEM_WEI, Number(MILLION) - disputed);
    return {
      who: 'gateway',
      does: 'signs an answer that no model gave, and saves 1 MIZU',
      where: `${disputed / 10_000} % of lies are disputed`,
      expectedWei: kept - partOf(court.itemPenaltyWei, disputed),
      ...(disputed >= DISPUTED_AT_LEAST ? { must: 'lose' as const } : {}),
    };
  });
  return [
    ...lies,
    {
      who: 'gateway',
      does: 'disputes its own lie through a second account',
      where: 'all voters see it',
      expectedWei: ITEM_WEI - court.itemPenaltyWei + rewardOf(court, ITEM_WEI),
      must: 'lose',
    },
  ];
}

/** 21 voters of the minimum stake each: none has a tenth, so that one who is alone is punished. */
function voterRows(
  { court, minimumStakeWei }: DeployConfig,
  gasOf: (...calls: readonly string[]) => bigint,
): EconomicRow[] {
  let stake = minimumStakeWei.validator;
  if (stake > court.punishedStakeMaxWei) stake = court.punishedStakeMaxWei;
  const penalty = (basisPoints: number) => (stake * BigInt(basisPoints) + BASIS_POINTS - 1n) / BASIS_POINTS;
  const wrong = wrongAtLeast(court);
  const voting = gasOf('commit', 'reveal');
  const share = court.feeWei / SEATS;
  const where = `21 equal stakes, class A, ${(wrong / 10_000).toFixed(1)} % of disputed items are wrong`;
  const row = (does: string, expectedWei: bigint, must: 'gain' | 'lose'): EconomicRow => {
    return { who: 'voter', does, where, expectedWei, must };
  };
  return [
    row('re-runs and votes', share - voting - gasOf('claim'), 'gain'),
    row(
      'votes that all is right, without a look',
      partOf(share - gasOf('claim'), Number(MILLION) - wrong) -
        voting -
        partOf(penalty(court.minorityBasisPoints), wrong),
      'lose',
    ),
    row('votes that it cannot tell, always', -voting, 'lose'),
    row('does not commit', -penalty(court.absentBasisPoints), 'lose'),
    row('commits and does not reveal', -penalty(court.silentBasisPoints) - gasOf('commit'), 'lose'),
  ];
}

function challengerRows(court: DeployConfig['court'], gasOf: (...calls: readonly string[]) => bigint): EconomicRow[] {
  const gas = gasOf('open, 1 of 3 items');
  return [
    {
      who: 'challenger',
      does: 'disputes an item that is wrong',
      where: 'the refund is the greatest there is',
      expectedWei: rewardOf(court, court.refundMaxWei) - gas,
      must: 'gain',
    },
    {
      who: 'challenger',
      does: 'disputes an item that is right',
      where: 'to have the validators work',
      expectedWei: -court.bondWei - gas,
      must: 'lose',
    },
  ];
}

/** What who opens a case gets beside his bond, without an appeal. */
function rewardOf(court: DeployConfig['court'], refundWei: bigint): bigint {
  return court.itemPenaltyWei / 2n - refundWei - court.feeWei;
}

/** In millionths: with fewer lies among what he disputes, a challenger loses; so there are not fewer for long. */
function wrongAtLeast(court: DeployConfig['court']): number {
  return Number((court.bondWei * MILLION) / (court.bondWei + rewardOf(court, 0n)));
}

function readGas(): Record<string, string> {
  const path = fileURLToPath(new URL('../../contracts/snapshots/court.json', import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
}
