// docs/errors.md: the page is what its sources say, and has the codes that the code has.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { errorsPage } from '../../scripts/generate/error-docs.ts';
import { ERROR_TEXTS } from '../../scripts/generate/errors/areas.ts';
import { kernelReasons } from '../../scripts/generate/errors/kernel.ts';
import type { ErrorText } from '../../scripts/generate/errors/text.ts';
import { statusOf } from '../../service/http/http.ts';
import { ROOT, readText, textFiles } from './pages.ts';

const DESCRIBED = ['protocol/error-codes.ts', 'scripts/generate/errors/'];
const codes = Object.entries<ErrorText>(ERROR_TEXTS);
const areas = [...new Set(codes.map(([code]) => code.split('/')[0]))].join('|');
const sources = textFiles()
  .filter((path) => /\.(ts|mjs)$/.test(path) && !/^test\/|\.(test|fixture|d)\.(ts|mts)$/.test(path))
  .filter((path) => !DESCRIBED.some((described) => path.startsWith(described)))
  .map((path) => [path, readText(path)] as const);

/** How the code spells those that end in a number, or begin with the role whose node throws them. */
function templatesOf(code: string): string[] {
  const name = code.slice(code.indexOf('/') + 1);
  return [`\`${code.replace(/N$/, '')}\${`, `\`\${part}/${name}\``];
}

test('the page is what its sources say', () => {
  expect(readText('docs/errors.md')).toBe(errorsPage());
});

test('every code that the code names is on the page', () => {
  const literal = new RegExp(`'((?:${areas})/[a-z0-9-]+)'`, 'g');
  const unknown = sources.flatMap(([path, text]) =>
    [...text.matchAll(literal)]
      .map(([, code]) => code as string)
      .filter((code) => !(code in ERROR_TEXTS) && !existsSync(join(ROOT, code)))
      .map((code) => `${path}: ${code}`),
  );
  expect(unknown).toEqual([]);
});

test('every code on the page is given by some code, not only compared', () => {
  const given = sources.map(([, text]) => text.replace(/[=!]== '[a-z0-9-]+\/[a-z0-9-]+'/g, '')).join('\n');
  const literals = new Set([...given.matchAll(/'([a-z0-9-]+\/[a-z0-9-]+)'/g)].map((match) => match[1]));
  const dead = codes
    .map(([code]) => code)
    .filter((code) => !literals.has(code) && !templatesOf(code).some((template) => given.includes(template)));
  expect(dead).toEqual([]);
});

test('the HTTP status on the page is the one that services answer with', () => {
  for (const [code, { http }] of codes) {
    if (http === undefined || http === 500) continue;
    const error = new MizuError({ code: code as never, message: '', retryable: http === 503 });
    expect([code, statusOf(error)]).toEqual([code, http]);
  }
});

test('reasons of the kernel are read whole', () => {
  const reasons = kernelReasons(ROOT).flatMap((file) => file.reasons);
  expect(reasons.length).toBeGreaterThan(100);
  expect(reasons).toContain('certificate expiry: expected at least N');
  expect(reasons).toContain('gateway: expected one of the model');
  for (const reason of reasons) expect(reason).toMatch(/^[\w ]+: expected [^']+$/);
});
