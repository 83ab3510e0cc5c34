// docs/sdk.md#csv: RFC 4180, line by line: what a quoted field has begun, the next line goes on with.
import type { Dialect } from './format.ts';

export type CsvRecord = {
  readonly fields: string[];
  /** Which fields stand in quotes. */
  readonly quoted: Set<number>;
  /** A quoted field goes on in the next line. */
  isOpen: boolean;
  open: string;
};

export function createRecord(): CsvRecord {
  return { fields: [], quoted: new Set(), isOpen: false, open: '' };
}

/** Takes in a line of a record, and how it ends. Returns what is wrong with it, or undefined. */
export function addLine(
  record: CsvRecord,
  text: string,
  ending: string,
  { delimiter, quote }: Pick<Dialect, 'delimiter' | 'quote'>,
): string | undefined {
  const { fields } = record;
  if (!record.isOpen && (quote === '' || !text.includes(quote))) {
    for (const field of text.split(delimiter)) fields.push(field);
    return undefined;
  }
  for (let at = 0; ; ) {
    if (!record.isOpen && text[at] !== quote) {
      const end = text.indexOf(delimiter, at);
      const field = end < 0 ? text.slice(at) : text.slice(at, end);
      const stray = field.indexOf(quote);
      if (stray >= 0) return `a quote within a field that does not begin with one, at character ${at + stray + 1}`;
      fields.push(field);
      if (end < 0) return undefined;
      at = end + 1;
      continue;
    }
    if (!record.isOpen) {
      record.isOpen = true;
      record.open = '';
      record.quoted.add(fields.length);
      at++;
    }
    const end = text.indexOf(quote, at);
    if (end < 0) {
      record.open += text.slice(at) + ending;
      return undefined;
    }
    record.open += text.slice(at, end);
    if (text[end + 1] === quote) {
      record.open += quote;
      at = end + 2;
      continue;
    }
    record.isOpen = false;
    fields.push(record.open);
    if (end + 1 === text.length) return undefined;
    if (text[end + 1] !== delimiter)
      return `a quote within a quoted field that is not doubled, at character ${end + 1}`;
    at = end + 2;
  }
}
