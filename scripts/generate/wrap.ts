// CONTRIBUTING.md#pages: paragraphs of pages in lines of at most 120 characters.

export const WIDTH = 120;

/** Texts that Markdown takes as one: code, links, and what stands beside them without a space. */
const ATOM = /(?:`[^`]*`|\[[^\]]*\]\([^)\s]*\)|\S)+/g;
/** At the beginning of a line these would be a list, a heading, a quotation, a table or a rule. */
const IS_MARK = /^(?:[-+*]|\d+[.)]|#{1,6}|[>|<].*|=+|-{2,}|~{3,}.*)$/;

/** The lines of a paragraph. The first begins with `first`, the others with `rest`. */
export function wrapLines(text: string, first = '', rest = first): string[] {
  const atoms: string[] = [];
  for (const atom of text.match(ATOM) ?? []) {
    if (IS_MARK.test(atom) && atoms.length > 0) atoms.push(`${atoms.pop()} ${atom}`);
    else atoms.push(atom);
  }
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const atom of atoms) {
    if (!isEmpty && line.length + 1 + atom.length > WIDTH) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? atom : ` ${atom}`;
    isEmpty = false;
  }
  return [...lines, line];
}
