// docs/edge.md#strict-subset: an answer that is no object is asked for as the only field of one.
import type { JsonSchema } from '../backends/backend.ts';

/** Field of the object around an answer that is none. */
export const WRAPPER = 'value';

export function wrap(schema: unknown): JsonSchema {
  return { type: 'object', properties: { [WRAPPER]: schema }, required: [WRAPPER], additionalProperties: false };
}

/** The answer in a content that was asked for as `{"value": answer}`; a content that is none is left. */
export function unwrap(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const isWrapper =
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).join() === WRAPPER;
    return isWrapper ? JSON.stringify((value as Record<string, unknown>)[WRAPPER], assertWritable) : text;
  } catch {
    return text;
  }
}

// 1e400 is read as infinite, and would be written as null.
function assertWritable(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('a number beyond those of JavaScript');
  return value;
}

/** What refers to a place in the schema refers to it where it is now. A value that looks like a reference is one nobody asks for. @throws RangeError if it is too deep */
export function moveRefs(node: unknown, to: string): unknown {
  if (Array.isArray(node)) return node.map((one) => moveRefs(one, to));
  if (typeof node !== 'object' || node === null) return node;
  const moved = (key: string, value: unknown) =>
    key === '$ref' && typeof value === 'string' && value.startsWith('#') ? to + value.slice(1) : moveRefs(value, to);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, moved(key, value)]));
}
