// docs/disputes.md#lies: `npm run lies [-- text]` plays the corpus of lies on anvil and prints what became of each; `--record` keeps the table. `npm run lies -- court` plays the attacks of docs/court.md#attacks.
import { runCourt } from './court/run.ts';
import { type Pass, playPass } from './pass.ts';
import { beginRecord, lineOf, print, RECORD, tableOf } from './record.ts';
import { cellsOf, HEADINGS, type Row } from './row.ts';

const COURT = 'court';
const args = process.argv.slice(2);
const [first, second] = args.filter((arg) => arg !== RECORD);
const isRecorded = args.includes(RECORD);
process.exitCode = first === COURT ? await runCourt(second, isRecorded) : await runLies(first ?? '');

async function runLies(wanted: string): Promise<number> {
  const record = beginRecord(new URL('./README.md', import.meta.url));
  const startMs = performance.now();
  print(tableOf(HEADINGS, []));
  const pass = await playPass(wanted, (row) => print([lineOf(cellsOf(row))]));
  const summary = summaryOf(pass, (performance.now() - startMs) / 60_000);
  print(['', ...summary]);
  if (isRecorded)
    record({
      title: 'The lies, and what became of each',
      about:
        'What the columns say: [disputes](../../docs/disputes.md#lies). Written by `npm run lies -- --record`, in one pass.',
      summary,
      tables: tableOf(HEADINGS, pass.rows.map(cellsOf)),
    });
  const isClean = pass.rows.length > 0 && pass.rows.every(({ caught }) => caught) && pass.slashedHonest.length === 0;
  return isClean && poorer(pass).length === 0 ? 0 : 1;
}

/** Rows after which the honest side had less tokens than before. */
function poorer({ rows }: Pass): Row[] {
  return rows.filter(({ honest }) => honest.wonWei < 0n);
}

function summaryOf(pass: Pass, minutes: number): string[] {
  const { rows, slashedHonest } = pass;
  const games = rows.filter(({ lists }) => lists === 8).map(({ honest, liar }) => honest.gas + liar.gas);
  return [
    `lies: ${rows.length}, caught: ${rows.filter(({ caught }) => caught).length}`,
    `honest parties slashed: ${slashedHonest.length}; rows after which an honest party had less tokens: ${poorer(pass).length}`,
    `most gas of both sides of a row with one game of eight lists, with assertion and payouts: ${Math.max(0, ...games.map(Number))}`,
    `minutes: ${minutes.toFixed(1)}`,
  ];
}
