// docs/operations.md#l1: what contracts have said in the past, read in bounded ranges, and each settled block once.
import { KEPT_BLOCKS } from './logs.ts';

/** Reads what the blocks `from` to `to` say, both included. */
export type ReadRange<Found> = (range: { fromBlock: bigint; toBlock: bigint }) => Promise<readonly Found[]>;

/** Blocks of one request: nodes refuse or cut longer answers. */
const RANGE_BLOCKS = 10_000n;
/** Deeper than L1 takes blocks back. */
const UNSETTLED_BLOCKS = BigInt(KEPT_BLOCKS);

/**
 * Remembers what was found and how far. Each look reads the blocks that are new since the last one, and the last 256
 * again: L1 may have changed them. A look that fails keeps what it has settled.
 */
export function createPastEvents<Found>(
  head: () => Promise<bigint>,
  fromBlock: bigint,
  read: ReadRange<Found>,
): () => Promise<readonly Found[]> {
  const settled: Found[] = [];
  let next = fromBlock;
  return async () => {
    const last = await head();
    const settle = last - UNSETTLED_BLOCKS;
    for (const range of rangesOf(next, settle)) {
      settled.push(...(await read(range)));
      next = range.toBlock + 1n;
    }
    const open: Found[] = [];
    for (const range of rangesOf(next, last)) open.push(...(await read(range)));
    return [...settled, ...open];
  };
}

function* rangesOf(from: bigint, to: bigint) {
  for (let fromBlock = from; fromBlock <= to; fromBlock += RANGE_BLOCKS) {
    const end = fromBlock + RANGE_BLOCKS - 1n;
    yield { fromBlock, toBlock: end < to ? end : to };
  }
}
