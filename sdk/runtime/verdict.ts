// docs/sdk.md#operators: what an operator of a stage is given of a row, and what it may say of it.

/** A row on its way through a stage. */
export type RowAt = {
  readonly index: number;
  /** Its place among the live rows that the stage reads. */
  readonly ordinal: number;
};

/** `answer` counts from 0. */
export type LostAnswer = { readonly answer: number; readonly reason: string };

export type Verdict =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'row'; readonly row: object }
  /** A row without some of its answers, each of which is a reject of its own. */
  | { readonly kind: 'part'; readonly row: object; readonly lost: readonly LostAnswer[] }
  /** With the canonical text of each. */
  | { readonly kind: 'rows'; readonly rows: readonly { readonly row: object; readonly text: string }[] }
  | { readonly kind: 'reject'; readonly reason: string }
  /** The task fails. */
  | { readonly kind: 'stop'; readonly error: Error };

/** An operator of a stage: a row operator, or what the stage does with a row before them. */
export type StageOperator = {
  readonly name: string;
  /** The stack of where the workflow made it. */
  readonly made: string;
  /** Does without the row itself, so that it need not be parsed. */
  readonly blind?: boolean;
  /** Counts the rows of one index that come to it: `nth` is their number so far. */
  readonly counts?: boolean;
  /** May throw: the row is rejected. */
  apply(row: object, at: RowAt, nth: number): Verdict;
};

export const KEEP: Verdict = { kind: 'keep' };
export const DROP: Verdict = { kind: 'drop' };

// One for all, as it is read at once.
const changed = { kind: 'row' as const, row: {} as object };

/** The row becomes another. */
export function becomes(row: object): Verdict {
  changed.row = row;
  return changed;
}
