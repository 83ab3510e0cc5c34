// docs/disputes.md#game: what to do next in a game: nothing but the game, the time, and one's own trace decide.
import type { Side } from '../node/l1/game-record.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { StepInAssertion } from '../protocol/step-numbers.ts';

export const LIST_LENGTH = 32;
export const TRACE_END = 1n << 40n;
const LIST_BITS = 5n;

/** How long the trace is that a game is about, in instructions. A game about a step is about a whole one. */
type Ranged = { readonly range?: bigint };

/** A game as the contract holds it, with the list that was posted last. */
export type Game = Ranged & {
  readonly id: Hex;
  readonly assertion: Hex;
  /** The judged step. Leaf `step` of the assertion's step list is the state before it. */
  readonly step: StepInAssertion;
  readonly challenger: Address;
  readonly turn: Side;
  /** Lists posted: 1 after the game was opened, 8 when segments are one instruction long. */
  readonly lists: number;
  /** The hash of the machine at the start of the last list's range. */
  readonly start: Hex;
  /** Object root of the message, which may be refuted until the opening's list is answered. It is zero from then on. */
  readonly message: Hex;
  readonly startPosition: bigint;
  /** The last list: hashes of the machine at the ends of 32 equal segments. */
  readonly list: readonly Hex[];
  /** The party whose turn it is loses by time from this second on, in unix seconds. */
  readonly deadline: bigint;
};

/** One party's own view of the trace of the step. */
export type TraceOracle = {
  /** Hashes of the machine at these positions, ascending. */
  hashesAt(positions: readonly bigint[]): Promise<readonly Hex[]>;
  /** The one-step proof of the instruction at this position. It is empty where the trace stands still. */
  prove(position: bigint): Promise<Uint8Array>;
};

/** The first segment of the last list whose end the party disputes. */
export type Disputed = {
  readonly index: number;
  readonly start: Hex;
  readonly end: Hex;
  readonly startPosition: bigint;
  /** The segment's length in instructions. */
  readonly length: bigint;
};

export type Action =
  | { readonly kind: 'move'; readonly segment: Disputed; readonly list: readonly Hex[] }
  | { readonly kind: 'prove'; readonly segment: Disputed; readonly proof: Uint8Array }
  | { readonly kind: 'timeout' }
  /**
   * It is our turn, but the list holds nothing to dispute: the other side is right, or the game began with a start that
   * is not ours.
   */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'wait' };

/** The length in instructions of a segment of list number `lists`. The first list has number 1. */
export function segmentLength(lists: number, range = TRACE_END): bigint {
  return range >> (LIST_BITS * BigInt(lists));
}

/**
 * The positions of a list's entries: `start` is where its range begins, `length` that of a segment, in instructions.
 */
export function listPositions(start: bigint, length: bigint): bigint[] {
  return Array.from({ length: LIST_LENGTH }, (_, i) => start + BigInt(i + 1) * length);
}

/** A challenger's first list: the ends of the 32 segments of the whole range. */
export async function firstList(oracle: TraceOracle, range = TRACE_END): Promise<readonly Hex[]> {
  return oracle.hashesAt(listPositions(0n, segmentLength(1, range)));
}

export function otherSide(side: Side): Side {
  return side === 'asserter' ? 'challenger' : 'asserter';
}

/**
 * `now`: unix seconds, no later than L1's next block. The result depends on the arguments alone: the same question has
 * the same answer.
 */
export async function nextAction(game: Game, side: Side, oracle: TraceOracle, now: bigint): Promise<Action> {
  if (game.turn !== side) return now >= game.deadline ? { kind: 'timeout' } : { kind: 'wait' };
  if (now >= game.deadline) return { kind: 'lost', reason: 'our time is up' };
  const segment = await findDisputed(game, oracle);
  if (segment === undefined) return { kind: 'lost', reason: 'our own trace has the whole list' };
  if (segment.length === 1n) return { kind: 'prove', segment, proof: await oracle.prove(segment.startPosition) };
  const positions = listPositions(segment.startPosition, segment.length / BigInt(LIST_LENGTH));
  return { kind: 'move', segment, list: await oracle.hashesAt(positions) };
}

/** The segment whose end is the first entry that differs from our trace. Both sides agree on all before it. */
export async function findDisputed(game: Game, oracle: TraceOracle): Promise<Disputed | undefined> {
  const length = segmentLength(game.lists, game.range);
  const own = await oracle.hashesAt(listPositions(game.startPosition, length));
  const index = game.list.findIndex((hash, i) => hash !== own[i]);
  if (index < 0) return undefined;
  return {
    index,
    start: index === 0 ? game.start : (game.list[index - 1] as Hex),
    end: game.list[index] as Hex,
    startPosition: game.startPosition + BigInt(index) * length,
    length,
  };
}
