// docs/sdk.md#json: RFC 8259 to the letter, in one pass without recursion. JSON.parse accepts the same texts, but says in other words from
// release to release where it stops, and nothing of names that stand twice, digits that it drops and depth.
import { MAX_ROW_DEPTH } from '../runtime/canonical.ts';
import { numberLoss } from './json-number.ts';

/** What keeps a text from being a row. */
export class Flaw extends Error {}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORDS = ['true', 'false', 'null'];
const SHOWN_LITERAL = 40;

type State = 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'after';

/**
 * Counts the names of all objects. With `seen` (empty) it also compares those of each object.
 * @throws Flaw if it is not JSON, nested too deeply, has a number that a double does not hold or, with `seen`, a name twice
 */
export function checkJson(text: string, seen?: Set<string>[]): number {
  const closers: number[] = [];
  let state: State = 'value';
  let names = 0;
  let at = 0;
  const open = (closer: number): void => {
    if (closers.length === MAX_ROW_DEPTH)
      throw new Flaw(`nested too deeply: expected at most ${MAX_ROW_DEPTH} levels of objects and arrays`);
    closers.push(closer);
    seen?.push(new Set());
  };
  const close = (): void => {
    closers.pop();
    seen?.pop();
    state = 'after';
  };
  for (;;) {
    at = skipSpace(text, at);
    const code = text.charCodeAt(at);
    if (state === 'after') {
      if (closers.length === 0) {
        if (at < text.length) throw syntax(text, at, 'the end');
        return names;
      }
      const closer = closers.at(-1);
      if (code === COMMA) state = closer === CLOSE_OBJECT ? 'name' : 'value';
      else if (code === closer) close();
      else throw syntax(text, at, closer === CLOSE_OBJECT ? '"," or "}"' : '"," or "]"');
      at++;
    } else if (state === 'colon') {
      if (code !== COLON) throw syntax(text, at, '":"');
      state = 'value';
      at++;
    } else if (state === 'name' || state === 'first name') {
      if (state === 'first name' && code === CLOSE_OBJECT) {
        close();
        at++;
        continue;
      }
      if (code !== QUOTE) throw syntax(text, at, state === 'name' ? 'a name in quotes' : 'a name in quotes or "}"');
      const end = endOfString(text, at);
      names++;
      if (seen !== undefined) remember(seen.at(-1)!, text.slice(at, end));
      state = 'colon';
      at = end;
    } else if (state === 'first value' && code === CLOSE_ARRAY) {
      close();
      at++;
    } else if (code === OPEN_OBJECT) {
      open(CLOSE_OBJECT);
      state = 'first name';
      at++;
    } else if (code === OPEN_ARRAY) {
      open(CLOSE_ARRAY);
      state = 'first value';
      at++;
    } else {
      at = endOfScalar(text, at, code);
      state = 'after';
    }
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 32 || code === 10 || code === 13 || code === 9; ) {
    code = text.charCodeAt(++at);
  }
  return at;
}

function endOfScalar(text: string, at: number, code: number): number {
  if (code === QUOTE) return endOfString(text, at);
  const word = WORDS.find((one) => text.startsWith(one, at));
  if (word !== undefined) return at + word.length;
  NUMBER.lastIndex = at;
  if (!NUMBER.test(text)) throw syntax(text, at, 'a value');
  const end = NUMBER.lastIndex;
  const literal = text.slice(at, end);
  const loss = numberLoss(literal);
  if (loss === undefined) return end;
  const shown = literal.length > SHOWN_LITERAL ? `${literal.slice(0, SHOWN_LITERAL)}…` : literal;
  throw new Flaw(`the number ${shown} (character ${at + 1}) cannot be kept, ${loss}: write it as a string`);
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) throw syntax(text, at, 'an escape such as \\n or \\u00e9');
      at = ESCAPE.lastIndex - 1;
    } else if (!(code >= 0x20)) {
      throw syntax(text, at, Number.isNaN(code) ? 'the quote that ends the string' : 'an escape: \\t, \\n, \\u0000');
    }
  }
}

function remember(names: Set<string>, literal: string): void {
  const name = JSON.parse(literal) as string;
  if (names.has(name)) throw new Flaw(`the name ${literal.slice(0, SHOWN_LITERAL)} stands twice in one object`);
  names.add(name);
}

function syntax(text: string, at: number, expected: string): Flaw {
  const got = at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at)!)) : 'the end';
  return new Flaw(`not JSON: expected ${expected} at character ${at + 1}, got ${got}`);
}
