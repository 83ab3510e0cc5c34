// docs/sdk.md#errors: what an operator's function may do to a row. One workflow has all cases; each row does the wrong of its own at one operator.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflow } from '../../sdk/compile/compile.ts';
import { runLocal } from '../../sdk/local/run-local.ts';
import { type Case, type CaseKind, told } from './case.ts';
import { ENDLESS_CASES, KEY_CASES, OPERATOR_CASES } from './operator-table.ts';

const CODES = [...OPERATOR_CASES, ...ENDLESS_CASES].map(
  ([name, , code]) => `  ${JSON.stringify(name)}: (r) => ${code},`,
);

const WORKFLOW = `import { dataset, z } from 'mizu';
const fail = (value: unknown): never => { throw value; };
const loop = (): never => { for (;;); };
const recurse = (): any => recurse() + 1;
const nested = (levels: number): any => { let v: any = 1; for (let i = 0; i < levels; i++) v = { v }; return v; };
const lists = (levels: number): any => { let v: any = 1; for (let i = 0; i < levels; i++) v = [v]; return v; };
const cyclic = () => { const a: any = { x: 1 }; a.self = a; return a; };
const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; };
const CODES: Record<string, (r: any) => any> = {
${CODES.join('\n')}
};
const at = (hook: string, r: any, good: any): any => (r.hook === hook ? CODES[r.case]!(r) : good);
export default dataset<any>('operators', z.any().transform((r) => at('input', r, r)) as any, { rowBudget: 60_000 })
  .map('map', (r) => at('map', r, r))
  .map('field', (r) => (r.hook === 'field' ? { case: r.case, v: at('field', r, 0) } : r))
  .filter('filter', (r) => at('filter', r, true))
  .flatMap('flatMap', (r) => at('flatMap', r, [r]))
  .validate('validate', z.any().transform((r) => at('validate', r, r)) as any)
  .check('check', (r) => at('check', r, true))
  .sample('sample', { fraction: 1, key: (r) => at('sample', r, null) })
  .dedupe('dedupe', (r) => (r.hook === 'key' ? [r.case, r.t] : at('dedupe', r, null)), { onDuplicate: 'reject' })
  .dedupe('near', (r) => (r.hook === 'near' ? r.t : at('nearKey', r, '')), { near: 0.8, onDuplicate: 'reject' })
  .split({ train: 0.5, test: 0.5 }, { key: (r) => at('split', r, null) });
`;

const READ = { n: 5, list: ['b', 'a'], text: 'a|b' };

async function runOn(engine: 'node' | 'native', file: string): Promise<Case[]> {
  const cases = engine === 'node' ? OPERATOR_CASES : [...OPERATOR_CASES, ...ENDLESS_CASES];
  const rows = [
    ...cases.map(([name, hook]) => ({ case: name, hook, ...READ })),
    ...KEY_CASES.flatMap(([name, hook, values]) =>
      values.map((t) => ({ case: name, hook, ...(t === undefined ? {} : { t }) })),
    ),
  ];
  const { parts, rejects } = await runLocal(await bundleWorkflow(file), rows, { engine });
  const kept = Object.values(parts).flat() as { case?: string; [field: string]: unknown }[];
  const cameOf = (name: string): string => {
    const mine = kept.filter((row) => row.case === name).map(({ case: _, hook: __, ...row }) => row);
    // A row that has no canonical JSON is kept as its text.
    const mineRejected = rejects.filter(({ row }) => {
      const { case: own, text = '' } = row as { case?: string; text?: string };
      return own === name || text.includes(`"case":${JSON.stringify(name)}`);
    });
    return told(
      mine.map((row) => ('v' in row ? row.v : row)),
      mineRejected.map(({ operator, reason }) => `${operator === 'field' ? 'map' : operator}: ${withoutLine(reason)}`),
    );
  };
  return [
    ...cases.map(([name, hook, code, wanted]) => ({
      name,
      engine,
      input: `${hook === 'field' ? 'a field' : hook}: ${code}`,
      came: cameOf(name),
      wanted,
    })),
    ...KEY_CASES.map(([name, hook, values, wanted]) => ({
      name,
      engine,
      input: `${hook === 'key' ? 'dedupe' : 'near dedupe'} of ${JSON.stringify(values)}`,
      came: cameOf(name),
      wanted,
    })),
  ];
}

// Every reason ends with a line of the workflow, but the ones of the rows' own kind.
function withoutLine(reason: string): string {
  return reason.startsWith('duplicate of')
    ? reason.replace(/row \d+$/, 'an earlier row')
    : /\(operators\.ts:\d+\)$/.test(reason)
      ? reason.replace(/ \(operators\.ts:\d+\)$/, '')
      : `${reason} [without a line]`;
}

export const OPERATORS: CaseKind = {
  kind: 'operators',
  page: 'docs/sdk.md#errors',
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mizu-cases-'));
    try {
      const file = join(folder, 'operators.ts');
      await writeFile(file, WORKFLOW);
      return [...(await runOn('node', file)), ...(await runOn('native', file))];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
