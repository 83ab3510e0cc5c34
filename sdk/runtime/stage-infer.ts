// docs/rows.md#requests: the two programs around a model: rows to requests, results to rows.
import type { LlmStep, Said } from '../workflow/step.ts';
import { openResult, type Result } from './answer.ts';
import { canonical } from './canonical.ts';
import type { GuestIo } from './io.ts';
import { describeError, type SourceTable } from './locate.ts';
import { type AnswerFormat, requestFrame } from './request.ts';
import { describeIssues } from './row-steps.ts';
import { openRowset, padHeader, rejectLine, rowIndex, rowText, writeLines } from './rowset.ts';
import type { Intake } from './stage-rows.ts';

/** A row whose prompt function throws gets `null` as request; it is rejected when the results come back. */
export function runRequest(io: GuestIo, step: LlmStep, format: AnswerFormat | null): void {
  const header = openRowset(io, 1);
  const [head, tail] = requestFrame(step, format);
  const lines: string[] = [];
  for (let ordinal = 0; ordinal < header.out && io.next(); ordinal++) {
    const [index, row] = io.json() as [number, object];
    const messages = ask(step, row);
    if (messages.ok) lines.push(`[${index},${head}${canonical(messages.value)}${tail}]`);
  }
  io.write(padHeader({ mizu: 'requests', count: lines.length, model: step.model }));
  writeLines(io, lines);
}

/** The result's lines, in the order of the requests. */
export function readResults(io: GuestIo, input: number): [number, Result][] {
  io.open(input);
  const header = io.next() ? (io.json() as { mizu?: string; count?: number }) : {};
  if (header.mizu !== 'results') throw new Error(`input ${input} is not a result object`);
  const results: [number, Result][] = [];
  while (io.next()) results.push(io.json() as [number, Result]);
  if (results.length !== header.count) throw new Error(`${results.length} results, the header says ${header.count}`);
  return results;
}

/** Takes the results one by one: each row that gave a request has one. */
export function createReceive(
  step: LlmStep,
  rows: number,
  results: readonly [number, Result][],
  table: SourceTable,
): Intake {
  let next = 0;
  // The prompts are computed again only if one of them failed, to know which.
  const allAsked = results.length === rows;
  return {
    name: step.name,
    take: (_ordinal, line, parse, run, rejects) => {
      const [index, row] = parse() as [number, object];
      const reject = (reason: string): void => {
        rejects.push(rejectLine(rowIndex(line), rowText(line), step.name, reason));
      };
      const asked = allAsked ? null : ask(step, row);
      if (asked !== null && !asked.ok) {
        reject(`the prompt failed: ${describeError(asked.error, table)}`);
        return;
      }
      const result = results[next++];
      if (result === undefined || result[0] !== index) throw new Error(`row ${index} has no result at its place`);
      const answer = accept(step, result[1], row, table);
      if ('reason' in answer) reject(answer.reason);
      else run.push(index, { ...row, [step.name]: answer.value }, null);
    },
  };
}

function ask(step: LlmStep, row: object): { ok: true; value: unknown } | { ok: false; error: unknown } {
  try {
    const messages = (step.prompt as (row: object) => readonly unknown[])(Object.freeze(row));
    for (const message of messages) {
      const content = (message as { content?: unknown }).content;
      if (typeof content !== 'string')
        throw new TypeError('a prompt is a string or a list of { role, content } with text');
    }
    canonical(messages);
    return { ok: true, value: messages };
  } catch (error) {
    return { ok: false, error };
  }
}

function accept(
  step: LlmStep,
  result: Result,
  row: object,
  table: SourceTable,
): { value: unknown } | { reason: string } {
  const opened = openResult(step, result);
  if ('reason' in opened) return opened;
  const { said, quote } = opened;
  let answer = opened.value;
  if (step.output !== null) {
    const checked = step.output.safeParse(answer);
    if (!checked.success) return { reason: `the answer does not fit: ${describeIssues(checked.error.issues)}${quote}` };
    answer = checked.data;
  }
  try {
    const parse = step.parse as (answer: unknown, row: object, said: Said) => unknown;
    return { value: parse(answer, Object.freeze(row), said) };
  } catch (error) {
    return { reason: `the parser failed: ${describeError(error, table)}${quote}` };
  }
}
