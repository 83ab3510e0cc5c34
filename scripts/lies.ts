// docs/disputes.md#lies: `npm run lies [-- part of a name]` plays the corpus of lies on anvil and prints what became of each.

import { LIAR } from '../prover/network.fixture.ts';
import { allLies } from '../test/lies/corpus.ts';
import { createCorpusWorld } from '../test/lies/corpus-world.ts';
import { slashedAccounts } from '../test/lies/funds.ts';
import { openStage } from '../test/lies/play.ts';
import { cellsOf, HEADINGS, type Row } from '../test/lies/row.ts';

const wanted = process.argv[2] ?? '';
const world = await createCorpusWorld();
const rows: Row[] = [];
let slashedHonest = 0;
try {
  const lies = (await allLies(world)).filter(({ name }) => name.includes(wanted));
  const stage = await openStage(world);
  try {
    print(HEADINGS);
    for (const lie of lies) {
      const row = await stage.play(lie);
      rows.push(row);
      print(cellsOf(row));
    }
  } finally {
    await stage.close();
  }
  slashedHonest = (await slashedAccounts(world.network)).filter((account) => account !== LIAR.address).length;
} finally {
  await world.close();
}
const missed = rows.filter(({ caught }) => !caught);
process.stdout.write(`\n${rows.length} lies, ${rows.length - missed.length} caught, honest slashed ${slashedHonest}\n`);
process.exitCode = missed.length === 0 && rows.length > 0 && slashedHonest === 0 ? 0 : 1;

function print(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
