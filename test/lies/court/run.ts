// docs/court.md#attacks: `npm run lies -- court [group]` plays the attacks on anvil and prints what became of each.
import { beginRecord, lineOf, print, tableOf } from '../record.ts';
import { ATTACK_HEADINGS, attackCells } from './attack.ts';
import { isAsRuled, type Outvoting } from './outvote.ts';
import { playAttacks } from './pass.ts';

/**
 * Prints the tables, and keeps them if they are to be recorded. The result is the exit code: 1 if any attack has come to
 * something else than it must.
 */
export async function runCourt(group: string | undefined, isRecorded: boolean): Promise<number> {
  const record = beginRecord(new URL('./README.md', import.meta.url));
  const startMs = performance.now();
  print(tableOf(ATTACK_HEADINGS, []));
  const { rows, outvoting } = await playAttacks(group, (row) => print([lineOf(attackCells(row))]));
  const passed = rows.filter(({ faults }) => faults.length === 0).length;
  const minutes = (performance.now() - startMs) / 60_000;
  const summary = [`attacks: ${rows.length}, as expected: ${passed}`, `minutes: ${minutes.toFixed(1)}`];
  const tables = outvoting === undefined ? [] : ['', ...linesOf(outvoting)];
  print([...tables, '', ...summary]);
  if (isRecorded)
    record({
      title: 'The attacks, and what became of each',
      about:
        'What the columns say: [court](../../../docs/court.md#attacks). Written by `npm run lies -- court --record`, in one pass.',
      summary,
      tables: [...tableOf(ATTACK_HEADINGS, rows.map(attackCells)), ...tables],
    });
  return passed === rows.length && (outvoting?.played ?? []).every(isAsRuled) ? 0 : 1;
}

function linesOf(outvoting: Outvoting): string[] {
  const said = (is: boolean) => (is ? 'yes' : 'no');
  const [stands, slashed] = ['a lie stands', 'an honest gateway is slashed'];
  const played = outvoting.played.map((row) => [
    `${row.percent} %`,
    ...[row.saves, row.stalls, row.convicts, row.punishes, isAsRuled(row)].map(said),
  ]);
  const drawn = outvoting.drawn.map(({ percent, saves, convicts }) => [
    `${percent} %`,
    ...[saves, convicts].map(inPercent),
  ]);
  return [
    'Who can outvote whom, if all others vote for what is so, as played:',
    '',
    ...tableOf(
      ['liars', stands, 'no decision about a lie', slashed, 'honest voters are slashed', 'as expected'],
      played,
    ),
    '',
    'What the draw can do in a first round of many small voters, before an appeal: the chance, as computed from the seats:',
    '',
    ...tableOf(['liars', stands, slashed], drawn),
  ];
}

const inPercent = (chance: number): string => `${(100 * chance).toPrecision(2)} %`;
