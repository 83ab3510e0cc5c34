// docs/rows.md#requests: the two programs around a model: rows to requests, results to rows.
import type { LlmStep } from '../workflow/step.ts';
import { canonical } from './canonical.ts';
import type { GuestIo } from './io.ts';
import { describeError, type SourceTable } from './locate.ts';
import { describeIssues } from './row-steps.ts';
import { openRowset, padHeader, rejectLine, rowIndex, rowText, writeLines } from './rowset.ts';
import type { Intake } from './stage-rows.ts';

const MAX_RAW = 400;

type Result = {
  readonly content?: string;
  readonly finish_reason?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly raw?: string };
};

/** A row whose prompt function throws gets `null` as request; it is rejected when the results come back. */
export function runRequest(io: GuestIo, step: LlmStep, jsonSchema: unknown): void {
  const header = openRowset(io, 1);
  const format =
    jsonSchema === null
      ? {}
      : {
          response_format: { type: 'json_schema', json_schema: { name: step.name, schema: jsonSchema, strict: true } },
        };
  const base = { max_tokens: step.maxTokens, ...format, seed: step.seed, temperature: step.temperature };
  // max_tokens < messages < response_format < seed < temperature: only the messages differ, so the rest is written once.
  const whole = canonical({ ...base, messages: null });
  const at = whole.indexOf('"messages":null') + '"messages":'.length;
  const [head, tail] = [whole.slice(0, at), whole.slice(at + 'null'.length)];
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
  if (result.error !== undefined) {
    const { code, message, raw } = result.error;
    const said = raw === undefined ? '' : `; the model said: ${raw.slice(0, MAX_RAW)}`;
    return { reason: `the model gave no answer: ${code}: ${message}${said}` };
  }
  const content = result.content ?? '';
  const raw = `; the model said: ${content.slice(0, MAX_RAW)}`;
  let answer: unknown = content;
  if (step.output !== null) {
    try {
      answer = JSON.parse(content);
    } catch {
      const cut = result.finish_reason === 'length' ? ' (cut off at max_tokens)' : '';
      return { reason: `the answer is not JSON${cut}${raw}` };
    }
    const checked = step.output.safeParse(answer);
    if (!checked.success) return { reason: `the answer does not fit: ${describeIssues(checked.error.issues)}${raw}` };
    answer = checked.data;
  }
  try {
    return { value: (step.parse as (answer: unknown, row: object) => unknown)(answer, Object.freeze(row)) };
  } catch (error) {
    return { reason: `the parser failed: ${describeError(error, table)}${raw}` };
  }
}
