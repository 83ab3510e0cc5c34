// docs/sdk.md#language: stands for whatwg-url's own in its parser: an ASCII character that stays as it is needs no bytes, which take 10,000 gas.
import * as original from 'whatwg-url/lib/percent-encoding.js';

type Set = (codePoint: number) => boolean;

export const { isC0ControlPercentEncode, isFragmentPercentEncode, isQueryPercentEncode } = original;
export const { isSpecialQueryPercentEncode, isPathPercentEncode, isUserinfoPercentEncode, percentDecodeString } =
  original;

export function utf8PercentEncodeCodePoint(codePoint: number, set: Set): string {
  if (codePoint < 0x80 && !set(codePoint)) return String.fromCharCode(codePoint);
  return original.utf8PercentEncodeCodePoint(codePoint, set);
}

export function utf8PercentEncodeString(text: string, set: Set): string {
  let output = '';
  for (const character of text) output += utf8PercentEncodeCodePoint(character.codePointAt(0)!, set);
  return output;
}
