// docs/edge.md#strict-subset: schemas of answers as zod writes them, and how an endpoint is asked for them.
import { OUTPUT_HINT } from '../../sdk/compile/describe.ts';
import { SCHEMA_SHAPES, verdictOf } from '../sdk/shapes.fixture.ts';
import type { CaseKind } from './case.ts';

const WORDS: Readonly<Record<string, string>> = {
  strict: 'sent as it is',
  wrapped: 'sent as the field `value` of an object',
  loose: 'sent without `strict`',
  refused: 'refused when the workflow is compiled',
};

export const SCHEMAS: CaseKind = {
  kind: 'schemas',
  page: 'docs/edge.md#strict-subset',
  run: async () =>
    SCHEMA_SHAPES.map(([name, output, wanted]) => {
      const found = verdictOf(output);
      return {
        name,
        input: JSON.stringify(found.answer ?? 'no JSON schema'),
        came: inWords(found.verdict, found.isRewritten),
        wanted: inWords(wanted, found.isRewritten),
      };
    }),
};

function inWords(verdict: string, isRewritten: boolean): string {
  const [, kind = '', rest = ''] = /^(\w+)(.*)$/s.exec(verdict) ?? [];
  const word = kind === 'strict' && isRewritten ? 'sent rewritten' : (WORDS[kind] ?? kind);
  return `${word}${rest}${kind === 'refused' ? `. ${OUTPUT_HINT}` : ''}`;
}
