// docs/sdk.md#inputs: what becomes of a row of another input before a join asks for it: its schema, and the key of each join.
import { inputsOf, type JoinOperator, type Operator } from '../workflow/operator.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { joinKey } from './join.ts';
import { createPlainCheck } from './plain-schema.ts';
import { openAnyRowset } from './rowset.ts';
import { describeIssues } from './schema-issues.ts';
import { sealRow } from './seal.ts';
import { becomes, KEEP, type StageOperator } from './verdict.ts';

/** The operator of the input that the task's rows are of; null: they are the dataset's own. */
export function otherInput(io: GuestIo, operators: readonly Operator[]): StageOperator | null {
  const { input } = openAnyRowset(io, FIRST_INPUT);
  if (input === undefined) return null;
  const found = inputsOf(operators).find(({ name }) => name === input);
  if (found === undefined) throw new Error(`the workflow joins no input '${input}'`);
  const joins = operators.filter(
    (operator): operator is JoinOperator =>
      operator.kind === 'join' && operator.right.kind === 'input' && operator.right.name === input,
  );
  const { schema } = found;
  const isPlain = schema === null ? () => true : (createPlainCheck(schema) ?? (() => false));
  return {
    name: input,
    made: joins[0]!.made,
    apply: (row) => {
      let next = row;
      if (schema !== null && !isPlain(row)) {
        const result = schema.safeParse(row);
        if (!result.success) return { kind: 'reject', reason: describeIssues(result.error.issues) };
        next = sealRow(result.data, 'what the schema makes');
      }
      for (let i = 0; i < joins.length; i++) joinKey(joins[i]!.key, next);
      return next === row ? KEEP : becomes(next);
    },
  };
}
