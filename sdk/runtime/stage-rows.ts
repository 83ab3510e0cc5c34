// docs/sdk.md#stages: the stages that read a rowset and write one: rows, receive and apply share one loop.
import type { RowStep } from '../workflow/step.ts';
import type { GuestIo } from './io.ts';
import type { SourceTable } from './locate.ts';
import { createRowRun, type RowRun } from './row-steps.ts';
import { openRowset, type RowsetHeader, type StepStats, writeRowset } from './rowset.ts';

/** What a stage does with a live row before its row steps. */
export type Intake = {
  /** Counted under this name in the header's steps; null: no step of its own. */
  readonly name: string | null;
  /** Calls `run.push` for what goes on; adds rejected lines to `rejects`. */
  take(ordinal: number, line: string, parse: () => unknown, run: RowRun, rejects: string[]): void;
};

export function runRowStage(
  io: GuestIo,
  input: number,
  intake: Intake,
  steps: readonly RowStep[],
  table: SourceTable,
): void {
  const header = openRowset(io, input);
  const run = createRowRun(steps, table);
  const rejects: string[] = [];
  const own: StepStats = { in: header.out, out: 0, rejected: 0 };
  const counted: RowRun = {
    ...run,
    push: (index, row, line) => {
      own.out++;
      run.push(index, row, line);
    },
  };
  let fresh = 0;
  for (let ordinal = 0; io.next(); ordinal++) {
    const line = io.line();
    if (ordinal >= header.out) {
      rejects.push(line);
      continue;
    }
    const before = rejects.length;
    intake.take(ordinal, line, () => io.json(), counted, rejects);
    fresh += rejects.length - before;
  }
  own.rejected = fresh;
  const output: RowsetHeader = {
    mizu: 'rows',
    in: header.out,
    out: run.live.length,
    rejected: fresh + run.rejects.length,
    steps: { ...header.steps, ...(intake.name === null ? {} : { [intake.name]: own }), ...run.stats },
  };
  writeRowset(io, output, run.live, [...rejects, ...run.rejects]);
}

export const plainIntake: Intake = {
  name: null,
  take: (_ordinal, line, parse, run) => {
    const [index, row] = parse() as [number, object];
    run.push(index, row, line);
  },
};
