// docs/sdk.md#judge: which of two texts of a row a model prefers, asked in both orders.
import * as z from 'zod';
import { asItIs } from '../runtime/answer.ts';
import { kindOf } from '../runtime/canonical.ts';
import { createLlmOperator, type ModelOptions, systemMessages } from './llm.ts';
import type { LlmOperator, Message, Unmade } from './operator.ts';
import { assertOption } from './refusal.ts';

/** Which of the two texts is better. */
export type Vote = 'a' | 'b' | 'tie';

/** The field that `judge` adds to a row. */
export type Judgement = {
  /** What all votes say; `tie` if they do not agree. */
  winner: Vote;
  /** One for each order that was asked. */
  votes: Vote[];
  /** What the model said for each vote; it calls the texts first and second, as it saw them. */
  reasons: string[];
};

/** The two texts that `judge` compares, and by what. */
export type JudgeOptions<Row> = ModelOptions & {
  readonly a: (row: Readonly<Row>) => string;
  readonly b: (row: Readonly<Row>) => string;
  /** What both of them answer; without it they are compared as they stand. */
  readonly question?: (row: Readonly<Row>) => string;
  /** What makes the better one; default "Which is more correct, more helpful and clearer?". */
  readonly criteria?: string;
  /** Default true: a second request with the texts in the other order. */
  readonly swap?: boolean;
};

type Verdict = { readonly winner: 'first' | 'second' | 'tie'; readonly reason: string };

const RULES =
  'Compare two texts. Judge what they say: neither their order nor their length counts. Give the reason first, then the winner: first, second, or tie if neither is better.';
const CRITERIA = 'Which is more correct, more helpful and clearer?';
/** Whose text the words of the model mean, in the order as given and the other way round. */
const MEANS: readonly Readonly<Record<Verdict['winner'], Vote>>[] = [
  { first: 'a', second: 'b', tie: 'tie' },
  { first: 'b', second: 'a', tie: 'tie' },
];

export function createJudge(name: string, options: JudgeOptions<never>): Unmade<LlmOperator> {
  const { a, b, question, criteria = CRITERIA, swap = true } = options;
  assertOption(name, 'a', typeof a === 'function', 'a function from a row to a text', a);
  assertOption(name, 'b', typeof b === 'function', 'a function from a row to a text', b);
  const isAsked = question === undefined || typeof question === 'function';
  assertOption(name, 'question', isAsked, 'a function from a row to a text', question);
  assertOption(name, 'criteria', typeof criteria === 'string' && criteria !== '', 'a text', criteria);
  assertOption(name, 'swap', typeof swap === 'boolean', 'true or false', swap);
  const system = systemMessages(options.system, `${RULES}\n${criteria}`);
  return createLlmOperator(name, options, {
    task: 'judge',
    asks: swap ? 2 : 1,
    gather: { kind: 'all', names: swap ? ['with a first', 'with b first'] : ['with a first'], join: toJudgement },
    prompt: (row: never, ask: number): readonly Message[] => {
      const texts = [textOf('a', a(row)), textOf('b', b(row))];
      const [first, second] = ask === 0 ? texts : texts.reverse();
      const asked = question === undefined ? '' : `Question:\n${textOf('question', question(row))}\n\n`;
      return [...system, { role: 'user', content: `${asked}First text:\n${first}\n\nSecond text:\n${second}` }];
    },
    output: z.strictObject({ reason: z.string(), winner: z.enum(['first', 'second', 'tie']) }),
    parse: asItIs,
  });
}

function toJudgement(verdicts: readonly Verdict[]): Judgement {
  const votes = verdicts.map(({ winner }, ask) => MEANS[ask]![winner]);
  const [first] = votes as [Vote, ...Vote[]];
  return {
    winner: votes.every((vote) => vote === first) ? first : 'tie',
    votes,
    reasons: verdicts.map(({ reason }) => reason),
  };
}

function textOf(what: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${what} is a string, not ${kindOf(value)}`);
  return value;
}
