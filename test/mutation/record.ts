// What was found of the mutants, kept as it is found: a run that is interrupted goes on with --continue, a run in pieces ends whole.
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mutant } from './mutant.ts';

export type MutantVerdict =
  | { readonly kind: 'caught'; readonly by: string; readonly said: string }
  | { readonly kind: 'survived' }
  /** It does not compile, or no test could be run: it says nothing about the tests. */
  | { readonly kind: 'invalid'; readonly said: string }
  /** A check did not end: a machine that is slow enough would show the same. */
  | { readonly kind: 'undecided'; readonly said: string };

type Kept = { readonly key: string; readonly sources: string; readonly verdict: MutantVerdict };

export type MutationRecord = {
  of(mutant: Mutant): MutantVerdict | undefined;
  add(mutant: Mutant, verdict: MutantVerdict): void;
};

/**
 * `sourcesOf`: a hash of what the mutant's verdict holds for. Verdicts of other sources and of mutants that are none of these are
 * dropped, and all unless the run is continued.
 */
export function openRecord(
  path: string,
  mutants: readonly Mutant[],
  sourcesOf: (mutant: Mutant) => string,
  continued: boolean,
): MutationRecord {
  const sources = new Map(mutants.map((mutant) => [keyOf(mutant), sourcesOf(mutant)]));
  const kept = new Map<string, Kept>();
  for (const line of continued ? readLines(path) : []) {
    const entry = JSON.parse(line) as Kept;
    if (sources.get(entry.key) === entry.sources) kept.set(entry.key, entry);
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, [...kept.values()].map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  return {
    of: (mutant) => kept.get(keyOf(mutant))?.verdict,
    add(mutant, verdict) {
      const key = keyOf(mutant);
      const entry: Kept = { key, sources: sources.get(key)!, verdict };
      kept.set(key, entry);
      appendFileSync(path, `${JSON.stringify(entry)}\n`);
    },
  };
}

function keyOf({ file, text, replacement, checks }: Mutant): string {
  return JSON.stringify([file, text, replacement, checks]);
}

// The last line is cut if the run was killed while it wrote it.
function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A hash of all files of these folders and files. */
export function hashSources(root: string, names: readonly string[]): string {
  const hash = createHash('sha256');
  for (const name of names) addTo(hash, root, name);
  return hash.digest('hex');
}

function addTo(hash: ReturnType<typeof createHash>, root: string, name: string): void {
  const path = join(root, name);
  const entries = entriesOf(path);
  if (entries === undefined) hash.update(`${name}\0`).update(createHash('sha256').update(readFileSync(path)).digest());
  else for (const entry of entries) addTo(hash, root, `${name}/${entry}`);
}

function entriesOf(path: string): string[] | undefined {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
