// docs/edge.md#builtin: text to features. Only ASCII rules: Unicode tables differ between engines, and class A means token-identical.

export const MAX_TEXT_CHARS = 20_000;

/** Lower-case ASCII words; characters from U+0080 on count as letters. */
export function words(text: string): string[] {
  return asciiLower(text.slice(0, MAX_TEXT_CHARS)).match(/[a-z0-9\u0080-\uffff]+/g) ?? [];
}

/** 32-bit FNV-1a hashes of the text's distinct word 1-grams and 2-grams, the first ones marked as such, and word endings. */
export function features(text: string): Set<number> {
  const list = words(text);
  const found = new Set<number>();
  let previous = '^';
  for (const word of list) {
    found.add(hashFeature(word));
    found.add(hashFeature(`${previous} ${word}`));
    if (word.length > 5) found.add(hashFeature(`-${word.slice(-4)}`));
    previous = word;
  }
  if (list.length > 2) found.add(hashFeature(`^ ${list[0]} ${list[1]} ${list[2]}`));
  return found;
}

export function hashFeature(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32));
}
