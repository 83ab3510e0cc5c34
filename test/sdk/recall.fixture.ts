// docs/sdk.md#near: near duplicates in many scripts, and what a near dedupe makes of them against the exact similarities of all pairs.
import { mix32 } from '../../sdk/runtime/hash.ts';
import { LANGUAGES } from './languages.fixture.ts';

/** Two texts in each script, each followed by three other forms of it and seven texts with 1 to 6 edits; of one script or of all. */
export function languageTexts(language?: string): string[] {
  const chosen = language === undefined ? Object.values(LANGUAGES) : [LANGUAGES[language]!];
  return chosen.flatMap((pair) => pair.flatMap((text, seed) => [text, ...editTokens(text, seed)]));
}

export type Recall = {
  /** Of rows that belong together by the exact similarities of all pairs. */
  readonly pairs: number;
  /** Of them in one component of the dedupe. */
  readonly joined: number;
  /** Pairs that the dedupe has joined beside them. */
  readonly more: number;
  /** Of them also apart by exact similarities 0.1 below the threshold. */
  readonly wrong: number;
};

/** `kept`: of each row the first of its component. */
export function compareKept(texts: readonly string[], kept: readonly number[], near: number): Recall {
  const sets = texts.map((text) => gramsOf(tokensOf(text)));
  const [alike, nearly] = [componentsAt(sets, near), componentsAt(sets, near - 0.1)];
  let [pairs, joined, more, wrong] = [0, 0, 0, 0];
  for (let b = 0; b < texts.length; b++) {
    for (let a = 0; a < b; a++) {
      if (alike[a] === alike[b]) {
        pairs++;
        if (kept[a] === kept[b]) joined++;
      } else if (kept[a] === kept[b]) {
        more++;
        if (nearly[a] !== nearly[b]) wrong++;
      }
    }
  }
  return { pairs, joined, more, wrong };
}

/** Of each row the first of its component, by exact similarities. */
function componentsAt(sets: readonly ReadonlySet<string>[], least: number): number[] {
  const component = sets.map((_, row) => row);
  for (let b = 0; b < sets.length; b++) {
    for (let a = 0; a < b; a++) {
      const [x, y] = [component[a]!, component[b]!];
      if (x === y || similarityOf(sets[a]!, sets[b]!) < least) continue;
      for (let i = 0; i <= b; i++) if (component[i] === Math.max(x, y)) component[i] = Math.min(x, y);
    }
  }
  return component;
}

/** Words, or in scripts without spaces characters with their marks, found in another way than the program does. */
function tokensOf(text: string): string[] {
  const folded = text.normalize('NFC').toLowerCase();
  const characters = [...folded.matchAll(/[\p{L}\p{N}]\p{M}*/gu)].map(([cluster]) => cluster);
  if (/[\p{Script=Thai}\p{Script=Khmer}\p{Script=Han}]/u.test(folded)) return characters;
  return folded.split(/[^\p{L}\p{N}\p{M}]+/u).filter((word) => word !== '');
}

/** Other forms of the text, and up to six edits of its tokens. */
function editTokens(text: string, seed: number): string[] {
  const forms = [text.normalize('NFD'), text.toUpperCase(), text.replaceAll(/\p{P}+/gu, ' - ')];
  const tokens = tokensOf(text);
  const glue = /\p{Script=Thai}|\p{Script=Khmer}|\p{Script=Han}/u.test(text) ? '' : ' ';
  const edited = [1, 1, 2, 2, 3, 4, 6].map((edits, i) => {
    const list = [...tokens];
    for (let edit = 0; edit < edits; edit++) {
      const at = mix32(64 * seed + 8 * i + edit) % list.length;
      if (edit % 2 === 0) list.splice(at, 1);
      else list[at] = tokens[(at * 7) % tokens.length]!;
    }
    return list.join(glue);
  });
  return [...forms, ...edited];
}

/** Words, three together. */
export function gramsOf(words: readonly string[]): Set<string> {
  if (words.length < 3) return new Set([words.join(' ')]);
  return new Set(words.slice(2).map((_, i) => words.slice(i, i + 3).join(' ')));
}

export function similarityOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const gram of a) if (b.has(gram)) common++;
  return common / (a.size + b.size - common);
}
