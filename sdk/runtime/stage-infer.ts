// docs/rows.md#requests: the two programs around a model: rows to requests, results to rows.
import type { LlmStep, Said } from '../workflow/step.ts';
import { openResult, type Result } from './answer.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { canonical } from './canonical.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { describeError, type SourceTable } from './locate.ts';
import { type AnswerFormat, requestFrame } from './request.ts';
import { becomes, describeIssues, type RowAt, type StageStep, type Verdict } from './row-steps.ts';
import { openRowset, padHeader, writeLines } from './rowset.ts';
import { seal, sealRow } from './seal.ts';

/** A row whose prompt fails has no request; it is rejected when the results come back. */
export function runRequest(context: Context, step: LlmStep, format: AnswerFormat | null): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const [head, tail] = requestFrame(step, format);
  const lines: string[] = [];
  let messages = '';
  eachLiveRow(context, header, {
    attempt: (row) => {
      messages = ask(step, row);
    },
    commit: (index) => {
      lines.push(`[${index},${head}${messages}${tail}]`);
    },
    refuse: () => {},
    made: step.made,
  });
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
  source: SourceTable,
): StageStep {
  // The prompts are computed again only if one of them failed, to know which.
  const allAsked = results.length === rows;
  const turn = createTurns(results);
  return {
    name: step.name,
    made: step.made,
    apply: (row, at): Verdict => {
      if (!allAsked) {
        const failure = whyNotAsked(step, row, source);
        if (failure !== null) return { kind: 'reject', reason: failure };
      }
      const result = turn.take(at);
      if (result === undefined) return { kind: 'reject', reason: 'there is no answer at the place of this row' };
      const answer = accept(step, result, row, source);
      if ('reason' in answer) return { kind: 'reject', reason: answer.reason };
      return becomes(answer.row);
    },
  };
}

/** The result of the row whose turn it is, which may ask for it more than once before the next one does. */
function createTurns(results: readonly [number, Result][]) {
  let ordinal = -1;
  let place = 0;
  let taken = 0;
  return {
    take: (at: RowAt): Result | undefined => {
      if (at.ordinal !== ordinal) {
        ordinal = at.ordinal;
        place += taken;
        taken = 0;
      }
      // Results are in the order of the rows.
      while (place < results.length && results[place]![0] < at.index) place++;
      const result = results[place];
      if (result === undefined || result[0] !== at.index) return undefined;
      taken = 1;
      return result[1];
    },
  };
}

/** The messages as canonical JSON. */
function ask(step: LlmStep, row: object): string {
  // Before any model is asked: an answer must not take the place of what the row says.
  if (Object.hasOwn(row, step.name)) {
    throw new TypeError(
      `the row has a field '${step.name}' already: give the step another name, or take the field away`,
    );
  }
  const messages = seal((step.prompt as (row: object) => unknown)(row));
  if (!Array.isArray(messages) || !messages.every(isMessage)) {
    throw new TypeError(`a prompt is a string or a list of { role, content } with text; roles are ${ROLES.join(', ')}`);
  }
  return canonical(messages);
}

const ROLES = ['system', 'user', 'assistant'];

function isMessage(value: unknown): boolean {
  const message = value as { role?: string; content?: unknown } | null;
  return typeof message?.content === 'string' && ROLES.includes(message.role ?? '');
}

function whyNotAsked(step: LlmStep, row: object, source: SourceTable): string | null {
  try {
    ask(step, row);
    return null;
  } catch (error) {
    return `the prompt failed: ${describeError(error, source, step.made)}`;
  }
}

function accept(step: LlmStep, result: Result, row: object, source: SourceTable): { row: object } | { reason: string } {
  const opened = openResult(step, result);
  if ('reason' in opened) return opened;
  const { said, quote } = opened;
  let answer = opened.value;
  let doing = 'the check of the answer';
  try {
    if (step.output !== null) {
      const checked = step.output.safeParse(answer);
      if (!checked.success)
        return { reason: `the answer does not fit: ${describeIssues(checked.error.issues)}${quote}` };
      answer = checked.data;
    }
    doing = 'the parser';
    const value = (step.parse as (answer: unknown, row: object, said: Said) => unknown)(answer, row, said);
    if (value === undefined) throw new TypeError('it returned undefined; where there is no value it says null');
    return { row: sealRow({ ...row, [step.name]: value }, 'the answer') };
  } catch (error) {
    // What the model said belongs to the reason.
    return { reason: `${doing} failed: ${describeError(error, source, step.made)}${quote}` };
  }
}
