// docs/sdk.md#join: what becomes of a row and its matches.
import type { JoinOperator, LookupOperator } from '../workflow/operator.ts';
import { fieldTaken, sealRow, sealRows } from './seal.ts';
import { keyText } from './split.ts';
import { becomes, DROP, type StageOperator, type Verdict } from './verdict.ts';

/** The row with each of its matches as the field that is named like the operator. */
export function joinRow(operator: JoinOperator | LookupOperator, row: object, found: readonly object[]): Verdict {
  const { name, isLeft, isFirst } = operator;
  if (Object.hasOwn(row, name)) throw fieldTaken(name);
  if (found.length === 0) return isLeft ? becomes(sealRow({ ...row, [name]: null }, 'the row')) : DROP;
  if (isFirst || found.length === 1) return becomes(sealRow({ ...row, [name]: found[0] }, 'the row'));
  const rows = found.map((right) => ({ ...row, [name]: right }));
  return { kind: 'rows', rows: sealRows(rows, 'a join') };
}

/** Null: the row matches nothing. */
export function joinKey(key: unknown, row: object): string | null {
  const value = (key as (row: object) => unknown)(row);
  return value === null ? null : keyText(value);
}

/** A table in the workflow needs no exchange: every task has it. */
export function createLookup(operator: LookupOperator): Pick<StageOperator, 'apply'> {
  return {
    apply: (row) => {
      const key = joinKey(operator.on, row);
      return joinRow(operator, row, (key === null ? undefined : operator.table.get(key)) ?? []);
    },
  };
}
