import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertOnlyMended, rowsAt } from './mended.ts';
import { readRows } from './read-rows.ts';
import { encodeInputRow } from './rowset.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-mended-'));
  file = join(folder, 'rows.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function* linesOf(text: string): AsyncGenerator<string> {
  await writeFile(file, text);
  for await (const row of readRows(file)) {
    const { line, live } = encodeInputRow(row);
    if (live) yield line;
  }
}

/** `rejected`: broken rows, and those that a schema has refused. */
async function check(before: string, after: string, rejected: readonly number[]): Promise<void> {
  const lines: string[] = [];
  for await (const line of linesOf(before)) lines.push(line);
  await writeFile(file, after);
  const source = { file, options: {} };
  await assertOnlyMended(
    source,
    new Set(rejected),
    (async function* () {
      yield* lines;
    })(),
  );
}

const BEFORE = '{"n":0}\n{"n":\n{"n":"2"}\n{"n":3}\n';

test('only rows that were rejected may be other ones', async () => {
  await check(BEFORE, '{"n":0}\n{"n":1}\n{"n":2}\n{"n":3}\n', [1, 2]);
  await check(BEFORE, BEFORE, [1, 2]);
  const changed = (at: number) => ({ code: 'sdk/input-changed', message: expect.stringContaining(`at row ${at},`) });
  await expect(check(BEFORE, '{"n":7}\n{"n":1}\n{"n":2}\n{"n":3}\n', [1, 2])).rejects.toMatchObject(changed(0));
  // A row that is gone moves all behind it.
  await expect(check(BEFORE, '{"n":0}\n{"n":2}\n{"n":3}\n', [1, 2])).rejects.toMatchObject(changed(3));
  await expect(check(BEFORE, `${BEFORE}{"n":4}\n`, [1, 2])).rejects.toMatchObject(changed(4));
  await expect(check('{"n":0}\n{', '{"n":0}\n', [1])).rejects.toMatchObject({
    message: expect.stringContaining('no row at 1 of the places'),
  });
});

test('rows at the places are those of the file as it is now', async () => {
  await writeFile(file, '{"n":0}\n{"n":1}\n{\n{"n":3}\n');
  const rows = [];
  for await (const row of rowsAt({ file, options: {} }, new Set([1, 2]))) rows.push([row.kind, row.index]);
  expect(rows).toEqual([
    ['row', 1],
    ['broken', 2],
  ]);
});

test('any change of a row that was not rejected is told by its place', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), fc.nat(7), async (good, place) => {
      const at = place % good.length;
      const write = (changed: number) =>
        good
          .map((isGood, n) => (isGood ? `{"n":${n === changed ? 100 : n}}` : n === changed ? `{"m":${n}}` : '{'))
          .join('\n');
      const rejected = good.flatMap((isGood, n) => (isGood ? [] : [n]));
      const checked = check(write(-1), write(at), rejected);
      if (good[at]) await expect(checked).rejects.toMatchObject({ message: expect.stringContaining(`at row ${at},`) });
      else await checked;
    }),
    { numRuns: 30 },
  );
});
