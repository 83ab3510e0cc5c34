// docs/sdk.md#errors: however the imports are laid out, a reject names the line of the file that threw.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLocal } from '../local/run-local.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-lines-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const gap = fc.constantFrom('', ' ', '\n', '\n\n  ', '\r\n', ' // a note\n', ' /* z, a\n note */ ');
const names = fc
  .shuffledSubarray(['z', 'dataset', 'type Message'], { minLength: 2 })
  .filter((list) => list.includes('z') && list.includes('dataset'));
const layout = fc.record({
  before: fc.constantFrom('', '\n', '// first\n', '/* a\n b */ '),
  names,
  gaps: fc.array(gap, { minLength: 8, maxLength: 8 }),
  last: fc.boolean(),
  alias: fc.boolean(),
  two: fc.boolean(),
  after: fc.constantFrom(';', '', ';\n\n', '; const a = 1;'),
  lines: fc.array(fc.constantFrom('\n', '// z\n', 'const text = `\n1\n`;\n'), { maxLength: 3 }),
});

function write({
  before,
  names: list,
  gaps,
  last,
  alias,
  two,
  after,
  lines,
}: typeof layout extends fc.Arbitrary<infer T> ? T : never): string {
  const [zod, ...others] = two ? [['z'], list.filter((name) => name !== 'z')] : [list];
  const part = (some: readonly string[]): string => {
    const body = some.map(
      (name, i) => `${gaps[i]}${name === 'z' && alias ? `z as${gaps[5]} zod` : name}${gaps[i + 3]}`,
    );
    return `import {${body.join(',')}${last ? ',' : ''}${gaps[6]}}${gaps[7]} from 'mizu'`;
  };
  const imports = [zod!, ...others].map(part).join(';\n');
  const name = alias ? 'zod' : 'z';
  return `${before}${imports}${after === '' ? '\n' : after}\n${[...new Set(lines)].join('')}
const Row = ${name}.object({ n: ${name}.number() });
export default dataset('w', Row)
  .map('throws', (row) => {
    if (row.n === 0) return row;

    throw new Error('here'); // THROW
  })
  .map('junk', // JUNK
    (row) => ({ n: Number.NaN }));
`;
}

test('lines', async () => {
  let files = 0;
  await fc.assert(
    fc.asyncProperty(layout, async (one) => {
      const text = write(one);
      const file = join(folder, `w${files++}.ts`);
      await writeFile(file, text);
      const lineOf = (mark: string) => text.split('\n').findIndex((line) => line.includes(mark)) + 1;
      const { rejects } = await runLocal(file, [{ n: 0 }, { n: 1 }], { engine: 'node' });
      expect(rejects.map(({ reason }) => Number(/:(\d+)\)$/.exec(reason)![1]))).toEqual([
        lineOf('JUNK'),
        lineOf('THROW'),
      ]);
    }),
    { numRuns: 6, seed: 4 },
  );
});
