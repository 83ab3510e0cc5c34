// docs/sdk.md#converse: a conversation, in which each answer is part of what is asked next. Each turn is a model operator of its own.
import { createLlmOperator, type ModelOptions, systemMessages, toMessages } from './llm.ts';
import type { LlmOperator, Message, Unmade } from './operator.ts';
import { assertOption } from './refusal.ts';

/** What the user says next; `messages` are those so far. */
export type Turn<Row> = (row: Readonly<Row>, messages: readonly Message[]) => string | readonly Message[];

/** The turns of `converse`, and the options that every question to a model has. */
export type ConverseOptions<Row> = ModelOptions & {
  /** 1 to 8. */
  readonly turns: readonly Turn<Row>[];
};

/** Each is three stages. */
const MAX_TURNS = 8;

/** The first turn has the operator's name, the others a number behind it. */
export function createConverse(name: string, options: ConverseOptions<never>): Unmade<LlmOperator>[] {
  const { turns } = options;
  const isList = Array.isArray(turns) && turns.length >= 1 && turns.length <= MAX_TURNS;
  assertOption(name, 'turns', isList, `a list of 1 to ${MAX_TURNS} functions`, turns);
  const first = systemMessages(options.system);
  return turns.map((turn, i): Unmade<LlmOperator> => {
    assertOption(name, 'turns', typeof turn === 'function', 'functions from a row to what the user says', turn);
    const prompt = (row: never): readonly Message[] => {
      const so = i === 0 ? first : (row as Record<string, readonly Message[]>)[name]!;
      return toMessages(turn(row, so), so);
    };
    const operator = createLlmOperator(i === 0 ? name : `${name}-${i + 1}`, options, {
      task: 'converse',
      asks: 1,
      gather: { kind: 'one' },
      prompt,
      output: null,
      parse: (answer: string, row: never) => [...prompt(row), { role: 'assistant', content: answer }],
    });
    return { ...operator, field: name, continues: i > 0 };
  });
}
