// docs/sdk.md#language: what workflows are written in, in both engines.
import { openLanguage } from '../sdk/language.fixture.ts';
import type { Case, CaseKind } from './case.ts';
import { CODES, FORMATS } from './language-table.ts';

export const LANGUAGE: CaseKind = {
  kind: 'language',
  page: 'docs/sdk.md#language',
  run: async () => {
    const language = await openLanguage(CODES.map(([code]) => code));
    try {
      const all: Case[] = [];
      for (const engine of ['node', 'native'] as const) {
        const formats = await language.run(
          engine,
          FORMATS.map(([name, text]) => ['format', name, text]),
        );
        const codes = await language.run(
          engine,
          CODES.map(([code]) => ['eval', code]),
        );
        FORMATS.forEach(([name, text, wanted], i) => {
          all.push({
            name: `z.${name}`,
            engine,
            input: JSON.stringify(text),
            came: JSON.stringify(formats[i]),
            wanted: JSON.stringify(wanted),
          });
        });
        CODES.forEach(([code, wanted], i) => {
          all.push({
            name: 'code',
            engine,
            input: code,
            came: JSON.stringify(codes[i]),
            wanted: JSON.stringify(wanted),
          });
        });
      }
      return all;
    } finally {
      await language.close();
    }
  },
};
