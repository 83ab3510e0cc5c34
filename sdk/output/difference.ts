// docs/sdk.md#changed: the first row, and in it the first field, in which a file differs from the rows that it should have.
import { shown } from './shown.ts';

export type RowDifference = {
  /** Line of the file, from 1. */
  readonly row: number;
  /** `answer.kind`, `tags[2]`; undefined if the row as a whole differs, or is no JSON object. */
  readonly field?: string | undefined;
  readonly expected: string;
  readonly actual: string;
};

type Json = unknown;
type Place = { readonly path: string; readonly expected: Json; readonly actual: Json };

/** Of two texts of rows that are not equal, of which the first is the right one. `firstRow` is the number of their first line. */
export function findDifference(right: string, found: string, firstRow: number): RowDifference {
  const [wanted, given] = [linesOf(right), linesOf(found)];
  let at = 0;
  while (at < wanted.length && wanted[at] === given[at]) at++;
  const row = firstRow + at;
  const [expected, actual] = [wanted[at], given[at]];
  if (expected === undefined) return { row, expected: 'no row here', actual: shown(actual ?? '') };
  if (actual === undefined) return { row, expected: shown(expected), actual: 'the end of the file' };
  const place = firstField(parse(expected), parse(actual));
  if (place === undefined) return { row, expected: shown(expected), actual: shown(actual) };
  return { row, field: place.path, expected: show(place.expected), actual: show(place.actual) };
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

// Field by field in canonical order, as deep as both have fields; then items of lists.
function firstField(expected: Json, actual: Json, path = ''): Place | undefined {
  if (isObject(expected) && isObject(actual)) {
    for (const key of [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort()) {
      const name = /^[A-Za-z_$][\w$]*$/.test(key) ? `${path === '' ? '' : '.'}${key}` : `[${JSON.stringify(key)}]`;
      const [before, after] = [expected, actual].map((row) => (Object.hasOwn(row, key) ? row[key] : undefined));
      const found = firstField(before, after, `${path}${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Array.isArray(expected) && Array.isArray(actual) && path !== '') {
    for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
      const found = firstField(expected[i], actual[i], `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (path === '' || JSON.stringify(expected) === JSON.stringify(actual)) return undefined;
  return { path, expected, actual };
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(line: string): Json {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
}

function show(value: Json): string {
  return value === undefined ? 'no such field' : shown(JSON.stringify(value));
}
