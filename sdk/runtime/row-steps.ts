// docs/sdk.md#steps: what each row step makes of one row. Pure: the stage counts and writes.
import type { RowStep } from '../workflow/step.ts';
import { kindOf } from './canonical.ts';
import { createChunk } from './chunk.ts';
import { hashToUnit } from './hash.ts';
import type { GuestIo } from './io.ts';
import { createLookup } from './join.ts';
import { createPlainCheck } from './plain-schema.ts';
import { MAX_ROWS_LENGTH, sealedText, sealRow } from './seal.ts';
import { keyText } from './split.ts';

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

/** A step of a stage: a row step, or what the stage does with a row before them. */
export type StageStep = {
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

type AnyFn = (row: object) => unknown;

export function createRowStep(io: GuestIo, step: RowStep): StageStep {
  return { name: step.name, made: step.made, ...createApplication(io, step) };
}

function createApplication(io: GuestIo, step: RowStep): Omit<StageStep, 'name' | 'made'> {
  switch (step.kind) {
    case 'map': {
      const fn = step.fn as AnyFn;
      return {
        apply: (row) => {
          const next = fn(row);
          return next === row ? KEEP : becomes(sealRow(next, 'what a map returns'));
        },
      };
    }
    case 'filter': {
      const fn = step.fn as AnyFn;
      return { apply: (row) => (truth(fn(row)) ? KEEP : DROP) };
    }
    case 'flatMap': {
      const fn = step.fn as AnyFn;
      return { apply: (row) => ({ kind: 'rows', rows: sealRows(fn(row), 'a flatMap') }) };
    }
    case 'validate': {
      const { schema } = step;
      const isPlain = createPlainCheck(schema);
      return {
        apply: (row) => {
          if (isPlain?.(row) === true) return KEEP;
          const result = schema.safeParse(row);
          if (!result.success) return { kind: 'reject', reason: describeIssues(result.error.issues) };
          return becomes(sealRow(result.data, 'what the schema makes'));
        },
      };
    }
    case 'check': {
      const fn = step.fn as AnyFn;
      const failed: Verdict = step.onFail === 'drop' ? DROP : { kind: 'reject', reason: 'the check failed' };
      return {
        apply: (row, { index }) => {
          if (truth(fn(row))) return KEEP;
          return step.onFail === 'stop' ? { kind: 'stop', error: new StopRun(step.name, index) } : failed;
        },
      };
    }
    case 'sample': {
      const { key, fraction, seed } = step;
      const salt = `sample ${step.name} ${seed}`;
      return {
        counts: true,
        blind: key === null,
        apply: (row, { index }, nth) => {
          const text = key === null ? `${index}/${nth}` : keyText((key as AnyFn)(row));
          return hashToUnit(io, text, salt) < fraction ? KEEP : DROP;
        },
      };
    }
    case 'chunk':
      return createChunk(step);
    case 'lookup':
      return createLookup(step);
    case 'split': {
      const key = step.key as AnyFn;
      return {
        apply: (row) => {
          keyText(key(row));
          return KEEP;
        },
      };
    }
  }
}

/** A check with `onFail: 'stop'` failed: the task exits with an error and the run fails. */
export class StopRun extends Error {
  constructor(step: string, index: number) {
    super(`the check '${step}' failed on row ${index} and stops the run`);
    this.name = 'StopRun';
  }
}

/** @throws TypeError, RangeError: docs/rows.md#limits */
export function sealRows(rows: unknown, what: string): { row: object; text: string }[] {
  if (!Array.isArray(rows)) throw new TypeError(`${what} returns an array of rows, not ${kindOf(rows)}`);
  const sealed: { row: object; text: string }[] = [];
  let length = 0;
  const count = rows.length;
  for (let i = 0; i < count; i++) {
    const row = sealRow(rows[i], `what ${what} returns in its array`);
    const text = sealedText(row);
    length += text.length;
    if (length > MAX_ROWS_LENGTH) {
      throw new RangeError(`the rows that ${what} makes of one have at most ${MAX_ROWS_LENGTH} characters of JSON`);
    }
    sealed.push({ row, text });
  }
  return sealed;
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
    .map((issue) => `${issue.path.length === 0 ? 'row' : issue.path.map(String).join('.')}: ${issue.message}`);
  return issues.length > shown.length
    ? `${shown.join('; ')}; and ${issues.length - shown.length} more`
    : shown.join('; ');
}
