// docs/sdk.md#sample: an exact number of rows: keys (per partition) -> reduce (one task) -> apply (per partition).
import type { DrawOperator } from '../workflow/operator.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { hashText } from './hash.ts';
import { addFailure } from './homes.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { createPlaces } from './places.ts';
import { openRowset } from './rowset.ts';
import { keyText } from './split.ts';
import { createTexts, openTexts } from './texts.ts';
import { DROP, KEEP, type StageOperator } from './verdict.ts';

/** The rows with the smallest numbers are drawn: 64 bits of a hash, then partition and ordinal. */
type Lot = readonly [high: number, low: number, partition: number, ordinal: number];
type Stratum = { total: number; lots: Lot[] };

export function runDrawKeys(context: Context, operator: DrawOperator, partition: number): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const texts = createTexts(header.out, 2);
  const strata = new Map<string, Stratum>();
  const salt = `sample ${operator.name} ${operator.seed}`;
  let key = '';
  let [last, nth] = [-1, 0];
  eachLiveRow(context, header, {
    attempt: (row) => {
      key = operator.by === null ? 'null' : keyText((operator.by as (row: object) => unknown)(row));
    },
    commit: (index, ordinal) => {
      nth = index === last ? nth + 1 : 0;
      last = index;
      const hash = hashText(`${salt}\n${index}/${nth}`, 0x6d697a75);
      addLot(operator, strata, key, 1, [[hash[0]!, hash[1]!, partition, ordinal]]);
    },
    made: operator.made,
    refuse: (reason, ordinal) => addFailure(texts, 1, ordinal, reason),
  });
  for (const [text, { total, lots }] of strata) {
    texts.add(0, JSON.stringify([text, total, smallest(lots, operator.count)]));
  }
  texts.finish(io);
}

/** For each partition the ordinals of the rows that are drawn. */
export function runDrawReduce({ io }: Context, operator: DrawOperator): void {
  const partitions = io.inputCount() - FIRST_INPUT;
  const strata = new Map<string, Stratum>();
  for (let partition = 0; partition < partitions; partition++) {
    openTexts(io, FIRST_INPUT + partition).each(0, (value) => {
      const [key, total, lots] = value as [string, number, Lot[]];
      addLot(operator, strata, key, total, lots);
    });
  }
  const list = [...strata.values()];
  const shares = sharesOf(
    operator,
    list.map(({ total }) => total),
  );
  const drawn = createTexts(0, partitions);
  list.forEach(({ lots }, i) => {
    for (const [, , partition, ordinal] of smallest(lots, shares[i]!)) drawn.add(partition, String(ordinal));
  });
  drawn.finish(io);
}

export function createTakeDrawn(io: GuestIo, operator: DrawOperator, partition: number): StageOperator {
  const failures = createPlaces<string>(io);
  openTexts(io, FIRST_INPUT + 1).each(1, (value) => {
    const [ordinal, reason] = value as [number, string];
    failures[ordinal] = reason;
  });
  const drawn = createPlaces<true>(io);
  openTexts(io, FIRST_INPUT + 2).each(partition, (ordinal) => {
    drawn[ordinal as number] = true;
  });
  return {
    name: operator.name,
    made: operator.made,
    blind: true,
    apply: (_row, { ordinal }) => {
      const reason = failures[ordinal];
      return reason !== undefined ? { kind: 'reject', reason } : drawn[ordinal] === true ? KEEP : DROP;
    },
  };
}

/** No more lots are kept than can be drawn, give or take as many. */
function addLot(
  operator: DrawOperator,
  strata: Map<string, Stratum>,
  key: string,
  total: number,
  lots: readonly Lot[],
): void {
  let stratum = strata.get(key);
  if (stratum === undefined) {
    stratum = { total: 0, lots: [] };
    strata.set(key, stratum);
  }
  stratum.total += total;
  for (const lot of lots) stratum.lots.push(lot);
  if (stratum.lots.length > 2 * operator.count + 1_000) stratum.lots = smallest(stratum.lots, operator.count);
}

function smallest(lots: Lot[], count: number): Lot[] {
  return lots.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]).slice(0, count);
}

/**
 * How many rows each stratum gives: `count` of each, or all together, by the method of the largest remainder; of equal remainders the
 * earlier stratum takes the row.
 */
function sharesOf({ count, isEach }: DrawOperator, totals: readonly number[]): number[] {
  const total = totals.reduce((sum, own) => sum + own, 0);
  if (isEach || total <= count) return totals.map((own) => Math.min(own, count));
  const shares = totals.map((own) => Math.floor((own * count) / total));
  const rest = count - shares.reduce((sum, share) => sum + share, 0);
  const order = totals.map((own, i) => [(own * count) % total, i] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (const [, i] of order.slice(0, rest)) shares[i]!++;
  return shares;
}
