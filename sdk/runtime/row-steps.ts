// docs/sdk.md#steps: runs consecutive row steps over one rowset. A row that no step changed is written as it was read.
import type { RowStep } from '../workflow/step.ts';
import { canonical, canonicalRow, kindOf } from './canonical.ts';
import { hashToUnit } from './hash.ts';
import { describeError, type SourceTable } from './locate.ts';
import { rejectLine, type StepStats } from './rowset.ts';

export type RowRun = {
  /** Runs all steps over one row. `line` is its live line if the row is as it was read, else null. */
  push(index: number, row: object, line: string | null): void;
  readonly live: string[];
  readonly rejects: string[];
  readonly stats: Record<string, StepStats>;
};

type AnyFn = (row: object) => unknown;

export function createRowRun(steps: readonly RowStep[], table: SourceTable): RowRun {
  const live: string[] = [];
  const rejects: string[] = [];
  const counters: StepStats[] = steps.map(() => ({ in: 0, out: 0, rejected: 0 }));
  const stats = Object.fromEntries(steps.map((step, i) => [step.name, counters[i]!]));
  // Ordinal among the rows of one index, so that rows of one flatMap are sampled each for itself.
  let lastIndex = -1;
  let ordinal = 0;

  const reject = (at: number, index: number, row: object, reason: string): void => {
    counters[at]!.rejected++;
    rejects.push(rejectLine(index, canonical(row), steps[at]!.name, reason));
  };
  const emit = (index: number, row: object, line: string | null, changedBy: number, before: object): void => {
    if (line !== null) {
      live.push(line);
      return;
    }
    let text: string;
    try {
      text = canonicalRow(row);
    } catch (error) {
      const at = Math.max(changedBy, 0);
      if (steps.length === 0) throw error;
      counters[at]!.out--;
      for (let i = at + 1; i < steps.length; i++) {
        counters[i]!.in--;
        counters[i]!.out--;
      }
      reject(at, index, before, (error as Error).message);
      return;
    }
    live.push(`[${index},${text}]`);
  };
  const walk = (
    from: number,
    index: number,
    row: object,
    line: string | null,
    changedBy: number,
    before: object,
  ): void => {
    let current = row;
    let same = line;
    let changed = changedBy;
    let previous = before;
    for (let at = from; at < steps.length; at++) {
      const step = steps[at]!;
      const counter = counters[at]!;
      counter.in++;
      try {
        switch (step.kind) {
          case 'map': {
            const next = (step.fn as AnyFn)(current);
            if (next !== current) {
              if (typeof next !== 'object' || next === null || Array.isArray(next)) {
                throw new TypeError(`a map returns a row, not ${kindOf(next)}`);
              }
              previous = current;
              current = freeze(next);
              same = null;
              changed = at;
            }
            break;
          }
          case 'filter':
            if (!truth((step.fn as AnyFn)(current))) return;
            break;
          case 'flatMap': {
            const rows = (step.fn as AnyFn)(current);
            if (!Array.isArray(rows)) throw new TypeError(`a flatMap returns an array of rows, not ${kindOf(rows)}`);
            for (const next of rows) canonicalRow(next);
            counter.out += rows.length;
            for (const next of rows) walk(at + 1, index, freeze(next), next === current ? same : null, at, current);
            return;
          }
          case 'validate': {
            const result = step.schema.safeParse(current);
            if (!result.success) {
              reject(at, index, current, describeIssues(result.error.issues));
              return;
            }
            const next = result.data as object;
            previous = current;
            current = freeze(next);
            same = null;
            changed = at;
            break;
          }
          case 'check':
            if (truth((step.fn as AnyFn)(current))) break;
            if (step.onFail === 'stop') throw new StopRun(step.name, index);
            if (step.onFail === 'reject') reject(at, index, current, 'the check failed');
            return;
          case 'sample': {
            ordinal = index === lastIndex ? ordinal + 1 : 0;
            lastIndex = index;
            const key = step.key === null ? `${index}/${ordinal}` : canonical((step.key as AnyFn)(current) ?? null);
            if (hashToUnit(key, `sample ${step.name} ${step.seed}`) >= step.fraction) return;
            break;
          }
        }
      } catch (error) {
        if (error instanceof StopRun) throw error;
        reject(at, index, current, describeError(error, table));
        return;
      }
      counter.out++;
    }
    emit(index, current, same, changed, previous);
  };
  return { push: (index, row, line) => walk(0, index, freeze(row), line, -1, row), live, rejects, stats };
}

/** A check with `onFail: 'stop'` failed: the task exits with an error and the run fails. */
export class StopRun extends Error {
  constructor(step: string, index: number) {
    super(`the check '${step}' failed on row ${index} and stops the run`);
    this.name = 'StopRun';
  }
}

// A step that wrote into its row would be seen by the steps that are fused with it, and by no other: so it must not.
function freeze<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value;
  for (const key in value) {
    const inner = value[key];
    if (typeof inner === 'object' && inner !== null) freeze(inner as object);
  }
  return Object.freeze(value);
}

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new TypeError(`the function returned ${kindOf(value)}, expected true or false`);
}

export function describeIssues(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): string {
  const shown = issues
    .slice(0, 4)
    .map((issue) => `${issue.path.length === 0 ? 'row' : issue.path.join('.')}: ${issue.message}`);
  return issues.length > shown.length
    ? `${shown.join('; ')}; and ${issues.length - shown.length} more`
    : shown.join('; ');
}
