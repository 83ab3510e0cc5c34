// docs/disputes.md#lies: `npm run lies [-- text]` plays the corpus of lies on anvil and prints what became of each; `--record` keeps the table. `npm run lies -- court` plays the attacks of docs/court.md#attacks.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runCourt } from './court/run.ts';
import { type Pass, playPass } from './pass.ts';
import { cellsOf, HEADINGS, type Row } from './row.ts';

const RECORD = '--record';
const COURT = 'court';
const args = process.argv.slice(2);
const [began, load] = [new Date(), loadavg()[0] ?? 0];
process.exitCode =
  args[0] === COURT ? await runCourt(args[1]) : await runLies(args.find((arg) => arg !== RECORD) ?? '');

async function runLies(wanted: string): Promise<number> {
  print(HEADINGS);
  print(HEADINGS.map(() => '---'));
  const pass = await playPass(wanted, (row) => print(cellsOf(row)));
  const summary = summaryOf(pass);
  process.stdout.write(`\n${summary.join('\n')}\n`);
  if (args.includes(RECORD)) record(pass.rows, summary);
  const isClean = pass.rows.length > 0 && pass.rows.every(({ caught }) => caught) && pass.slashedHonest.length === 0;
  return isClean && poorer(pass).length === 0 ? 0 : 1;
}

/** Rows after which the honest side had less tokens than before. */
function poorer({ rows }: Pass): Row[] {
  return rows.filter(({ honest }) => honest.wonWei < 0n);
}

function summaryOf(pass: Pass): string[] {
  const { rows, slashedHonest } = pass;
  const minutes = (Date.now() - began.getTime()) / 60_000;
  const games = rows.filter(({ lists }) => lists === 8).map(({ honest, liar }) => honest.gas + liar.gas);
  return [
    `lies: ${rows.length}, caught: ${rows.filter(({ caught }) => caught).length}`,
    `honest parties slashed: ${slashedHonest.length}; rows after which an honest party had less tokens: ${poorer(pass).length}`,
    `most gas of both sides of a row with one game of eight lists, with assertion and payouts: ${Math.max(0, ...games.map(Number))}`,
    `minutes: ${minutes.toFixed(1)}`,
  ];
}

function record(rows: readonly Row[], summary: readonly string[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, node ${process.version}`;
  const text = [
    '# The lies, and what became of each',
    '',
    'What the columns say: [disputes](../../docs/disputes.md#lies). Written by `npm run lies -- --record`, in one pass.',
    '',
    `${began.toISOString()}, ${machine}, load before ${load.toFixed(1)}.`,
    '',
    ...summary.map((each) => `- ${each}`),
    '',
    line(HEADINGS),
    line(HEADINGS.map(() => '---')),
    ...rows.map((row) => line(cellsOf(row))),
    '',
  ];
  writeFileSync(fileURLToPath(new URL('./README.md', import.meta.url)), text.join('\n'));
}

function print(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
