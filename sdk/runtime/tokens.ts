// docs/sdk.md#tokens: the words or characters of a text in any script, as hashes.
import { mix32 } from './hash.ts';

const { imul } = Math;
/** Of odd numbers one with bits everywhere: what a character changes must not be what the next one can change back. */
const SPREAD = 0x85ebca6b;

export type TokenKind = 'words' | 'characters';

/** A letter or digit of a script that is written without spaces between words, or an emoji (signs like © are none). */
const ALONE =
  /(?=[\p{L}\p{N}\p{Emoji_Presentation}])[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{sc=Bopo}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\p{sc=Lana}\p{sc=Tale}\p{sc=Talu}\p{sc=Tibt}\p{sc=Yiii}\p{Emoji_Presentation}]\p{M}*/gu;
const WORD = /[\p{L}\p{N}\p{M}\p{Emoji_Presentation}]+/gu;
const CHARACTER = /[\p{L}\p{N}\p{Emoji_Presentation}]\p{M}*/gu;
/** Not seen: soft hyphens, joiners, zero-width spaces, marks of direction; variation selectors. */
const INVISIBLE = /\p{Cf}|\p{Variation_Selector}/gu;

/** Words side by side, with what is not seen within them. */
const RUN =
  /(?!\p{Variation_Selector})[\p{L}\p{N}\p{M}\p{Emoji_Presentation}][\p{L}\p{N}\p{M}\p{Emoji_Presentation}\p{Cf}\p{Variation_Selector}]*/gu;
const ASCII_WORD = /[A-Za-z0-9]+/g;
export const NOT_ASCII = /[^\0-\x7f]/;

/** Where each word of a text begins, in UTF-16 units. */
export function wordPlaces(text: string): number[] {
  const places: number[] = [];
  if (!NOT_ASCII.test(text)) {
    eachMatch(ASCII_WORD, text, (at) => places.push(at));
    return places;
  }
  const alone: [at: number, end: number][] = [];
  eachMatch(ALONE, text, (at, end) => alone.push([at, end]));
  let next = 0;
  eachMatch(RUN, text, (start, end) => {
    if (next >= alone.length || alone[next]![0] >= end) {
      places.push(start);
      return;
    }
    let from = start;
    for (; next < alone.length && alone[next]![0] < end; next++) {
      const [at, behind] = alone[next]!;
      if (isSeen(text.slice(from, at))) places.push(from);
      places.push(at);
      from = behind;
    }
    if (isSeen(text.slice(from, end))) places.push(from);
  });
  return places;
}

function isSeen(text: string): boolean {
  return text !== '' && text.replace(INVISIBLE, '') !== '';
}

// Not by `matchAll`, which compiles the expression anew: with Unicode's tables that takes QuickJS as long as to search a long text.
function eachMatch(expression: RegExp, text: string, visit: (at: number, end: number) => void): void {
  expression.lastIndex = 0;
  for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
    visit(match.index, expression.lastIndex);
  }
}

/**
 * Hashes of the text's tokens in their order, without regard to case, normalisation form and punctuation. A text of ASCII needs none
 * of Unicode's tables: in the DataVM its tokens are hashed by compiled code (vm/quickjs/assembly/near-key.ts).
 */
export function hashTokens(text: string, kind: TokenKind): Int32Array {
  return Int32Array.from(hashUnicode(text, kind));
}

function hashUnicode(text: string, kind: TokenKind): number[] {
  const folded = fold(text);
  const tokens = kind === 'characters' ? folded.match(CHARACTER) : folded.replace(ALONE, ' $& ').match(WORD);
  if (tokens === null) return [];
  return tokens.map((token) => {
    const length = token.length;
    let hash = 0;
    for (let i = 0; i < length; i++) hash = imul(hash ^ token.charCodeAt(i), SPREAD);
    return mix32(hash);
  });
}

// By way of capitals, so that ß is ss and both small sigmas are one.
function fold(text: string): string {
  const lower = text.replace(INVISIBLE, '').normalize('NFC').toUpperCase().toLowerCase();
  return lower.replaceAll('ς', 'σ').normalize('NFC');
}
