// docs/edge.md#strict-subset: an answer that is not an object is asked for as the only field of one.
import type { JsonSchema } from '../backends/backend.ts';

/** The field of the object around an answer. */
export const WRAPPER = 'value';

export function wrap(schema: unknown): JsonSchema {
  return { type: 'object', properties: { [WRAPPER]: schema }, required: [WRAPPER], additionalProperties: false };
}

/** The answer in a content of the form `{"value": answer}`; any other content is returned as it is. */
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

/**
 * Makes references to places in the schema refer to where these places are now. A value that looks like a reference is
 * changed too: nobody asks for such a value.
 * @throws RangeError if the schema is too deep
 */
export function moveRefs(node: unknown, to: string): unknown {
  if (Array.isArray(node)) return node.map((one) => moveRefs(one, to));
  if (typeof node !== 'object' || node === null) return node;
  const moved = (key: string, value: unknown) =>
    key === '$ref' && typeof value === 'string' && value.startsWith('#') ? to + value.slice(1) : moveRefs(value, to);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, moved(key, value)]));
}
