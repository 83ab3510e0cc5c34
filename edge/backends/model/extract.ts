// docs/edge.md#builtin: sentences, salient words and cloze questions, by rules alone.
import { asciiLower, WORD, words } from './features.ts';

const MIN_CLOZE_WORDS = 5;
const BREAK = /(?<=[.!?;])\s+|\n+/g;

const STOP_WORDS = new Set(
  (
    'about above after again against also another because been before being below between both cannot could does doing down during each ' +
    'either every from further have having here hers herself himself into itself just made make many more most much must myself neither ' +
    'none nothing often only other ours ourselves over same several shall should some something such than that their theirs them themselves ' +
    'then there these they this those through together under until upon used using very were what when where whether which while whom whose ' +
    'will with within without would your yours yourself'
  ).split(' '),
);

export type Cloze = { readonly question: string; readonly answer: string };

/** Split after `.`, `!`, `?` or `;` with white space behind, and at line ends. White space is collapsed. */
export function sentences(text: string): string[] {
  const found = splitAtBreaks(text)
    .map((sentence) => sentence.replace(/\s+/g, ' ').trim())
    .filter((sentence) => sentence !== '');
  return found.length > 0 ? found : [text.trim()];
}

// `split` begins the expression anew at each character, which is dear in QuickJS.
function splitAtBreaks(text: string): string[] {
  const parts: string[] = [];
  let at = 0;
  for (const found of text.matchAll(BREAK)) {
    parts.push(text.slice(at, found.index));
    at = found.index + found[0].length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** Distinct words of four letters or more that are no stop words: most frequent first, then longest, then first. */
export function salientWords(text: string): string[] {
  const counts = new Map<string, number>();
  for (const word of words(text)) {
    if (word.length >= 4 && !STOP_WORDS.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || b.length - a.length).map(([word]) => word);
}

/** Sentence `turn` (modulo their number) of those with five words or more, its most salient word left out. */
export function makeCloze(text: string, turn: number): Cloze {
  const all = sentences(text);
  const long = all.filter((sentence) => words(sentence).length >= MIN_CLOZE_WORDS);
  const candidates = long.length > 0 ? long : all;
  const sentence = candidates[turn % candidates.length] as string;
  const answer = salientWords(sentence)[0] ?? words(sentence)[0] ?? '';
  const at = findWord(sentence, answer);
  if (at < 0) return { question: `Complete: ${sentence}`, answer: sentence };
  const blanked = `${sentence.slice(0, at)}____${sentence.slice(at + answer.length)}`;
  return {
    question: `Which word is missing: ${blanked}`,
    answer: sentence.slice(at, at + answer.length),
  };
}

/** Where the word stands alone; below 0 if it does not. */
function findWord(sentence: string, word: string): number {
  for (const found of asciiLower(sentence).matchAll(WORD)) if (found[0] === word) return found.index;
  return -1;
}
