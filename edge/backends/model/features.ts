// docs/edge.md#builtin: text to features. Only ASCII rules: Unicode tables differ between engines, and class A means token-identical.

export const MAX_TEXT_CHARS = 20_000;

/** Of a text without capital letters. */
export const WORD = /[a-z0-9\u0080-\uffff]+/g;

/** Lower-case ASCII words; characters from U+0080 on count as letters. */
export function words(text: string): string[] {
  return asciiLower(text.slice(0, MAX_TEXT_CHARS)).match(WORD) ?? [];
}

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const SPACE = 32;
// A local name: in a program, to look it up in the global object costs as much as the call.
const { imul } = Math;

/** 32-bit FNV-1a hashes of the text's distinct word 1-grams and 2-grams, the first ones marked as such, and word endings. */
export function features(text: string): Set<number> {
  const list = words(text);
  const found = new Set<number>();
  // Of the word before and a space: the 2-gram goes on from there.
  let before = hashOnto(BASIS, '^ ');
  for (const word of list) {
    let one = BASIS;
    let two = before;
    for (let i = 0; i < word.length; i++) {
      const unit = word.charCodeAt(i);
      one = imul(one ^ unit, PRIME);
      two = imul(two ^ unit, PRIME);
    }
    found.add(one >>> 0);
    found.add(two >>> 0);
    if (word.length > 5) found.add(hashFeature(`-${word.slice(-4)}`));
    before = imul(one ^ SPACE, PRIME);
  }
  if (list.length > 2) found.add(hashFeature(`^ ${list[0]} ${list[1]} ${list[2]}`));
  return found;
}

export function hashFeature(text: string): number {
  return hashOnto(BASIS, text) >>> 0;
}

function hashOnto(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = imul(hash ^ text.charCodeAt(i), PRIME);
  return hash;
}

export function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32));
}
