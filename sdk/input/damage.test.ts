// docs/sdk.md#input: whatever is done to a record costs at most that record; all others come, with their number.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { useInputs } from '../../test/sdk/input.fixture.ts';
import type { InputRow } from './rowset.ts';

const inputs = useInputs();

const byte = fc.oneof(
  fc.integer({ min: 0, max: 255 }),
  fc.constantFrom(...Buffer.from('"",,\\{}[]:\n\r\u0000'), 0xff, 0xc3),
);
const edits = fc.array(fc.tuple(fc.nat(), byte, fc.constantFrom('replace', 'insert', 'delete')), {
  minLength: 1,
  maxLength: 4,
});

/** The record with a few bytes of it changed. */
function damage(record: Buffer, changes: readonly (readonly [number, number, string])[]): Buffer {
  let bytes = record;
  for (const [place, value, kind] of changes) {
    const at = place % (bytes.length + 1);
    const middle = kind === 'delete' ? [] : [value];
    bytes = Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(middle),
      bytes.subarray(at + (kind === 'insert' ? 0 : 1)),
    ]);
  }
  return bytes;
}

/** Checks that the rows before come with their index, and those behind in their order with one distance from it. */
function expectOthers(
  rows: readonly InputRow[],
  wanted: readonly object[],
  victim: number,
  first: (row: object) => unknown,
): number {
  const live = rows.filter((row) => row.kind === 'row');
  const found = new Map(live.map(({ index, row }) => [first(row), { index, row }]));
  const before = wanted.slice(0, victim);
  expect(before.map((row) => found.get(first(row)))).toEqual(before.map((row, index) => ({ index, row })));
  const behind = wanted.slice(victim + 1).map((row) => found.get(first(row)));
  expect(behind.map((one) => one?.row)).toEqual(wanted.slice(victim + 1));
  const shifts = new Set(behind.map((one, i) => one!.index - (victim + 1 + i)));
  expect(shifts.size).toBeLessThanOrEqual(1);
  return [...shifts][0] ?? 0;
}

test('JSONL: a line costs itself', async () => {
  const rows = fc.array(fc.dictionary(fc.stringMatching(/^[a-z"\\é]{0,3}$/), fc.jsonValue({ maxDepth: 2 })), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(rows, fc.nat(), edits, async (values, place, changes) => {
      const wanted = values.map((value, n) => JSON.parse(JSON.stringify({ ...value, n: `row ${n}` })) as { n: string });
      const victim = place % wanted.length;
      const lines = wanted.map((row, n) => {
        const line = Buffer.from(JSON.stringify(row));
        return n === victim ? damage(line, changes) : line;
      });
      const read = await inputs.read(
        'damaged.jsonl',
        Buffer.concat(lines.map((line) => Buffer.concat([line, Buffer.from('\n')]))),
      );
      const added = lines[victim]!.filter((one) => one === 10).length;
      const shift = expectOthers(read, wanted, victim, (row) => (row as { n: string }).n);
      if (victim < wanted.length - 1) expect(shift).toBe(added);
    }),
    { numRuns: 150 },
  );
});

test('JSON: an element costs itself, or the array is none and the file is refused', async () => {
  const elements = fc.array(fc.jsonValue({ maxDepth: 2 }), { minLength: 1, maxLength: 6 });
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(elements, fc.nat(), edits, async (values, place, changes) => {
      const wanted = values.map((value, n) => JSON.parse(JSON.stringify({ value, n: `row ${n}` })) as { n: string });
      const victim = place % wanted.length;
      const texts = wanted.map((row, n) => {
        const text = Buffer.from(JSON.stringify(row));
        return n === victim ? damage(text, changes).toString('latin1') : text.toString('latin1');
      });
      const read = await inputs.read('damaged.json', Buffer.from(`[${texts.join(',\n')}]`, 'latin1')).catch((error) => {
        expect(error).toMatchObject({ code: 'sdk/input-json' });
        refused++;
      });
      if (read !== undefined) expectOthers(read, wanted, victim, (row) => (row as { n: string }).n);
    }),
    { numRuns: 200 },
  );
  expect(refused).toBeLessThan(150);
});

// A quoted field that begins with a letter: of two quotes that a delimiter or a line end could stand between, no reader can tell which is the one too many.
const text = fc.stringMatching(/^[a-z][a-z é",\n\r]{0,8}$/);

test('CSV: a record costs itself', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      edits,
      async (values, place, changes) => {
        const wanted = values.map(([a, b], n) => ({ n: `row ${n}`, a, b }));
        const victim = place % wanted.length;
        const records = wanted.map((row, n) => {
          const record = Buffer.from(Object.values(row).map(toField).join(','));
          return n === victim ? damage(record, changes) : record;
        });
        const lines = [Buffer.from('n,a,b'), ...records].map((line) => Buffer.concat([line, Buffer.from('\n')]));
        const read = await inputs.read('damaged.csv', Buffer.concat(lines));
        const shift = expectOthers(read, wanted, victim, (row) => (row as { n: string }).n);
        const isOneLine = (bytes: Buffer): boolean =>
          !bytes.includes(10) && bytes.length > 0 && bytes.toString('latin1') !== '\r';
        if (victim < wanted.length - 1 && isOneLine(records[victim]!)) expect(shift).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

function toField(value: string): string {
  return /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
