// CONTRIBUTING.md: `npm run cases`: a line a case: whether it is as it should be, what it is, what came of it. With -- KIND… those kinds alone;
// with --full each line whole, with its input. The exit code is 1 if one is not as it should be.
import { type Case, isAsWanted } from './case.ts';
import { KINDS } from './kinds.ts';

const WIDTH = 150;

function lineOf(kind: string, one: Case, full: boolean): string {
  const head = `${isAsWanted(one) ? 'ok  ' : 'FAIL'} ${kind}${one.engine === undefined ? '' : ` ${one.engine}`}: ${one.name}`;
  const whole = full ? `${head}\n       ${one.input}\n    -> ${one.came}` : `${head} -> ${one.came}`;
  const line = full || whole.length <= WIDTH ? whole : `${whole.slice(0, WIDTH)}…`;
  return isAsWanted(one) ? line : `${line}\n     expected ${one.wanted}`;
}

// A byte order mark or an override of direction must not change what is shown of it.
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (one) =>
    one === '\n' ? one : `\\u{${(one.codePointAt(0) as number).toString(16)}}`,
  );
}

async function main(words: readonly string[]): Promise<number> {
  const full = words.includes('--full');
  const chosen = words.filter((word) => word !== '--full');
  const unknown = chosen.find((word) => !KINDS.some(({ kind }) => kind === word));
  if (unknown !== undefined) {
    process.stderr.write(`There are no cases of the kind ${unknown}: ${KINDS.map(({ kind }) => kind).join(', ')}\n`);
    return 1;
  }
  const sums: string[] = [];
  let failed = 0;
  for (const { kind, page, run } of KINDS) {
    if (chosen.length > 0 && !chosen.includes(kind)) continue;
    const cases = await run();
    const bad = cases.filter((one) => !isAsWanted(one)).length;
    failed += bad;
    process.stdout.write(cases.map((one) => `${printable(lineOf(kind, one, full))}\n`).join(''));
    sums.push(`${kind}: ${cases.length - bad} of ${cases.length} as they should be (${page})`);
  }
  process.stdout.write(`\n${sums.join('\n')}\n`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
