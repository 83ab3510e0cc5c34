// docs/court.md#attacks: `npm run lies -- court [group]` plays the attacks on anvil and prints what became of each.
import { ATTACK_HEADINGS, attackCells } from './attack.ts';
import { luckOf } from './luck.ts';
import { isAsRuled, type Outvoted } from './outvote.ts';
import { playAttacks } from './pass.ts';

/** Prints the tables. The result is the exit code: 1 if any attack has come to something else than it must. */
export async function runCourt(wanted: string | undefined): Promise<number> {
  printTable(ATTACK_HEADINGS, []);
  const startMs = performance.now();
  const { rows, outvoted } = await playAttacks(wanted, (row) => print(attackCells(row)));
  const passed = rows.filter(({ faults }) => faults.length === 0).length;
  if (outvoted.length > 0) printOutvoted(outvoted);
  const minutes = (performance.now() - startMs) / 60_000;
  process.stdout.write(`\nattacks: ${rows.length}, as expected: ${passed}\nminutes: ${minutes.toFixed(1)}\n`);
  return passed === rows.length && outvoted.every(isAsRuled) ? 0 : 1;
}

function printOutvoted(outvoted: readonly Outvoted[]): void {
  process.stdout.write('\nWho can outvote whom, if all others vote for what is so:\n\n');
  const said = (is: boolean) => (is ? 'yes' : 'no');
  printTable(
    [
      'liars',
      'a lie stands',
      'no decision about a lie',
      'an honest gateway is slashed',
      'honest voters are slashed',
      'as expected',
    ],
    outvoted.map((row) => [
      `${row.percent} %`,
      ...[row.saves, row.stalls, row.convicts, row.punishes].map(said),
      said(isAsRuled(row)),
    ]),
  );
  process.stdout.write('\nIn a first round of many small voters the draw decides, before an appeal:\n\n');
  printTable(
    ['liars', 'a lie stands', 'an honest gateway is slashed'],
    luckOf(outvoted).map(({ percent, saves, convicts }) => [`${percent} %`, inPercent(saves), inPercent(convicts)]),
  );
}

const inPercent = (chance: number): string => `${(100 * chance).toPrecision(2)} %`;

function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  print(headings);
  print(headings.map(() => '---'));
  for (const row of rows) print(row);
}

function print(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
