// docs/court.md#economics: `npm run economics` prints what each party can expect, and ends with 1 if a lie would pay.
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { isAsItMust } from './row.ts';
import { economicRows } from './sections.ts';

const DIGITS = 3;

const rows = economicRows(DEVNET_CONFIG);
console.log('Expected value for each item or case, MIZU, by the default parameters\n');
for (const row of rows) {
  const mark = isAsItMust(row) ? ' ' : '!';
  console.log(`${mark} ${signed(row.expectedWei).padStart(9)}  ${row.who.padEnd(10)} ${row.does} (${row.where})`);
}
const wrong = rows.filter((row) => !isAsItMust(row));
console.log(
  `\n${wrong.length === 0 ? 'Nothing that harms others pays.' : `${wrong.length} are not as they must be (!).`}`,
);
process.exitCode = wrong.length === 0 ? 0 : 1;

function signed(wei: bigint): string {
  return `${wei < 0n ? '-' : '+'}${(Number(wei < 0n ? -wei : wei) / 1e18).toFixed(DIGITS)}`;
}
