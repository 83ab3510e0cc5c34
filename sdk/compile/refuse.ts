// docs/sdk.md#pure: finds clocks, chance, network and timers in the user's files, with their lines.
import { MizuError } from '../../protocol/errors.ts';
import { withFix } from '../runtime/locate.ts';
import { ABSENT, REFUSED_CALLS } from '../runtime/refused.ts';
import type { Bundle } from './bundle.ts';

const MARK = '__mizu_refused_';
/** Stands for the global Date, so that calls without a time can be told from others. */
export const DATE_MARK = '__mizu_date';

const REFUSED: Readonly<Record<string, string>> = { ...REFUSED_CALLS, ...ABSENT };
const NAMES = Object.keys(REFUSED).filter((name) => name !== 'new Date()');

/** esbuild replaces a name only where it means the global, so a local variable of the same name is fine. */
export function refusedGlobals(): Record<string, string> {
  const entries = NAMES.flatMap((name, i) => [
    [name, MARK + i],
    [`globalThis.${name}`, MARK + i],
  ]);
  return Object.fromEntries([...entries, ['Date', DATE_MARK], ['globalThis.Date', DATE_MARK]]);
}

/**
 * What packages find in the place of a refused name while the file is evaluated: the guard's own refusals, so that what may not be
 * called may still be asked for. A name that is absent stays so.
 */
export function refusedStandIns(): string {
  return NAMES.map((name, i) =>
    name in REFUSED_CALLS
      ? `globalThis.${MARK}${i}=function(){throw new TypeError(${JSON.stringify(`${name} is not allowed: ${REFUSED[name]}`)})};`
      : '',
  ).join('');
}

/** A text with the names that the marks stand for, and for one that is not there what to do instead. */
export function unmarked(text: string): string {
  return withFix(text.replaceAll(new RegExp(`${MARK}(\\d+)`, 'g'), (_mark, i) => NAMES[Number(i)] ?? ''));
}

/** @throws MizuError `sdk/not-pure` naming every place. */
export function assertPure(bundle: Bundle): void {
  const found: string[] = [];
  const pattern = new RegExp(`${MARK}(\\d+)|(new )?${DATE_MARK}\\b(\\(\\)|\\()?`, 'g');
  let hint = '';
  bundle.code.split('\n').forEach((text, line) => {
    for (const match of text.matchAll(pattern)) {
      const name = nameOf(match);
      const place = name === null ? null : bundle.place(line, match.index);
      if (name === null || place === null) continue;
      found.push(`${place.file}:${place.line}:${place.column}: ${name}`);
      hint ||= `${name}: ${REFUSED[name]}`;
    }
  });
  if (found.length === 0) return;
  throw new MizuError({
    code: 'sdk/not-pure',
    message: 'A workflow is made of pure functions: the same rows in, the same rows out, on every machine.',
    expected: 'no clock, chance, network, timers, process or locale',
    actual: found.slice(0, 8).join('\n            '),
    hint,
  });
}

function nameOf(match: RegExpExecArray): string | null {
  if (match[1] !== undefined) return NAMES[Number(match[1])]!;
  const [, , isNew, call] = match;
  if (isNew !== undefined) return call === '()' || call === undefined ? 'new Date()' : null;
  return call === undefined ? null : 'new Date()';
}
