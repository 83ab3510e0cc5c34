// Compares a finished dataset with the lexicographer classes: how many rows got the domain that WordNet's authors gave them.
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isStarted } from '../started.ts';

export type Accuracy = {
  readonly rows: number;
  readonly right: number;
  /** right / rows */
  readonly accuracy: number;
  /** Accuracy of always saying the most frequent class. */
  readonly baseline: number;
};

type Labelled = { readonly id: string; readonly domain: string };

/** `rows` are those of the dataset's parts; `truth` must name each of their ids. */
export async function measureAccuracy(
  rows: Iterable<Labelled> | AsyncIterable<Labelled>,
  truthFile: string,
): Promise<Accuracy> {
  const truth = new Map<string, string>();
  for await (const { id, domain } of readRows(truthFile)) truth.set(id, domain);
  const counts = new Map<string, number>();
  let [total, right] = [0, 0];
  for await (const { id, domain } of rows) {
    const expected = truth.get(id);
    if (expected === undefined) throw new Error(`${truthFile} has no class for ${id}`);
    total++;
    if (expected === domain) right++;
    counts.set(expected, (counts.get(expected) ?? 0) + 1);
  }
  const share = (part: number): number => (total === 0 ? 0 : part / total);
  return { rows: total, right, accuracy: share(right), baseline: share(Math.max(0, ...counts.values())) };
}

/** The rows of every part in a dataset folder, rejects left out. */
export async function* readDataset(folder: string): AsyncGenerator<Labelled> {
  const names = (await readdir(join(folder, 'data'))).filter((name) => name.endsWith('.jsonl')).sort();
  for (const name of names) yield* readRows(join(folder, 'data', name));
}

async function* readRows(file: string): AsyncGenerator<Labelled> {
  for await (const line of createInterface({ input: createReadStream(file, 'utf8') }))
    yield JSON.parse(line) as Labelled;
}

if (isStarted(import.meta.url)) {
  const [, , folder = 'out/gloss-domains/dataset', truth = 'out/gloss-domains/truth.jsonl'] = process.argv;
  const { rows, right, accuracy, baseline } = await measureAccuracy(readDataset(folder), truth);
  console.log(
    `${right} of ${rows} rows right: ${(100 * accuracy).toFixed(1)} % (most frequent class: ${(100 * baseline).toFixed(1)} %)`,
  );
}
