// docs/attestations.md#cli: how far back events are looked for where nobody says how far.

/** About a week of blocks of 12 s. */
const BLOCKS = 50_000n;

/** The first block of the last week before `head`. */
export function lastWeekFrom(head: bigint): bigint {
  return head > BLOCKS ? head - BLOCKS : 0n;
}
