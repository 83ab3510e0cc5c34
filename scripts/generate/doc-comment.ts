// CONTRIBUTING.md#pages: reads the comment of a public name by its tags (https://tsdoc.org).

export type DocComment = {
  readonly summary: string;
  /** Sentences. */
  readonly tags: readonly string[];
  readonly examples: readonly string[];
};

const WORDS: Readonly<Record<string, string>> = { throws: 'Throws', returns: 'Returns', param: 'Parameter' };

/**
 * `text` stands between the comment's marks.
 * @throws Error at a tag that no page shows
 */
export function readDocComment(text: string): DocComment {
  const lines = text.split('\n').map((line) => line.replace(/^\s*\*? ?/, '').trimEnd());
  // A tag begins a line, or follows a sentence within one.
  const [summary = '', ...blocks] = lines.join('\n').split(/(?:^|\n| )@(?=[a-z]+\b)/);
  const tags: string[] = [];
  const examples: string[] = [];
  for (const block of blocks) {
    const [, tag = '', body = ''] = /^([a-z]+)\s?([\s\S]*)$/.exec(block) ?? [];
    const word = WORDS[tag];
    if (tag === 'example') examples.push(body.trim());
    else if (word === undefined) throw new Error(`api: a comment has the tag @${tag}, which docs/api.md does not show`);
    else tags.push(`${word} ${body.trim()}${/[.!?]$/.test(body.trim()) ? '' : '.'}`);
  }
  return { summary: summary.trim(), tags, examples };
}
