import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWorkflow } from './describe.ts';
import type { OperatorDescription } from './describe-guest.ts';
import { operatorCodes } from './operator-code.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu codes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
/** What a file's operators are called costs a second to learn, and stays when their code changes. */
const described = new Map<string, readonly OperatorDescription[]>();

/** In a folder of its own, with what else it imports. The text itself stands for the bundle. */
async function codesOf(text: string, helpers: Readonly<Record<string, string>> = {}, like = text) {
  const own = join(folder, String(files++));
  await mkdir(own);
  for (const [name, content] of Object.entries(helpers)) await writeFile(join(own, name), content);
  const file = join(own, 'workflow.ts');
  await writeFile(file, text);
  const operators = described.get(like) ?? (await describeWorkflow(file)).operators;
  described.set(like, operators);
  return operatorCodes(file, operators, text);
}

/** Names of the operators whose code differs. */
async function changed(
  before: string,
  after: string,
  helpers: Readonly<Record<string, string>> = {},
  otherHelpers = helpers,
): Promise<string[]> {
  const [one, two] = [await codesOf(before, helpers), await codesOf(after, otherHelpers, before)];
  expect(two.toolchain).toBe(one.toolchain);
  return two.operators.flatMap(({ name, code }, i) => (one.operators[i]?.code === code ? [] : [name]));
}

const TEXT = `import { dataset, z } from 'mizu';
import { clean, loud } from './helpers.ts';

const Row = z.object({ id: z.string(), text: z.string() });
const Answer = z.object({ kind: z.enum(['a', 'b']), why: z.string() });
const KINDS = ['a', 'b'] as const;
const SMALL = new Set(['of', 'the']);

function words(text: string): string[] {
  return text.split(' ').filter((word) => !SMALL.has(word));
}

export default dataset('w', Row)
  .filter('long', (row) => words(row.text).length > 1)
  .map('clean', (row) => ({ ...row, text: clean(row.text) }))
  .generate('answer', { model: 'builtin/small', prompt: (row) => row.text, output: Answer, temperature: 0 })
  .check('kind', (row) => KINDS.includes(row.answer.kind as 'a'))
  .map('loud', (row) => ({ ...row, text: loud(row.text) }))
  .split({ train: 0.5, test: 0.5 }, { seed: 's' });
`;
const HELPERS = {
  'helpers.ts': `import { z } from 'mizu';
export const Loud = z.object({ n: z.number() }).strict();
export const clean = (text: string): string => text.trim();
export const loud = (text: string): string => text.toUpperCase() + String(Loud.safeParse({}).success);
`,
};
const edit = (from: string, to: string): string => {
  expect(TEXT).toContain(from);
  return TEXT.replace(from, to);
};
const from = (operator: string): string[] => {
  const all = ['input', 'long', 'clean', 'answer', 'kind', 'loud', 'split'];
  return all.slice(all.indexOf(operator));
};

test.each([
  ['a comment, white space and lines', TEXT.replaceAll('\n  .', '\n\n  // why\n     .'), []],
  ['the last operator', edit("seed: 's'", "seed: 't'"), from('split')],
  ['a later operator', edit("includes(row.answer.kind as 'a')", "includes('b')"), from('kind')],
  ['a constant that only a later operator uses', edit("KINDS = ['a', 'b']", "KINDS = ['a', 'b', 'c']"), from('kind')],
  ['a schema of a model', edit('why: z.string()', 'why: z.string().max(9)'), from('answer')],
  ['an option of a model', edit('temperature: 0', 'temperature: 1'), from('answer')],
  ['a helper of an earlier operator', edit('word) => !SMALL', 'word) => SMALL'), from('long')],
  ['what a helper uses', edit("'the'", "'then'"), from('long')],
  ['the schema of the input', edit('id: z.string()', 'id: z.number()'), from('input')],
])('%s', async (_, text, names) => {
  expect(await changed(TEXT, text, HELPERS)).toEqual(names);
});

test('of a file that is imported counts what the operators use', async () => {
  const other = (a: string, b: string) => ({ 'helpers.ts': HELPERS['helpers.ts'].replace(a, b) });
  expect(await changed(TEXT, TEXT, HELPERS, other('.trim()', '.trimEnd()'))).toEqual(from('clean'));
  expect(await changed(TEXT, TEXT, HELPERS, other('z.number()', 'z.string()'))).toEqual(from('loud'));
  // What it does when it is loaded may mean anything.
  const loads = { 'helpers.ts': `${HELPERS['helpers.ts']}Object.assign(Loud, { n: 1 });\n` };
  expect(await changed(TEXT, TEXT, HELPERS, loads)).toEqual(from('input'));
});

test('model settings stand beside the code', async () => {
  const { operators, whole } = await codesOf(TEXT, HELPERS);
  expect(whole).toBeNull();
  expect(operators.map(({ name, settings }) => settings && [name, settings.model, settings.temperature])).toEqual(
    Array.from({ length: 7 }, (_, i) => (i === 3 ? ['answer', 'builtin/small', 0] : undefined)),
  );
});

test('a chain over several constants, with groups and conversations', async () => {
  const chain = `import { dataset } from 'mizu';
const base = dataset<{ k: string; n: number }>('w').filter('some', (row) => row.n > 0);
const talk = base.converse('talk', { model: 'builtin/small', turns: [(row) => row.k, () => 'and'] });
export default talk
  .groupBy((row) => row.k)
  .aggregate('groups', (group) => ({ all: group.count(), most: group.max((row) => row.n) }))
  .join('name', [{ key: 'a' }], { on: (row) => row.key, key: (one) => one.key });
`;
  expect(await changed(chain, chain.replace("() => 'and'", "() => 'or'"))).toEqual([
    'talk',
    'talk-2',
    'groups',
    'name',
  ]);
  expect(await changed(chain, chain.replace('group.max', 'group.min'))).toEqual(['groups', 'name']);
  expect(await changed(chain, chain.replace("[{ key: 'a' }]", "[{ key: 'b' }]"))).toEqual(['name']);
});

const BUILT = `import { dataset } from 'mizu';
const counted: string[] = [];
const count = (name: string): string => { counted.push(name); return name; };
export default dataset<{ n: number }>('w')
  .map('first', (row) => ({ n: row.n + counted.length }))
  .classify('kind', { model: 'builtin/small', labels: ['a', 'b'], text: (row) => String(row.n) })
  .filter('last', (row) => row.n > 1);
`;

test('where an operator may change what others see, the whole file stands in for those before it', async () => {
  const calm = await codesOf(BUILT);
  expect(calm.whole).toBeNull();
  const text = BUILT.replace("'builtin/small'", "count('builtin/small')");
  const { whole, operators } = await codesOf(text, {}, BUILT);
  expect(whole).toBe('what is given to .classify(…) runs code when the file is loaded');
  const other = await codesOf(text.replace('row.n > 1', 'row.n > 2'), {}, BUILT);
  expect(other.operators.map(({ code }, i) => code === operators[i]?.code)).toEqual([false, true, false]);
});

test('a chain that is not told apart stands whole', async () => {
  const text = `import { dataset } from 'mizu';
const add = <T extends { n: number }>(n: number) => (row: T) => ({ n: row.n + n });
const build = () => dataset<{ n: number }>('w').map('first', add(1)).map('second', add(2));
export default build();
`;
  const { whole, operators } = await codesOf(text);
  expect(whole).toBe('what is exported is no chain that begins with `dataset(…)` in this file');
  expect(new Set(operators.map(({ code }) => code)).size).toBe(1);
  expect(await changed(text, text.replace('add(2)', 'add(3)'))).toEqual(['first', 'second']);
});
