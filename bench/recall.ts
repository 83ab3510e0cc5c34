// docs/sdk.md#tokens: the pairs that a near dedupe finds in many scripts, compared with the exact similarities of all
// pairs.
import { bundleWorkflow } from '../sdk/compile/compile.ts';
import { runLocal } from '../sdk/local/run-local.ts';
import { LANGUAGES } from '../test/sdk/languages.fixture.ts';
import { compareKept, languageTexts } from '../test/sdk/recall.fixture.ts';
import { withWorkflow } from './workflow.ts';

type Found = {
  readonly texts: string;
  readonly near: number;
  readonly rows: number;
  /** Pairs of rows that belong together by their exact similarities; `joined` of them are together. */
  readonly pairs: number;
  readonly joined: number;
  readonly recall: number;
  /** Pairs that are together but do not belong together. */
  readonly more: number;
  readonly precision: number;
};

export const MIN_RECALL = 0.99;

export async function benchRecall(): Promise<Found[]> {
  const results: Found[] = [];
  for (const near of [0.7, 0.8, 0.9]) results.push(await measureRecall('all', near));
  for (const language of Object.keys(LANGUAGES)) results.push(await measureRecall(language, 0.8));
  return results;
}

/** How the results miss the goal; null if they meet it. */
export function missedRecall(results: readonly Found[]): string | null {
  const worst = results.reduce((least, one) => (one.recall < least.recall ? one : least));
  return worst.recall >= MIN_RECALL
    ? null
    : `${worst.texts} at ${worst.near}: ${worst.recall} of the pairs are joined.`;
}

/** `language` is one of the corpus, or `all`. */
export async function measureRecall(language: string, near: number): Promise<Found> {
  const texts = languageTexts(language === 'all' ? undefined : language);
  const operator = `.dedupe('near', (row: any) => row.text, { near: ${near}, onDuplicate: 'reject' })`;
  const bundled = await withWorkflow(operator, bundleWorkflow);
  const rows = texts.map((text) => ({ text }));
  const { rejects } = await runLocal(bundled, rows, { engine: 'node', partitions: 3 });
  const kept = texts.map((_, row) => row);
  for (const { index, reason } of rejects) kept[index] = Number(/^duplicate of row (\d+)$/.exec(reason)?.[1]);
  const { pairs, joined, more } = compareKept(texts, kept, near);
  const [recall, precision] = [joined / pairs, joined / (joined + more)];
  return { texts: language, near, rows: rows.length, pairs, joined, recall, more, precision };
}
