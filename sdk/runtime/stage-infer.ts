// docs/rows.md#requests: the two programs around a model: rows to requests, results to rows.
import { findMessageProblem } from '../../edge/backends/messages.ts';
import { padHeader } from '../../protocol/rows.ts';
import type { LlmOperator, Said } from '../workflow/operator.ts';
import { openResult, type Result, wordsOf } from './answer.ts';
import { type Context, eachLiveRow } from './attempts.ts';
import { kindOf } from './canonical.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { describeError, type SourceTable } from './locate.ts';
import { createPlainCheck, type PlainCheck } from './plain-schema.ts';
import { type RequestFrame, type RequestSettings, requestFrames } from './request.ts';
import { openRowset, writeLines } from './rowset.ts';
import { describeIssues } from './schema-issues.ts';
import { fieldTaken, seal, sealedText, sealRow, sealWith } from './seal.ts';
import { becomes, type LostAnswer, type RowAt, type StageOperator, type Verdict } from './verdict.ts';

/** Requests of one task, and their characters: a gateway takes no more (docs/edge.md#memory), and an output has 64 MiB. */
const MAX_REQUESTS = 131_071;
const MAX_REQUESTS_LENGTH = 48 << 20;

/** A row whose prompt fails has no request; it is rejected when the results come back. So are the last ones if there is no room for all. */
export function runRequest(context: Context, operator: LlmOperator, settings: RequestSettings): void {
  const { io } = context;
  const header = openRowset(io, FIRST_INPUT);
  const frames = requestFrames(operator, settings);
  const lines: string[] = [];
  const [{ head, tail }] = frames as [RequestFrame, ...RequestFrame[]];
  // The seed of a simulator differs from row to row, and stands behind all other fields.
  const end = operator.simulate === null ? tail : tail.slice(0, -1);
  let first = '';
  let seed = '';
  let others: readonly string[] = [];
  let length = 0;
  let isFull = false;
  eachLiveRow(context, header, {
    attempt: (row) => {
      first = ask(operator, row, 0);
      seed = seedText(operator, row);
      if (frames.length > 1) others = askOthers(operator, row, first);
    },
    commit: (index) => {
      if (isFull) return;
      const before = lines.length;
      length += lines[lines.push(`[${index},${head}${first}${end}${seed}]`) - 1]!.length;
      for (let i = 1; i < frames.length; i++) {
        const line = `[${index},${frames[i]!.head}${others[i - 1]!}${frames[i]!.tail}]`;
        length += line.length;
        lines.push(line);
      }
      isFull = length > MAX_REQUESTS_LENGTH || lines.length > MAX_REQUESTS;
      // All requests of a row, or none.
      if (isFull) lines.length = before;
    },
    refuse: () => {},
    made: operator.made,
  });
  io.write(padHeader({ mizu: 'requests', count: lines.length, model: operator.model }));
  writeLines(io, lines);
}

/** The result's lines, in the order of the requests. */
export function readResults(io: GuestIo, input: number): [number, Result][] {
  io.open(input);
  const header = io.next() ? (io.json() as { mizu?: string; count?: number }) : {};
  if (header.mizu !== 'results') throw new Error(`input ${input} is not a result object`);
  const results: [number, Result][] = [];
  // Behind them may stand the rows: docs/rows.md#answered.
  for (let i = 0; i < header.count! && io.next(); i++) results.push(io.json() as [number, Result]);
  if (results.length !== header.count) throw new Error(`${results.length} results, the header says ${header.count}`);
  return results;
}

/** Takes the results one by one: each row that gave requests has one for each of them. */
export function createReceive(
  operator: LlmOperator,
  rows: number,
  results: readonly [number, Result][],
  source: SourceTable,
): StageOperator {
  // The prompts are computed again only if one of them failed, to know which.
  const allAsked = results.length === rows * operator.asks;
  const isPlain = createPlainCheck(operator.output) ?? (() => false);
  const turn = createTurns(results, operator.asks);
  return {
    name: operator.name,
    made: operator.made,
    apply: (row, at): Verdict => {
      if (!allAsked) {
        const failure = whyNotAsked(operator, row, source);
        if (failure !== null) return { kind: 'reject', reason: failure };
      }
      const place = turn.take(at);
      if (place < 0) return { kind: 'reject', reason: NO_ANSWER };
      if (operator.gather.kind === 'one') {
        const answer = accept(operator, isPlain, results[place]![1], row, source);
        if ('reason' in answer) return { kind: 'reject', reason: answer.reason };
        try {
          return becomes(sealWith(row, operator.field, answer.value, 'the answer'));
        } catch (error) {
          return { kind: 'reject', reason: parserFailed(error, operator, source, answer.raw) };
        }
      }
      return gather(operator, row, source, (number) =>
        accept(operator, isPlain, results[place + number]![1], row, source),
      );
    },
  };
}

const NO_ANSWER = `there is no answer at the place of this row: the requests of a task are at most ${MAX_REQUESTS}, with ${MAX_REQUESTS_LENGTH} characters, or its gateway has not answered them`;

/** What the answers of a row come to: each must be good, or so many of them. A value that is no JSON is that answer's fault alone. */
function gather(
  operator: LlmOperator,
  row: object,
  source: SourceTable,
  acceptAt: (number: number) => Accepted,
): Verdict {
  const { asks, gather: way } = operator;
  const values: unknown[] = [];
  const lost: LostAnswer[] = [];
  for (let number = 0; number < asks; number++) {
    const answer = acceptAt(number);
    let reason = 'reason' in answer ? answer.reason : null;
    if ('value' in answer) {
      try {
        values.push(seal(answer.value));
      } catch (error) {
        reason = parserFailed(error, operator, source, answer.raw);
      }
    }
    const which = way.kind === 'all' ? way.names[number] : `answer ${number + 1} of ${asks}`;
    if (reason !== null) lost.push({ answer: number, reason: `${which}: ${reason}` });
  }
  if (way.kind === 'all') {
    if (lost.length > 0) return { kind: 'reject', reason: lost[0]!.reason };
    return becomes(sealRow({ ...row, [operator.field]: way.join(values as never[]) }, 'the answer'));
  }
  const least = way.kind === 'each' ? way.least : 1;
  if (values.length < least) {
    return {
      kind: 'reject',
      reason: `${values.length} of ${asks} answers are good, ${least} must be; ${lost[0]!.reason}`,
    };
  }
  const next = sealRow({ ...row, [operator.field]: values }, 'the answer');
  return lost.length === 0 ? becomes(next) : { kind: 'part', row: next, lost };
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
      if (results[place]?.[0] !== at.index) return -1;
      if (asks > 1 && results[place + asks - 1]?.[0] !== at.index) return -1;
      taken = asks;
      return place;
    },
  };
}

/** The messages of the row's request of this number as canonical JSON. */
function ask(operator: LlmOperator, row: object, number: number): string {
  // Before any model is asked: an answer must not take the place of what the row says.
  if (!operator.continues && Object.hasOwn(row, operator.field)) throw fieldTaken(operator.field);
  return textOfPrompt(seal((operator.prompt as (row: object, ask: number) => unknown)(row, number)));
}

/** Of the requests after the first: the same, where several answers to one question are wanted. */
function askOthers(operator: LlmOperator, row: object, first: string): readonly string[] {
  return Array.from({ length: operator.asks - 1 }, (_, i) =>
    operator.gather.kind === 'all' ? ask(operator, row, i + 1) : first,
  );
}

function seedText({ simulate }: LlmOperator, row: object): string {
  if (simulate === null) return '';
  const seed = (simulate.seed as (row: object) => unknown)(row);
  if (!Number.isSafeInteger(seed)) throw new TypeError(`the seed is an integer, not ${showSeed(seed)}`);
  return `,"seed":${seed as number}}`;
}

function showSeed(seed: unknown): string {
  return typeof seed === 'number' ? String(seed) : kindOf(seed);
}

const ROLES = ['system', 'user', 'assistant'];

function textOfPrompt(messages: unknown): string {
  const problem = findMessageProblem(messages, ROLES);
  if (problem !== undefined) throw new TypeError(`the prompt is no list of { role, content }: ${problem}`);
  return sealedText(messages as object, 'a prompt');
}

function whyNotAsked(operator: LlmOperator, row: object, source: SourceTable): string | null {
  try {
    askOthers(operator, row, ask(operator, row, 0));
    seedText(operator, row);
    return null;
  } catch (error) {
    return `the ${operator.simulate === null ? 'prompt' : 'input'} failed: ${describeError(error, source, operator.made)}`;
  }
}

/** `raw`: what the model said, for the reason of a reject. */
type Accepted = { readonly value: unknown; readonly raw: string } | { readonly reason: string };

function accept(
  operator: LlmOperator,
  isPlain: PlainCheck,
  result: Result,
  row: object,
  source: SourceTable,
): Accepted {
  const { what, quote } = wordsOf(operator);
  const opened = openResult(operator, result);
  if ('reason' in opened) return opened;
  const { said, raw } = opened;
  let answer = opened.value;
  if (operator.output !== null && !isPlain(answer)) {
    try {
      const checked = operator.output.safeParse(answer);
      if (!checked.success)
        return { reason: `the ${what} does not fit: ${describeIssues(checked.error.issues)}${quote(raw)}` };
      answer = checked.data;
    } catch (error) {
      return {
        reason: `the check of the ${what} failed: ${describeError(error, source, operator.made)}${quote(raw)}`,
      };
    }
  }
  try {
    const value = (operator.parse as (answer: unknown, row: object, said: Said) => unknown)(answer, row, said);
    if (value === undefined) throw new TypeError('it returned undefined; where there is no value it says null');
    return { value, raw };
  } catch (error) {
    return { reason: parserFailed(error, operator, source, raw) };
  }
}

// What the model said belongs to the reason.
function parserFailed(error: unknown, operator: LlmOperator, source: SourceTable, raw: string): string {
  return `the parser failed: ${describeError(error, source, operator.made)}${wordsOf(operator).quote(raw)}`;
}
