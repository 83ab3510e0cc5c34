// docs/sdk.md#rejects-told: what a run or a dry run tells beside its rows: the rejects of each operator, how many and
// why, and where answers came from.
import { createReadStream } from 'node:fs';
import pc from 'picocolors';
import { MizuError } from '../protocol/errors.ts';
import { oneLine } from '../protocol/text.ts';
import { formatCount } from '../sdk/client/money.ts';
import type { LocalRun } from '../sdk/local/run-local.ts';
import { type Output, shorten } from './output.ts';

/** The rejects of one operator. */
export type RejectedBy = {
  readonly operator: string;
  /** Entries among the rejects. */
  readonly rows: number;
  /** How many of them are single answers, whose rows go on with the others: docs/sdk.md#several. */
  readonly answers?: number;
  /** The reason of the first of them. */
  readonly reason: string;
};

/** The most bytes of the line of a row with its reason: docs/rows.md#limits. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

type OneReject = { readonly operator: string; readonly reason: string; readonly answer?: number };

/** The operator with the most rejects comes first; of equal ones the one that was met first. */
export function sumRejects(rejects: Iterable<OneReject>): RejectedBy[] {
  const found = new Map<string, RejectedBy>();
  for (const reject of rejects) add(found, reject);
  return sorted(found);
}

/** Sums up a dataset's `rejects.jsonl`, read line by line. */
export async function sumRejectsFile(file: string): Promise<RejectedBy[]> {
  const found = new Map<string, RejectedBy>();
  const { splitLines } = await import('../sdk/input/lines.ts');
  const decoder = new TextDecoder();
  for await (const { bytes } of splitLines(createReadStream(file), MAX_LINE_BYTES))
    add(found, JSON.parse(decoder.decode(bytes)) as OneReject);
  return sorted(found);
}

/** Rows in the parts of the dataset. */
export function rowsThrough({ parts }: Pick<LocalRun, 'parts'>): number {
  return Object.values(parts).reduce((sum, rows) => sum + rows.length, 0);
}

/** A dry run without one row in any part tells nothing of the cost, and predicts a dataset without rows. */
export function nothingThrough(rows: number, rejected: readonly RejectedBy[]): MizuError {
  const [worst] = rejected;
  return new MizuError({
    code: 'sdk/nothing-through',
    message: 'No row has come through the dry run: there is no quote, and no run was started.',
    expected: `one of ${rows} sampled rows, or more, in a part of the dataset`,
    actual:
      worst === undefined
        ? `none: ${rows === 0 ? 'the input has no whole row' : 'the operators drop them all'}`
        : `none; operator '${worst.operator}' rejects ${worst.rows}: ${worst.reason}`,
    hint: 'See each operator with `npx mizu dev`. If few rows are meant to come through, take more with --rows; `mizu run --force` starts all the same.',
  });
}

function add(found: Map<string, RejectedBy>, { operator, reason, answer }: OneReject): void {
  const before = found.get(operator) ?? { operator: oneLine(operator), rows: 0, reason: oneLine(reason) };
  const answers = answer === undefined ? {} : { answers: (before.answers ?? 0) + 1 };
  found.set(operator, { ...before, ...answers, rows: before.rows + 1 });
}

function sorted(found: ReadonlyMap<string, RejectedBy>): RejectedBy[] {
  return [...found.values()].sort((a, b) => b.rows - a.rows);
}

/**
 * Prints nothing if there are no rejects. `of` is the number of the dataset's rows that were tried, if that is told;
 * rejects of other `inputs` do not count among them.
 */
export function sayRejects(
  output: Output,
  rejected: readonly RejectedBy[],
  of?: number,
  inputs: readonly string[] = [],
  width = process.stdout.columns ?? 140,
): void {
  for (const { operator, rows, answers = 0, reason } of rejected) {
    const whole = formatCount(rows - answers);
    const told =
      rows > answers ? [of === undefined || inputs.includes(operator) ? whole : `${whole} of ${formatCount(of)}`] : [];
    if (answers > 0) told.push(`${formatCount(answers)} ${answers === 1 ? 'answer' : 'answers'}`);
    const count = told.join(' and ');
    output.say(
      `${pc.yellow('rejected')}  ${count} by ${pc.bold(operator)}, the first: ${shorten(reason, Math.max(60, width - 30))}`,
    );
  }
}

/** Prints how many answers of models were kept from before: docs/sdk.md#answers-kept. */
export function sayAnswers(
  output: Output,
  counts: { readonly kept: number; readonly asked: number } | undefined,
): void {
  if (counts === undefined || counts.kept + counts.asked === 0) return;
  const { kept, asked } = counts;
  output.say(`${pc.bold('answers')}  ${formatCount(asked)} asked for, ${formatCount(kept)} kept from before`);
}
