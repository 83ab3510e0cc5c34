// docs/sdk.md#order: the order of values, the same for min, max and sort.
import { kindOf } from './canonical.ts';

/** Characters from U+E000 on come after the halves of surrogate pairs in UTF-16, before them by code points. */
const HIGH = /[\ud800-\uffff]/g;
const swap = (unit: string): string => {
  const code = unit.charCodeAt(0);
  return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
};

/** Boolean, number or text, in this order; within them false before true, by size, by code points. */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a !== 'string' || typeof b !== 'string') return compareSortable(a, b);
  return compareSortable(sortable(a), sortable(b));
}

/** The same of values whose texts are `sortable`. */
export function compareSortable(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) return rank(a) - rank(b);
  return a === b ? 0 : (a as number) < (b as number) ? -1 : 1;
}

/** A text that is compared by UTF-16 units as the given one is by code points. */
export function sortable(text: string): string {
  return text.replace(HIGH, swap);
}

/** Null: the row has none. @throws TypeError if the value has no order */
export function orderedValue(value: unknown): boolean | number | string | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const came = typeof value === 'number' ? String(value) : kindOf(value);
  throw new TypeError(`expected a number, a text, true, false or null, not ${came}`);
}

function rank(value: unknown): number {
  return typeof value === 'boolean' ? 0 : typeof value === 'number' ? 1 : 2;
}
