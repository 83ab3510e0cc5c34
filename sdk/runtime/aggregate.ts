// docs/sdk.md#group: the values of a group's rows, and what is made of them.
import type { Aggregation } from '../workflow/aggregate.ts';
import { kindOf } from './canonical.ts';
import { compareValues, orderedValue } from './order.ts';
import { seal } from './seal.ts';

/** Values of one aggregate, in the order of the rows, as far as the result needs them. */
export type Column = unknown[];

/** What each aggregate takes of a row; undefined: nothing. @throws what the functions throw, and TypeError */
export function valuesOf(aggregations: readonly Aggregation[], row: object): unknown[] {
  return aggregations.map(({ kind, value }) => {
    if (value === null) return undefined;
    const given = (value as (row: object) => unknown)(row);
    if (given === undefined) throw new TypeError(`${kind} of undefined; a row that has no value says null`);
    if (kind === 'collect') return seal(given);
    if (given === null) return undefined;
    if (kind === 'min' || kind === 'max') return orderedValue(given);
    if (typeof given === 'number' && Number.isFinite(given)) return given;
    throw new TypeError(`${kind} of ${typeof given === 'number' ? given : kindOf(given)}; expected a number or null`);
  });
}

/** Adds a value to what travels: all terms of a sum, whose order counts. */
export function keepValue({ kind, limit }: Aggregation, column: Column, value: unknown): void {
  if (kind === 'min' || kind === 'max') {
    const order = column.length === 0 ? 0 : compareValues(value, column[0]);
    if (column.length === 0 || (kind === 'min' ? order < 0 : order > 0)) column[0] = value;
  } else if (kind !== 'collect' || column.length < limit) column.push(value);
}

/** Adds a value to the result: of a sum the total and the number of its terms. */
export function addValue(aggregation: Aggregation, column: Column, value: unknown): void {
  if (aggregation.kind !== 'sum' && aggregation.kind !== 'mean') {
    keepValue(aggregation, column, value);
    return;
  }
  column[0] = ((column[0] as number | undefined) ?? 0) + (value as number);
  column[1] = ((column[1] as number | undefined) ?? 0) + 1;
}

/** The field of a group of `count` rows. */
export function resultOf({ kind }: Aggregation, column: Column, count: number): unknown {
  switch (kind) {
    case 'count':
      return count;
    case 'sum':
      return column[0] ?? 0;
    case 'mean':
      return column.length === 0 ? null : (column[0] as number) / (column[1] as number);
    case 'collect':
      return column;
    default:
      return column[0] ?? null;
  }
}
