// docs/sdk.md#texts: what the buckets of an operator have made goes to the partition, and to the place, of the row that it is made of.
import type { Operator } from '../workflow/operator.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { createPlaces } from './places.ts';
import { sealedText, sealRow } from './seal.ts';
import { openTexts, type TextsWriter } from './texts.ts';
import { becomes, DROP, type StageOperator } from './verdict.ts';

/** A line: the place of a live row, and the row that takes it or the reason why there is none. */
export function addHome(homes: TextsWriter, partition: number, ordinal: number, row: object): void {
  let made: string;
  try {
    made = sealedText(sealRow(row, 'the result'));
  } catch (error) {
    made = JSON.stringify(`the result of these rows is no row: ${(error as Error).message}`);
  }
  homes.add(partition, `[${ordinal},${made}]`);
}

export function addFailure(homes: TextsWriter, group: number, ordinal: number, reason: string): void {
  homes.add(group, `[${ordinal},${JSON.stringify(reason)}]`);
}

/** Input 1 are the rows, input 2 what their own partition has sent, whose last group are its failures; the buckets follow. */
export function createTakeHomes(io: GuestIo, operator: Operator, partition: number): StageOperator {
  const homes = createPlaces<string | object>(io);
  const take = (value: unknown): void => {
    const [ordinal, made] = value as [number, string | object];
    homes[ordinal] = made;
  };
  const own = openTexts(io, FIRST_INPUT + 1);
  own.each(own.groups - 1, take);
  for (let input = FIRST_INPUT + 2; input < io.inputCount(); input++) openTexts(io, input).each(partition, take);
  return {
    name: operator.name,
    made: operator.made,
    blind: true,
    apply: (_row, { ordinal }) => {
      const made = homes[ordinal];
      if (made === undefined) return DROP;
      return typeof made === 'string' ? { kind: 'reject', reason: made } : becomes(sealRow(made, 'the result'));
    },
  };
}
