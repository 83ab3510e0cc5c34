// docs/sdk.md#operators: what each row operator makes of one row. Pure: the stage counts and writes.
import type { RowOperator } from '../workflow/operator.ts';
import { kindOf } from './canonical.ts';
import { createChunk } from './chunk.ts';
import { hashToUnit } from './hash.ts';
import type { GuestIo } from './io.ts';
import { createLookup } from './join.ts';
import { createPlainCheck } from './plain-schema.ts';
import { describeIssues } from './schema-issues.ts';
import { sealRow, sealRows } from './seal.ts';
import { keyText } from './split.ts';
import { becomes, DROP, KEEP, type StageOperator, type Verdict } from './verdict.ts';

type AnyFn = (row: object) => unknown;

export function createRowOperator(io: GuestIo, operator: RowOperator): StageOperator {
  return { name: operator.name, made: operator.made, ...createApplication(io, operator) };
}

function createApplication(io: GuestIo, operator: RowOperator): Omit<StageOperator, 'name' | 'made'> {
  switch (operator.kind) {
    case 'map': {
      const fn = operator.fn as AnyFn;
      return {
        apply: (row) => {
          const next = fn(row);
          return next === row ? KEEP : becomes(sealRow(next, 'what a map returns'));
        },
      };
    }
    case 'filter': {
      const fn = operator.fn as AnyFn;
      return { apply: (row) => (truth(fn(row)) ? KEEP : DROP) };
    }
    case 'flatMap': {
      const fn = operator.fn as AnyFn;
      return { apply: (row) => ({ kind: 'rows', rows: sealRows(fn(row), 'a flatMap') }) };
    }
    case 'validate': {
      const { schema } = operator;
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
      const fn = operator.fn as AnyFn;
      const failed: Verdict = operator.onFail === 'drop' ? DROP : { kind: 'reject', reason: 'the check failed' };
      return {
        apply: (row, { index }) => {
          if (truth(fn(row))) return KEEP;
          return operator.onFail === 'stop' ? { kind: 'stop', error: new StopRun(operator.name, index) } : failed;
        },
      };
    }
    case 'sample': {
      const { key, fraction, seed } = operator;
      const salt = `sample ${operator.name} ${seed}`;
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
      return createChunk(operator);
    case 'lookup':
      return createLookup(operator);
    case 'split': {
      const key = operator.key as AnyFn;
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
  constructor(operator: string, index: number) {
    super(`the check '${operator}' failed on row ${index} and stops the run`);
    this.name = 'StopRun';
  }
}

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new TypeError(`the function returned ${kindOf(value)}, expected true or false`);
}
