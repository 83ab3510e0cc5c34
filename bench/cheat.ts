// docs/models.md#devnet-lie: what a lie about one answer of a provable model costs each side on a devnet of real processes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { playModelCheat } from '../test/lies/model-cheat.ts';

const MODEL = 'datavm/use-lite';
const TEXTS = ['a small domesticated carnivorous mammal with soft fur', 'a machine with wheels that turns wood'];

/** A row for the whole, and one for each transaction. */
export async function benchCheat(): Promise<object[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-bench-'));
  try {
    const { transactions, events, ...whole } = await playModelCheat(folder, MODEL, TEXTS);
    const lists = events.filter(({ name }) => name === 'Moved').length + 1;
    const isRight = whole.datasetRoot === whole.verifiedRoot && whole.confirmedBy === 'executor';
    return [{ ...whole, part: 'whole dispute', transactions: transactions.length, lists, isRight }, ...transactions];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
