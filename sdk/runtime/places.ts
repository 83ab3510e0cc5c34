// docs/sdk.md#whole: what is known of the rows of a partition, by their place among the live ones of input 1.
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { openRowset } from './rowset.ts';

/**
 * A list, and no Map: QuickJS hashes small integers to few places, so that with 1,000 of them each access of a Map takes 25 k gas, and
 * more with more.
 */
export function createPlaces<T>(io: GuestIo): (T | undefined)[] {
  return Array.from({ length: openRowset(io, FIRST_INPUT).out }, () => undefined);
}
