// docs/operations.md#priority: what goes next among what waits: who pays most for gas, and every fourth time who waits longest.

export type Waiting = {
  /** Wei per gas. */
  readonly gasPrice: bigint;
  /** Lower for what has waited longer; no two have the same. */
  readonly sequence: number;
};

export type Priority = {
  /** The one that goes next. It does not count before `took`. */
  first<T extends Waiting>(waiting: Iterable<T>): T | undefined;
  /** To be called when what `first` gave is taken. */
  took(): void;
};

/** Of so many choices one does not look at the price: what waits is taken within so many times those before it. */
export const CHOICES_PER_TURN = 4;

export function createPriority(): Priority {
  let choices = 0;
  return {
    first: <T extends Waiting>(waiting: Iterable<T>) => {
      const isByAge = choices % CHOICES_PER_TURN === CHOICES_PER_TURN - 1;
      let first: T | undefined;
      for (const one of waiting) if (first === undefined || goesBefore(one, first, isByAge)) first = one;
      return first;
    },
    took: () => {
      choices += 1;
    },
  };
}

function goesBefore(one: Waiting, other: Waiting, isByAge: boolean): boolean {
  if (!isByAge && one.gasPrice !== other.gasPrice) return one.gasPrice > other.gasPrice;
  return one.sequence < other.sequence;
}
