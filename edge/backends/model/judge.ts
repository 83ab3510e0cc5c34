// docs/edge.md#builtin: which of two texts shares more words with the question and passage. It counts words and does
// not understand them.
import type { JsonSchema } from '../backend.ts';
import { words } from './features.ts';

const FIELDS = ['reason', 'winner'];
const WINNERS = ['first', 'second', 'tie'];
const PARTS = /^(?:Question:\n([\s\S]*?)\n\n)?First text:\n([\s\S]*?)\n\nSecond text:\n([\s\S]*)$/;

export type SmallVerdict = { readonly reason: string; readonly winner: string };

/**
 * Undefined if the request is not that of a judge: docs/sdk.md#judge. If the two texts change places, the verdict is
 * the same text.
 */
export function judgeTexts(schema: JsonSchema, content: string): SmallVerdict | undefined {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  const { winner } = properties;
  if (String(Object.keys(properties)) !== String(FIELDS) || String(winner?.enum) !== String(WINNERS)) return undefined;
  const found = PARTS.exec(content);
  if (found === null) return undefined;
  const [, question, first, second] = found as unknown as [string, string | undefined, string, string];
  if (question === undefined)
    return { reason: 'Words are counted, and there is no question to count them by.', winner: 'tie' };
  const asked = new Set(words(question));
  const [a, b] = [support(first, asked), support(second, asked)];
  // The shares are compared as products of integers, without rounding.
  const order = a.common * b.all - b.common * a.all || a.common - b.common;
  return { reason: describe(a, b), winner: order > 0 ? 'first' : order < 0 ? 'second' : 'tie' };
}

type Support = { readonly common: number; readonly all: number };

function support(text: string, asked: ReadonlySet<string>): Support {
  const own = new Set(words(text));
  return { common: [...own].filter((word) => asked.has(word)).length, all: Math.max(1, own.size) };
}

function describe(a: Support, b: Support): string {
  return `Of ${a.all} words of the first text ${a.common} are in the question, of ${b.all} of the second ${b.common}.`;
}
