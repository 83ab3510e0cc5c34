import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJournal } from './journal.ts';

type Entry = { task: string; n: number; pad?: string };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const segments = () => readdirSync(folder).sort();

describe('journal', () => {
  test('gives back what was appended, in order, over several starts', async () => {
    for (const n of [1, 2]) {
      const journal = await openJournal<Entry>(folder);
      expect(journal.recovered.length).toBe((n - 1) * 2);
      await Promise.all([journal.append({ task: 'a', n }), journal.append({ task: 'b', n: 10 * n })]);
      await journal.close();
    }
    const journal = await openJournal<Entry>(folder);
    expect(journal.recovered.map((entry) => entry.n)).toEqual([1, 10, 2, 20]);
    await journal.close();
  });

  test('cuts a torn tail off and goes on behind it', async () => {
    const first = await openJournal<Entry>(folder);
    await first.append({ task: 'a', n: 1 });
    await first.close();
    const path = join(folder, segments()[0]!);
    const whole = readFileSync(path).length;
    appendFileSync(path, Buffer.from([0, 0, 0, 9, 1, 2, 3, 4, 5]));
    const second = await openJournal<Entry>(folder);
    expect(second.recovered.map((entry) => entry.n)).toEqual([1]);
    expect(readFileSync(path).length).toBe(whole);
    await second.close();
  });

  test('an entry with a flipped bit and what follows are not believed', async () => {
    const first = await openJournal<Entry>(folder);
    await first.append({ task: 'a', n: 1 });
    await first.append({ task: 'a', n: 2 });
    await first.close();
    const path = join(folder, segments()[0]!);
    const bytes = readFileSync(path);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(path, bytes);
    const second = await openJournal<Entry>(folder);
    expect(second.recovered.map((entry) => entry.n)).toEqual([1]);
    await second.close();
  });

  test('a segment goes when all its tasks are forgotten', async () => {
    const journal = await openJournal<Entry>(folder);
    const pad = 'x'.repeat(5 * 1024 * 1024);
    for (const [n, task] of ['a', 'b', 'c', 'd'].entries()) await journal.append({ task, n, pad });
    expect(segments().length).toBe(2);
    journal.forget('a');
    expect(segments().length).toBe(2);
    journal.forget('b');
    expect(segments()).toEqual(['0000000002.log']);
    await journal.close();
  });
});
