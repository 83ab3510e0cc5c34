// docs/sdk.md#steps: what each row operator makes of one row. Pure: the stage counts and writes.
import type { RowStep } from '../workflow/step.ts';
import { kindOf } from './canonical.ts';
import { createChunk } from './chunk.ts';
import { hashToUnit } from './hash.ts';
import type { GuestIo } from './io.ts';
import { createLookup } from './join.ts';
import { createPlainCheck } from './plain-schema.ts';
import { describeIssues } from './schema-issues.ts';
import { sealRow, sealRows } from './seal.ts';
import { keyText } from './split.ts';
import { becomes, DROP, KEEP, type StageStep, type Verdict } from './verdict.ts';

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

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new TypeError(`the function returned ${kindOf(value)}, expected true or false`);
}
