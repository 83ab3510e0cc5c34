// docs/sdk.md#embed: the vector of a text, from a model that is a program.
import * as z from 'zod';
import { asItIs } from '../runtime/answer.ts';
import { kindOf } from '../runtime/canonical.ts';
import { EMBEDDING_SIZE, EMBEDDING_UNIT } from '../runtime/vector.ts';
import { createLlmOperator } from './llm.ts';
import type { LlmOperator, Unmade } from './operator.ts';
import { assertOption } from './refusal.ts';

/** Which model gives the vector, and of what. */
export type EmbedOptions<Row> = {
  /** A provable model that embeds: `datavm/use-lite`. */
  readonly model: string;
  /** The text of a row. */
  readonly text: (row: Readonly<Row>) => string;
};

/** An answer has at most 512 numbers of 6 digits with sign and comma, four bytes a token. */
const MAX_TOKENS = 1024;

/** @throws MizuError `sdk/bad-option` */
export function createEmbed(name: string, { model, text }: EmbedOptions<never>): Unmade<LlmOperator> {
  const isProgram = typeof model === 'string' && model.startsWith('datavm/');
  assertOption(name, 'model', isProgram, 'a provable model that embeds: datavm/use-lite', model);
  assertOption(name, 'text', typeof text === 'function', 'a function from a row to its text', text);
  return createLlmOperator(
    name,
    { model },
    {
      task: 'embed',
      asks: 1,
      gather: { kind: 'one' },
      prompt: (row: never) => {
        const content: unknown = text(row);
        if (typeof content !== 'string') throw new TypeError(`text is a string, not ${kindOf(content)}`);
        return [{ role: 'user', content }];
      },
      output: z.array(z.int().min(-EMBEDDING_UNIT).max(EMBEDDING_UNIT)).length(EMBEDDING_SIZE),
      parse: asItIs,
      maxTokens: MAX_TOKENS,
    },
  );
}
