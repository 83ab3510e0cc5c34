// docs/rows.md#requests: the two programs around a model: rows to requests, results to rows.
import { findMessageProblem } from '../../edge/backends/messages.ts';
import type { LlmStep, Said } from '../workflow/step.ts';
import { openResult, type Result } from './answer.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { canonical } from './canonical.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { describeError, type SourceTable } from './locate.ts';
import { type AnswerFormat, requestFrames } from './request.ts';
import { becomes, describeIssues, type RowAt, type StageStep, type Verdict } from './row-steps.ts';
import { openRowset, padHeader, writeLines } from './rowset.ts';
import { MAX_ROW_LENGTH, seal, sealRow } from './seal.ts';

/** Requests of one task, and their characters: a gateway takes no more (docs/edge.md#memory), and an output has 64 MiB. */
const MAX_REQUESTS = 131_071;
const MAX_REQUESTS_LENGTH = 48 << 20;

/** A row whose prompt fails has no request; it is rejected when the results come back. So are the last ones if there is no room for all. */
export function runRequest(context: Context, step: LlmStep, format: AnswerFormat | null): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const frames = requestFrames(step, format);
  const lines: string[] = [];
  let asked: readonly string[] = [];
  let length = 0;
  let isFull = false;
  eachLiveRow(context, header, {
    attempt: (row) => {
      asked = askAll(step, row);
    },
    commit: (index) => {
      if (isFull) return;
      const before = lines.length;
      for (let ask = 0; ask < frames.length; ask++) {
        const { head, tail } = frames[ask]!;
        const line = `[${index},${head}${asked[ask] ?? asked[0]!}${tail}]`;
        length += line.length;
        lines.push(line);
      }
      isFull = length > MAX_REQUESTS_LENGTH || lines.length > MAX_REQUESTS;
      // All requests of a row, or none.
      if (isFull) lines.length = before;
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

/** Takes the results one by one: each row that gave requests has one for each of them. */
export function createReceive(
  step: LlmStep,
  rows: number,
  results: readonly [number, Result][],
  source: SourceTable,
): StageStep {
  // The prompts are computed again only if one of them failed, to know which.
  const allAsked = results.length === rows * step.asks;
  const turn = createTurns(results, step.asks);
  const acceptAt = (place: number, row: object): Accepted => accept(step, results[place]![1], row, source);
  return {
    name: step.name,
    made: step.made,
    apply: (row, at): Verdict => {
      if (!allAsked) {
        const failure = whyNotAsked(step, row, source);
        if (failure !== null) return { kind: 'reject', reason: failure };
      }
      const place = turn.take(at);
      if (place < 0) return { kind: 'reject', reason: NO_ANSWER };
      if (step.gather.kind === 'one') {
        const answer = acceptAt(place, row);
        if ('reason' in answer) return { kind: 'reject', reason: answer.reason };
        try {
          return becomes(sealRow({ ...row, [step.field]: answer.value }, 'the answer'));
        } catch (error) {
          return { kind: 'reject', reason: parserFailed(error, step, source, answer.quote) };
        }
      }
      return gather(step, row, source, (ask) => acceptAt(place + ask, row));
    },
  };
}

const NO_ANSWER = `there is no answer at the place of this row: the requests of a task are at most ${MAX_REQUESTS}, with ${MAX_REQUESTS_LENGTH} characters, or its gateway has not answered them`;

/** What the answers of a row come to: each must be good, or so many of them. A value that is no JSON is that answer's fault alone. */
function gather(step: LlmStep, row: object, source: SourceTable, acceptAt: (ask: number) => Accepted): Verdict {
  const { asks, gather: way } = step;
  const values: unknown[] = [];
  const lost: string[] = [];
  for (let ask = 0; ask < asks; ask++) {
    const answer = acceptAt(ask);
    let reason = 'reason' in answer ? answer.reason : null;
    if ('value' in answer) {
      try {
        values.push(seal(answer.value));
      } catch (error) {
        reason = parserFailed(error, step, source, answer.quote);
      }
    }
    const which = way.kind === 'all' ? way.names[ask] : `answer ${ask + 1} of ${asks}`;
    if (reason !== null) lost.push(`${which}: ${reason}`);
  }
  if (way.kind === 'all') {
    if (lost.length > 0) return { kind: 'reject', reason: lost[0]! };
    return becomes(sealRow({ ...row, [step.field]: way.join(values as never[]) }, 'the answer'));
  }
  const least = way.kind === 'each' ? way.least : 1;
  if (values.length < least) {
    return { kind: 'reject', reason: `${values.length} of ${asks} answers are good, ${least} must be; ${lost[0]}` };
  }
  return becomes(sealRow({ ...row, [step.field]: values }, 'the answer'), lost);
}

/** Where the results of the row begin whose turn it is, which may ask for them more than once before the next one does; below 0: there are none. */
function createTurns(results: readonly [number, Result][], asks: number) {
  let ordinal = -1;
  let place = 0;
  let taken = 0;
  return {
    take: (at: RowAt): number => {
      if (at.ordinal !== ordinal) {
        ordinal = at.ordinal;
        place += taken;
        taken = 0;
      }
      // Results are in the order of the rows.
      while (place < results.length && results[place]![0] < at.index) place++;
      if (results[place]?.[0] !== at.index || results[place + asks - 1]?.[0] !== at.index) return -1;
      taken = asks;
      return place;
    },
  };
}

/** The messages of each request as canonical JSON; one text if they are the same. */
function askAll(step: LlmStep, row: object): readonly string[] {
  // Before any model is asked: an answer must not take the place of what the row says.
  if (!step.continues && Object.hasOwn(row, step.field)) {
    throw new TypeError(
      `the row has a field '${step.field}' already: give the step another name, or take the field away`,
    );
  }
  const texts: string[] = [];
  const count = step.gather.kind === 'all' ? step.asks : 1;
  for (let ask = 0; ask < count; ask++) {
    texts.push(textOfPrompt(seal((step.prompt as (row: object, ask: number) => unknown)(row, ask))));
  }
  return texts;
}

const ROLES = ['system', 'user', 'assistant'];

function textOfPrompt(messages: unknown): string {
  const problem = findMessageProblem(messages);
  if (problem !== undefined) throw new TypeError(`the prompt is no list of { role, content }: ${problem}`);
  const other = (messages as { role: string }[]).find(({ role }) => !ROLES.includes(role));
  if (other !== undefined) throw new TypeError(`a message of the role '${other.role}'; roles are ${ROLES.join(', ')}`);
  const text = canonical(messages);
  if (text.length > MAX_ROW_LENGTH) throw new RangeError(`a prompt has at most ${MAX_ROW_LENGTH} characters of JSON`);
  return text;
}

function whyNotAsked(step: LlmStep, row: object, source: SourceTable): string | null {
  try {
    askAll(step, row);
    return null;
  } catch (error) {
    return `the prompt failed: ${describeError(error, source, step.made)}`;
  }
}

/** `quote`: what the model said, for the reason of a reject. */
type Accepted = { readonly value: unknown; readonly quote: string } | { readonly reason: string };

function accept(step: LlmStep, result: Result, row: object, source: SourceTable): Accepted {
  const opened = openResult(step, result);
  if ('reason' in opened) return opened;
  const { said, quote } = opened;
  let answer = opened.value;
  if (step.output !== null) {
    try {
      const checked = step.output.safeParse(answer);
      if (!checked.success)
        return { reason: `the answer does not fit: ${describeIssues(checked.error.issues)}${quote}` };
      answer = checked.data;
    } catch (error) {
      return { reason: `the check of the answer failed: ${describeError(error, source, step.made)}${quote}` };
    }
  }
  try {
    const value = (step.parse as (answer: unknown, row: object, said: Said) => unknown)(answer, row, said);
    if (value === undefined) throw new TypeError('it returned undefined; where there is no value it says null');
    return { value, quote };
  } catch (error) {
    return { reason: parserFailed(error, step, source, quote) };
  }
}

// What the model said belongs to the reason.
function parserFailed(error: unknown, step: LlmStep, source: SourceTable, quote: string): string {
  return `the parser failed: ${describeError(error, source, step.made)}${quote}`;
}
