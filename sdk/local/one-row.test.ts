// docs/sdk.md#errors: whatever a function of the user does to one row, exactly that row is rejected, as its operator read it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BAD, ENDLESS, helpersOf } from '../../test/sdk/wrongs.fixture.ts';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { type LocalRun, runLocal } from './run-local.ts';

/** Each hook does its wrong on the rows that name it. Those that give a value to the row pass it through `bad`; the others throw it away. */
const WORKFLOW = (bad: Readonly<Record<string, string>>) => `import { dataset, z } from 'mizu';
${helpersOf(bad)}
const inner = (hook: string, row: any, good: any): any => (row.hook === hook ? { v: BAD[row.bad]!(row) } : good);
// A field that is there already must not do it again.
const Row = z.any().transform((row) => at('input', row, row));
export default dataset<any>('w', Row as any, { rowBudget: 60_000 })
  .map('inputField', (r) => inner('inputField', r, r))
  .map('mapped', (r) => at('mapped', r, { ...r, m: 1 }))
  .filter('filtered', (r) => at('filtered', r, true))
  .flatMap('flat', (r) => at('flat', r, [r]))
  .flatMap('flatItem', (r) => [at('flatItem', r, { ...r, f: 1 })])
  .validate('refined', z.any().refine((r) => { at('refined', r, true); return r.hook !== 'refined' || fail('no value'); }) as any)
  .validate('transformed', z.any().transform((r) => inner('transformed', r, r)) as any)
  .check('checked', (r) => at('checked', r, true))
  .sample('sampled', { fraction: 1, key: (r) => at('sampled', r, r.n) })
  .dedupe('exact', (r) => at('exact', r, r.n))
  .dedupe('near', (r) => at('near', r, 'word' + r.n), { near: 0.9 })
  .generate('prompt', { model: 'm', prompt: (r) => at('prompt', r, 'n ' + r.n) })
  .generate('message', { model: 'm', prompt: (r) => [{ role: 'user', content: at('message', r, 'n ' + r.n) }] })
  .generate('parsed', { model: 'm', prompt: (r) => 'n ' + r.n, parse: (a, r) => at('parsed', r, a) })
  .generate('answer', { model: 'm', prompt: (r) => 'json ' + r.n, output: z.object({ a: z.string() })
    .transform((a) => inner('answer', JSON.parse(a.a), a)) as any })
  .classify('label', { model: 'm', labels: ['a', 'b'], text: (r) => at('label', r, 'label ' + r.n) })
  .generate('several', { model: 'm', n: 2, prompt: (r) => 'n ' + r.n, parse: (a, r) => at('several', r, a) })
  .judge('judged', { model: 'm', a: (r) => 'judge ' + r.n, b: (r) => at('judged', r, 'judge ' + r.n) })
  .converse('talk', { model: 'm', turns: [(r) => at('talk', r, 'n ' + r.n)] })
  .map('last', (r) => inner('last', r, { ...r, z: 1 }))
  .split({ train: 0.5, test: 0.5 }, { key: (r) => at('split', r, r.n) });
`;
const HOOKS = [
  'input',
  'inputField',
  'mapped',
  'filtered',
  'flat',
  'flatItem',
  'refined',
  'transformed',
  'checked',
  'sampled',
  'exact',
  'near',
  'prompt',
  'message',
  'parsed',
  'answer',
  'label',
  'several',
  'judged',
  'talk',
  'last',
  'split',
];
/** What each operator adds to a row. */
const ADDS: Readonly<Record<string, object>> = {
  mapped: { m: 1 },
  flatItem: { f: 1 },
  prompt: { prompt: 'said' },
  message: { message: 'said' },
  parsed: { parsed: 'said' },
  label: { label: 'a' },
  several: { several: ['said', 'said'] },
  judged: { judged: { winner: 'tie', votes: ['tie', 'tie'], reasons: ['so', 'so'] } },
  last: { z: 1 },
};
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-one-row-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const backend = {
  name: 'm',
  complete: async ({ messages }: { messages: readonly { content: unknown }[] }) => {
    const [kind, n] = String(messages.at(-1)!.content).split(/\s/).slice(-2);
    const content =
      kind === 'json'
        ? JSON.stringify({ a: JSON.stringify(rows[Number(n)]) })
        : (({ label: '{"label":"a"}', judge: '{"reason":"so","winner":"tie"}' } as Record<string, string>)[kind!] ??
          'said');
    return { content, finishReason: 'stop', usage: { promptTokens: 2, completionTokens: 1 } };
  },
};
type Row = { n: number; hook: string; bad: string; list: string[] };
let rows: Row[] = [];

async function bundle(bad: Readonly<Record<string, string>>): Promise<BundledWorkflow> {
  const file = join(folder, 'w.ts');
  await writeFile(file, WORKFLOW(bad));
  return bundleWorkflow(file);
}

function makeRows(bad: readonly string[]): Row[] {
  const list = ['b', 'a'];
  // What a model said is no row: a schema may change it.
  const pairs = HOOKS.flatMap((hook) =>
    bad.filter((name) => hook !== 'answer' || !name.startsWith('mutates')).map((name) => ({ hook, bad: name })),
  );
  // A good row after each three: what a bad one leaves behind would show.
  return pairs
    .flatMap((pair, i) => (i % 3 === 0 ? [pair, { hook: 'none', bad: 'none' }] : [pair]))
    .map((pair, n) => ({ n, ...pair, list }));
}

function check(result: LocalRun, alone: LocalRun): void {
  expect(result.parts).toEqual(alone.parts);
  const byIndex = new Map(result.rejects.map((reject) => [reject.index, reject]));
  expect(byIndex.size).toBe(result.rejects.length);
  const bad = rows.filter(({ hook }) => hook !== 'none');
  expect(
    bad.filter(({ n, hook }) => byIndex.get(n)?.operator !== hook).map((row) => [row, byIndex.get(row.n)]),
  ).toEqual([]);
  expect(result.rejects).toHaveLength(bad.length);
  for (const { index, operator, reason, row } of result.rejects) {
    const before = HOOKS.slice(0, HOOKS.indexOf(operator)).map((name) => ADDS[name] ?? {});
    const { answer, talk, ...rest } = row as Row & { answer?: unknown; talk?: unknown };
    expect(rest).toEqual(Object.assign({}, rows[index], ...before));
    expect(answer === undefined).toBe(HOOKS.indexOf(operator) <= HOOKS.indexOf('answer'));
    expect(talk === undefined).toBe(HOOKS.indexOf(operator) <= HOOKS.indexOf('talk'));
    expect(reason).toMatch(/\(w\.ts:\d+\)/);
    expect(reason.length).toBeLessThanOrEqual(600);
  }
}

async function compare(
  bad: Readonly<Record<string, string>>,
  engine: 'node' | 'native',
  partitions: number,
): Promise<void> {
  const bundled = await bundle(bad);
  rows = makeRows(Object.keys(bad));
  const options = { engine, backends: [backend], partitions };
  const good = rows.filter(({ hook }) => hook === 'none');
  check(await runLocal(bundled, rows, options), await runLocal(bundled, good, { ...options, engine: 'node' }));
}

test('every wrong at every hook, on the node engine', () => compare(BAD, 'node', 3));

test('what never ends, and a sample of the others, on the DataVM', async () => {
  const { throwsProxy, throwsErrorOfGetters, nan, rejected, cyclic, deep, shared, proxy, recursion } = BAD as Record<
    string,
    string
  >;
  const sample = { throwsProxy, throwsErrorOfGetters, nan, rejected, cyclic, deep, shared, proxy, recursion } as Record<
    string,
    string
  >;
  await compare({ ...ENDLESS, ...sample }, 'native', 1);
});
