// docs/audits.md#gateway: makes a wrong answer of a right one, which looks like a right one.
import type { Hex } from '../../protocol/hex.ts';
import type { FinishedTask } from '../gateway/task.ts';
import { parseResults } from '../item-rows.ts';
import { encodeResultLine, encodeResults, type RowResult } from '../rows.ts';
import { hashTruth, truthLine } from '../truth.ts';

export type Spoilt = {
  /** Of the answers as they came (docs/audits.md#truth). */
  readonly truth: Hex;
  /** The result object with two answers exchanged. */
  readonly result: Uint8Array;
};

type Answer = Extract<RowResult, { content: string }>;
type AnsweredRow = { readonly index: number; readonly answer: Answer };

/**
 * Exchanges the first two answers that differ: so each is one that the model gives, and the object keeps its length and
 * its bill. The result is undefined if a row has no answer, or if all answers are the same.
 */
export function spoil(task: Pick<FinishedTask, 'result' | 'inputTokens' | 'outputTokens'>): Spoilt | undefined {
  const parsed = parseResults(task.result);
  const rows = (parsed?.rows ?? []).map(({ index, result }) => ({ index, answer: result }) as AnsweredRow);
  if (!rows.every(({ answer }) => typeof answer.content === 'string')) return undefined;
  const first = rows[0]?.answer.content;
  const second = rows.findIndex(({ answer }) => answer.content !== first);
  if (second < 0) return undefined;
  const contents = rows.map(({ answer }) => answer.content);
  [contents[0], contents[second]] = [contents[second] as string, contents[0] as string];
  const lines = rows.map(({ index, answer }, i) =>
    encodeResultLine(index, { ...answer, content: contents[i] as string }),
  );
  const tokens = { input: task.inputTokens, output: task.outputTokens };
  return {
    truth: hashTruth(rows.map(({ index, answer }) => truthLine(index, answer.content, answer.finish_reason))),
    result: encodeResults(String(parsed?.model), lines, tokens),
  };
}
