import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeDefinition, encodeDefinition } from '../../protocol/definition.ts';
import { objectRef } from '../../protocol/tree.ts';
import type { BuiltProgram } from '../../vm/entry.ts';
import { buildProgram } from '../../vm/quickjs/build.ts';
import { bundleWorkflow, compileWorkflow } from './compile.ts';
import { assertTypes } from './typecheck.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu compile-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
  return file;
}

const GOOD = `import { dataset, z } from 'mizu';
export default dataset('good', z.object({ t: z.string() })).filter('a', (r) => r.t !== '');
`;

test('the same file gives the same workflow, wherever it lies and whatever its comments say', async () => {
  const one = await compileWorkflow(await write('good.ts', GOOD));
  const two = await compileWorkflow(
    await write('elsewhere/good.ts', GOOD.replace("'good', ", "'good', /* a note */ ")),
  );
  expect(two.workflowId).toBe(one.workflowId);
  const other = await compileWorkflow(await write('other.ts', GOOD.replace("!== ''", "!== 'x'")));
  expect(other.workflowId).not.toBe(one.workflowId);
  expect(one.objects.map(objectRef)).toHaveLength(6);
  const certificate = { epoch: 1n, expiry: 2n, signers: 0n, signatures: [] };
  expect(decodeDefinition(encodeDefinition(one.definition, certificate)).definition).toEqual(one.definition);
  expect(one.metadata.stages.map(({ name, operators, sink }) => [name, operators, sink])).toEqual([
    ['rows', ['validate input', 'filter a'], null],
    ['train', [], 'train'],
    ['rejects', [], 'rejects'],
  ]);
});

test('what is not pure is refused with its line; local names are free', async () => {
  const file = await write(
    'impure.ts',
    `import { dataset } from 'mizu';
const process = { x: 1 };
export default dataset<{ n: number }>('impure')
  .map('a', (r) => ({ ...r, at: Date.now(), day: new Date(0).getDay(), x: process.x }))
  .map('b', (r) => ({ ...r, now: new Date(), r: globalThis.Math.random() }))
  .map('c', (r) => { setTimeout(() => {}, 1); return r; });
`,
  );
  await expect(bundleWorkflow(file)).rejects.toMatchObject({
    code: 'sdk/not-pure',
    actual: expect.stringMatching(
      /impure.ts:4:33: Date.now\n\s+impure.ts:5:34: new Date\(\)\n\s+impure.ts:5:49: Math.random\n\s+impure.ts:6:22: setTimeout/,
    ),
  });
});

test.each([
  [
    'node.ts',
    "import 'node:fs';\nexport default 1;",
    'sdk/bundle',
    /node.ts:1:8: 'node:fs' is not there in a workflow/,
  ],
  ['missing.ts', "import './nothing.ts';\nexport default 1;", 'sdk/bundle', /missing.ts:1:8: Could not resolve/],
  ['syntax.ts', 'export default (;', 'sdk/bundle', /syntax.ts:1:17/],
  ['none.ts', 'export const a = 1;', 'sdk/bundle', /No matching export/],
  ['one.ts', 'export default 1;', 'sdk/no-workflow', /another default export/],
  ['throws.ts', 'const a: any = null;\nexport default a.b;', 'sdk/evaluation', /it throws/],
])('%s is refused', async (name, text, code, actual) => {
  await expect(bundleWorkflow(await write(name, text))).rejects.toMatchObject({
    code,
    actual: expect.stringMatching(actual),
  });
});

test('errors of the chain keep their code and name the line', async () => {
  const file = await write(
    'twice.ts',
    `import { dataset } from 'mizu';\nexport default dataset<{}>('x')\n  .map('a', (r) => r)\n  .map('a', (r) => r);\n`,
  );
  await expect(bundleWorkflow(file)).rejects.toMatchObject({
    code: 'sdk/duplicate-name',
    message: expect.stringContaining('twice.ts:'),
  });
});

test('the answer of a model has every field required', async () => {
  const text = (shape: string) => `import { dataset, z } from 'mizu';
export default dataset<{ t: string }>('x').generate('g', { model: 'm', prompt: (r) => r.t, output: z.object({ a: z.string()${shape} }) });`;
  await expect(bundleWorkflow(await write('optional.ts', text('.optional()')))).rejects.toMatchObject({
    code: 'sdk/output-schema',
    actual: 'answer.a is optional',
  });
  await expect(bundleWorkflow(await write('lookahead.ts', text('.regex(/x(?=y)/)')))).rejects.toMatchObject({
    code: 'sdk/output-schema',
    actual: expect.stringMatching(/^schema at .*the pattern "x\(\?=y\)" cannot be checked in linear time/),
  });
  const { description } = await bundleWorkflow(await write('nullable.ts', text('.nullable()')));
  expect(description.operators[0]!.schema).toMatchObject({
    type: 'object',
    required: ['a'],
    additionalProperties: false,
  });
});

test('a misspelt field is a type error with its line and a suggestion', async () => {
  const file = await write('misspelt.ts', GOOD.replaceAll('t: z', 'text: z').replace('r.t ', 'r.txt '));
  await expect(assertTypes(file)).rejects.toMatchObject({
    code: 'sdk/types',
    actual: expect.stringMatching(/misspelt.ts:2:85: Property 'txt' does not exist .*Did you mean 'text'\?/),
  });
  await assertTypes(join(folder, 'good.ts'));
});

test('a package without types is any', async () => {
  await write('node_modules/untyped/package.json', '{"main":"./index.js"}');
  await write('node_modules/untyped/index.js', 'exports.twice = (n) => n * 2;');
  const use = `import { twice } from 'untyped';\nexport default dataset<{ n: number }>('x').map('a', (r) => ({ n: twice(r.n) }));\n`;
  await assertTypes(await write('untyped.ts', `import { dataset } from 'mizu';\n${use}`));
});

test('the types are those of the language: no Intl, no locales, nothing of a browser or of Node', async () => {
  const file = await write(
    'language.ts',
    `import { dataset, z } from 'mizu';
export default dataset('w', z.object({ t: z.string(), n: z.number() }))
  .map('has', (r) => ({ ...r, a: new URL(r.t).searchParams.get('q'), b: structuredClone([r.n]), c: atob(r.t), d: new TextDecoder('utf-8', { fatal: true }).decode(new TextEncoder().encode(r.t)), e: r.t.toLocaleUpperCase(), f: [3].toSorted().at(-1) }))
  .map('sorts', (r) => ({ a: [r.t].sort((x, y) => x.localeCompare(y)) }))
  .map('writes', (r) => ({ a: (5).toLocaleString() }))
  .map('dates', (r) => ({ a: new Date(0).toLocaleDateString('en') }))
  .map('compares', (r) => ({ a: new Intl.Collator() }))
  .map('shows', (r) => ({ a: document.title }))
  .map('weak', (r) => ({ a: new WeakRef({}) }))
  .map('upper', (r) => ({ a: 'i'.toLocaleUpperCase('tr') }));
`,
  );
  const error = await assertTypes(file).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error.actual.split('\n            ').filter((line: string) => /^language/.test(line))).toEqual([
    expect.stringMatching(/^language.ts:4:53: localeCompare is not there in an operator: .* a < b \? -1/),
    expect.stringMatching(/^language.ts:5:35: toLocaleString is not there in an operator: .*toFixed/),
    expect.stringMatching(/^language.ts:6:42: toLocaleDateString is not there in an operator: .*toISOString/),
    expect.stringMatching(/^language.ts:7:37: Intl is not there in an operator: /),
    expect.stringMatching(/^language.ts:8:30: document is not there in an operator: /),
    expect.stringMatching(/^language.ts:9:33: WeakRef is not there in an operator: /),
    expect.stringMatching(/^language.ts:10:52: Expected 0 arguments, but got 1/),
  ]);
});

test('programs share code and module; a cached image is the same, a damaged one is built again', async () => {
  const cache = join(folder, 'cache');
  const [one, other] = [
    await buildProgram(scriptOf(1), { cacheFolder: cache }),
    await buildProgram(scriptOf(2), { cacheFolder: cache }),
  ];
  expect(other.program.header.codeRoot).toBe(one.program.header.codeRoot);
  expect(other.wasm).toBe(one.wasm);
  expect(other.entry.header).not.toEqual(one.entry.header);
  expect(same(await buildProgram(scriptOf(1), { cacheFolder: cache }), one)).toBe(true);
  expect(same(await buildProgram(scriptOf(1)), one)).toBe(true);
  const files = await readdir(cache);
  expect(files.length).toBe(2);
  for (const file of files) await writeFile(join(cache, file), (await readFile(join(cache, file))).fill(1, 50, 60));
  expect(same(await buildProgram(scriptOf(1), { cacheFolder: cache }), one)).toBe(true);
});

/** Of the headers, and byte for byte: `toEqual` takes seconds for 4 MB. */
const same = (a: BuiltProgram, b: BuiltProgram): boolean =>
  Buffer.from(a.entry.header).equals(b.entry.header) &&
  a.objects.every((bytes, i) => Buffer.from(bytes).equals(b.objects[i]!));
const scriptOf = (n: number): string => `globalThis.__mizu_main = () => ${n};`;
