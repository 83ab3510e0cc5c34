// Decontamination: whether a text has eight words in a row in common with a text of the test set.
import heldOut from './held-out.json' with { type: 'json' };

const WORDS = 8;

/** Runs of eight words, without regard to case and punctuation; of a shorter text all of it. */
function ngramsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length <= WORDS) return words.length === 0 ? [] : [words.join(' ')];
  return words.slice(WORDS - 1).map((_, i) => words.slice(i, i + WORDS).join(' '));
}

// Once, when the workflow is compiled: the set is part of the program.
const known = new Set(heldOut.flatMap(({ question }) => ngramsOf(question)));

export function isInTestSet(text: string): boolean {
  return ngramsOf(text).some((ngram) => known.has(ngram));
}
