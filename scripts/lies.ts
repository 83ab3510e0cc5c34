// docs/disputes.md#lies: `npm run lies [-- part of a name]` plays the corpus of lies on anvil and prints what became of each.
import { formatEther } from 'viem';
import { instructionLies } from '../test/lies/instructions.ts';
import { leafLies } from '../test/lies/leaves.ts';
import { openStage, type Told } from '../test/lies/play.ts';
import { createWorld } from '../test/lies/world.ts';

const wanted = process.argv[2] ?? '';
const world = await createWorld();
const rows: Told[] = [];
try {
  const simple = await leafLies(world);
  const task = simple.find(({ name }) => name.startsWith('program:'))?.step;
  const lies = [...simple, ...(task === undefined ? [] : await instructionLies(world, task))];
  const stage = await openStage(world);
  try {
    print([
      'lie',
      'caught',
      'by',
      'lists',
      'transactions',
      'gas challenger',
      'gas liar',
      'challenger won',
      'liar lost',
    ]);
    for (const lie of lies.filter(({ name }) => name.includes(wanted))) {
      const told = await stage.play(lie);
      rows.push(told);
      print(rowOf(told));
    }
  } finally {
    await stage.close();
  }
} finally {
  await world.close();
}
const missed = rows.filter(({ caught }) => !caught);
process.stdout.write(`\n${rows.length} lies, ${rows.length - missed.length} caught\n`);
process.exitCode = missed.length === 0 && rows.length > 0 ? 0 : 1;

function rowOf({ lie, caught, how, lists, challenger, liar }: Told): string[] {
  return [
    lie,
    caught ? 'yes' : 'NO',
    how,
    String(lists),
    String(challenger.transactions + liar.transactions),
    String(challenger.gas),
    String(liar.gas),
    formatEther(challenger.wonWei),
    formatEther(liar.lostWei),
  ];
}

function print(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
