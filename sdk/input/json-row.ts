// docs/sdk.md#json: a text as a row, if nothing of it is lost: I-JSON (RFC 7493), which canonical JSON (RFC 8785) is made of.
import { kindOf } from '../runtime/canonical.ts';
import { wellFormed } from '../runtime/rowset.ts';
import { checkJson, Flaw } from './json-check.ts';

export type ParsedRow = { readonly row: object } | { readonly flaw: string };

const HALF_SURROGATE = /\\u[dD][89a-fA-F]/;

export function parseRow(text: string): ParsedRow {
  try {
    const names = checkJson(text);
    const row = JSON.parse(text) as unknown;
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      return { flaw: `expected a JSON object, got ${kindOf(row)}` };
    // Of names that stand twice one is gone: fewer are there than were written. Then they are compared, to say which.
    if (countNames(row) !== names) checkJson(text, []);
    // Text that was UTF-8 has halves of surrogate pairs only where they are escaped.
    if (HALF_SURROGATE.test(text)) assertWellFormed(row);
    return { row };
  } catch (error) {
    if (error instanceof Flaw) return { flaw: error.message };
    throw error;
  }
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let names = 0;
  if (Array.isArray(value)) {
    for (const inner of value) if (typeof inner === 'object') names += countNames(inner);
    return names;
  }
  for (const name in value) {
    const inner = (value as Record<string, unknown>)[name];
    names += typeof inner === 'object' ? 1 + countNames(inner) : 1;
  }
  return names;
}

function assertWellFormed(value: unknown): void {
  if (typeof value === 'string' && wellFormed(value) !== value)
    throw new Flaw(`half a surrogate pair in ${JSON.stringify(value).slice(0, 100)}: no UTF-8 has it`);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    assertWellFormed(name);
    assertWellFormed(inner);
  }
}
