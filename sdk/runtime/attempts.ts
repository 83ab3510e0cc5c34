// docs/sdk.md#errors: the one place where what users wrote is run. Whatever it does to one row, that row is rejected and the task goes on.
import type { GuestIo } from './io.ts';
import { describeError, locate, type SourceTable, withPlace } from './locate.ts';
import type { RowsetHeader } from './rowset.ts';

/** What every stage knows of its workflow. */
export type Context = {
  readonly io: GuestIo;
  readonly source: SourceTable;
  /** Jumps and calls that a stage may take for one row. */
  readonly rowBudget: number;
};

/**
 * A stage's rows, one after another. `attempt` runs what users wrote and may throw anything, or be left at any point and begun again:
 * it only notes what `commit` is to do. What `commit` and `refuse` run is the runtime's own; if they throw, the task fails.
 * Notes, not functions to call later: to make one takes 3,000 gas, a fiftieth of a small row.
 */
export type RowWork = {
  /** Tries the row whose turn it is; false: there is none left. */
  attempt(): boolean;
  /** It has been tried: does what `attempt` has noted, and goes on to the next. */
  commit(): void;
  /** The row whose turn it is cannot be used: goes on to the next. */
  refuse(reason: string): void;
  /** The stack of where the operator was made that the row is at. */
  made(): string;
};

export function runAttempts({ io, source, rowBudget }: Context, work: RowWork): void {
  let failure: string | null = null;
  const compute = (): boolean => {
    failure = null;
    try {
      return work.attempt();
    } catch (error) {
      // Here too: to say what was thrown may run what users wrote.
      failure = describeError(error, source, work.made());
      return true;
    }
  };
  const commit = (): void => {
    if (failure === null) work.commit();
    else work.refuse(failure);
  };
  while (!io.guarded(compute, commit, rowBudget)) {
    const reason = `took too long: more than ${rowBudget} jumps and calls (rowBudget) for one row`;
    work.refuse(withPlace(reason, locate(work.made(), source)));
  }
}

export type EachRow = {
  /** As in `RowWork`; `ordinal` is the row's place among the live ones. */
  attempt(row: object, index: number, ordinal: number): void;
  commit(index: number, ordinal: number): void;
  refuse(reason: string, ordinal: number): void;
  readonly made: string;
};

/** The live rows of an opened rowset, one by one. While it is a row's turn, `io.line()` is its line. */
export function eachLiveRow(context: Context, { out }: RowsetHeader, work: EachRow): void {
  const { io } = context;
  let ordinal = -1;
  let index = -1;
  let more = true;
  const advance = (): void => {
    more = ++ordinal < out && io.next();
  };
  advance();
  runAttempts(context, {
    attempt: () => {
      if (!more) return false;
      const live = io.row();
      index = live[0];
      work.attempt(live[1], index, ordinal);
      return true;
    },
    commit: () => {
      work.commit(index, ordinal);
      advance();
    },
    refuse: (reason) => {
      work.refuse(reason, ordinal);
      advance();
    },
    made: () => work.made,
  });
}
