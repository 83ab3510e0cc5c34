// docs/edge.md#patterns: matches a pattern as ECMAScript means it, but with RE2, in time linear in the text, whatever
// the pattern.
import { RE2JS } from 're2js';
import { SchemaRefusal } from './refusal.ts';

export type Pattern = {
  /** Whether the pattern is found anywhere in the text. */
  test(text: string): boolean;
  /** The states that the pattern can be in at once: matching one character costs at most in proportion to them. */
  readonly states: number;
};

const MAX_CHARS = 4_096;
const MAX_STATES = 4_096;
const MAX_GROUPS = 64;
const MAX_REPEAT = 1_000;
// The characters of ECMAScript's \s; RE2's has fewer.
const SPACE =
  '\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const NOT_SPACE =
  '\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}' +
  '\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}';
const ANY = '[\\x{0}-\\x{10ffff}]';
const NONE = '[^\\x{0}-\\x{10ffff}]';
const NO_LINE_END = '[^\\n\\r\\x{2028}\\x{2029}]';
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };
const CATEGORIES = /^(?:C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;

/** @throws SchemaRefusal if it is no pattern of ECMAScript's `u` mode, or one that cannot be matched in linear time */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_CHARS) throw refuse(source, `at most ${MAX_CHARS} characters`, `${source.length}`);
  try {
    // The pattern is only parsed, never run: what passes is known to be well formed.
    new RegExp(source, 'u');
  } catch (error) {
    throw refuse(source, 'a regular expression of ECMAScript', (error as Error).message);
  }
  const { main, guards } = translate(source);
  const wanted = compile(source, main);
  const conditions = guards.map(({ text, found }) => ({ program: compile(source, text), found }));
  const states = conditions.reduce((sum, { program }) => sum + program.programSize(), wanted.programSize());
  if (states > MAX_STATES) throw refuse(source, `at most ${MAX_STATES} states`, `${states}`);
  return {
    states,
    test: (text) => conditions.every(({ program, found }) => program.test(text) === found) && wanted.test(text),
  };
}

type Translation = { readonly main: string; readonly guards: readonly { text: string; found: boolean }[] };

/** RE2's text for a well-formed pattern. Lookaheads right after a leading `^` become patterns of their own. */
function translate(source: string): Translation {
  const chars = [...source];
  let at = 0;
  let groups = 0;
  let size = 0;

  const next = (text: string) => {
    const isNext = [...text].every((char, i) => chars[at + i] === char);
    if (isNext) at += text.length;
    return isNext;
  };

  const until = (end: string): string => {
    const from = at;
    while (chars[at] !== end) at += 1;
    at += 1;
    return chars.slice(from, at - 1).join('');
  };

  // Reads up to the closing parenthesis or the end, and says whether there are alternatives at this level.
  const disjunction = (): { text: string; hasAlternatives: boolean } => {
    const parts: string[] = [];
    let hasAlternatives = false;
    while (at < chars.length && chars[at] !== ')') {
      if (next('|')) {
        hasAlternatives = true;
        parts.push('|');
      } else parts.push(term());
    }
    return { text: parts.join(''), hasAlternatives };
  };

  const term = (): string => {
    const before = size;
    const atom = readAtom();
    const { text, times } = readQuantifier();
    size = before + (size - before + 1) * times;
    if (size > MAX_STATES) throw refuse(source, `at most ${MAX_STATES} states`, 'more');
    return text === '' ? atom : `(?:${atom})${text}`;
  };

  // A repetition has the states of its body as often as its greatest number says: RE2 writes it out.
  const readQuantifier = (): { text: string; times: number } => {
    let text = '';
    let times = 1;
    if (next('*')) text = '*';
    else if (next('+')) text = '+';
    else if (next('?')) text = '?';
    else if (next('{')) {
      const range = until('}');
      times = Math.max(1, ...range.split(',').map(Number));
      if (times > MAX_REPEAT) throw refuse(source, `at most ${MAX_REPEAT} repetitions`, `{${range}}`);
      text = `{${range}}`;
    }
    if (text !== '') next('?');
    return { text, times };
  };

  const readAtom = (): string => {
    const char = chars[at++] as string;
    if (char === '^' || char === '$') return char;
    if (char === '.') return NO_LINE_END;
    if (char === '(') return group();
    if (char === '[') return characterClass();
    if (char !== '\\') return literal(char);
    if (next('b')) return '\\b';
    if (next('B')) return '\\B';
    const escaped = readEscape(false);
    return typeof escaped === 'number' ? codePoint(escaped) : `[${escaped}]`;
  };

  const group = (): string => {
    groups += 1;
    if (groups > MAX_GROUPS) throw refuse(source, `at most ${MAX_GROUPS} groups`, 'more');
    if (next('?')) {
      if (next('<') && chars[at] !== '=' && chars[at] !== '!') until('>');
      else if (!next(':'))
        throw refuse(source, 'no lookaround but lookaheads right after a leading ^', rest(source, at));
    }
    return `(?:${closed()})`;
  };

  const closed = (): string => {
    const { text } = disjunction();
    at += 1;
    return text;
  };

  const characterClass = (): string => {
    const negated = next('^');
    if (next(']')) return negated ? ANY : NONE;
    const members: string[] = [];
    while (!next(']')) {
      const from = readMember();
      const isRange = chars[at] === '-' && chars[at + 1] !== ']';
      if (!isRange || typeof from !== 'number') {
        members.push(typeof from === 'number' ? codePoint(from) : from);
        continue;
      }
      at += 1;
      members.push(`${codePoint(from)}-${codePoint(readMember() as number)}`);
    }
    return `[${negated ? '^' : ''}${members.join('')}]`;
  };

  const readMember = (): number | string => {
    const char = chars[at++] as string;
    if (char !== '\\') return char.codePointAt(0) as number;
    return next('b') ? 8 : readEscape(true);
  };

  // A code point, or the members of a class as text.
  const readEscape = (inClass: boolean): number | string => {
    const char = chars[at++] as string;
    if (char === 'd' || char === 'D' || char === 'w' || char === 'W') return `\\${char}`;
    if (char === 's') return SPACE;
    if (char === 'S') return NOT_SPACE;
    if (char === 'p' || char === 'P') return readProperty(char);
    if (char === 'x') return readHex(2);
    if (char === 'u') return readUnicode();
    if (char === 'c') return (chars[at++] as string).charCodeAt(0) % 32;
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    if (!inClass && (char === 'k' || /[1-9]/.test(char))) throw refuse(source, 'no backreference', `\\${char}`);
    return char.codePointAt(0) as number;
  };

  const readHex = (digits: number): number => {
    at += digits;
    return Number.parseInt(chars.slice(at - digits, at).join(''), 16);
  };

  const readUnicode = (): number => {
    if (next('{')) return Number.parseInt(until('}'), 16);
    const first = readHex(4);
    const isPair = first >= 0xd800 && first < 0xdc00 && chars[at] === '\\' && chars[at + 1] === 'u';
    if (!isPair) return first;
    const before = at;
    at += 2;
    const second = chars[at] === '{' ? 0 : readHex(4);
    if (second >= 0xdc00 && second < 0xe000) return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    at = before;
    return first;
  };

  const readProperty = (kind: string): string => {
    at += 1;
    const written = until('}');
    const [name, value] = written.split('=') as [string, string?];
    const isScript = value !== undefined && /^(?:Script|sc)$/.test(name);
    const isCategory =
      CATEGORIES.test(value ?? name) && (value === undefined || /^(?:General_Category|gc)$/.test(name));
    if (written === 'Any') return kind === 'p' ? '\\x{0}-\\x{10ffff}' : '\\P{Any}';
    if (!isScript && !isCategory) {
      throw refuse(source, 'Any, a short general category (L, Lu, Nd) or Script=Name as a property', written);
    }
    return `\\${kind}{${value ?? name}}`;
  };

  const guards: { text: string; found: boolean }[] = [];
  const isAnchored = next('^');
  while (isAnchored) {
    const found = next('(?=');
    if (!found && !next('(?!')) break;
    guards.push({ text: `^(?:${closed()})`, found });
  }
  const { text, hasAlternatives } = disjunction();
  if (guards.length > 0 && hasAlternatives) {
    throw refuse(source, 'no alternatives beside a lookahead', 'some');
  }
  return { main: isAnchored ? `^${text}` : text, guards };
}

function compile(source: string, text: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    throw refuse(source, 'a pattern that RE2 takes', (error as Error).message);
  }
}

const codePoint = (value: number) => `\\x{${value.toString(16)}}`;
const literal = (char: string) => (/^[A-Za-z0-9]$/.test(char) ? char : codePoint(char.codePointAt(0) as number));
const rest = (source: string, at: number) => [...source].slice(at - 1, at + 20).join('');

function refuse(source: string, expected: string, actual: string): SchemaRefusal {
  const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source;
  return new SchemaRefusal(`the pattern ${JSON.stringify(shown)} cannot be checked in linear time`, expected, actual);
}
