// What was found of the mutants, kept as it is found: a run that is interrupted goes on with --continue, a run in pieces ends whole.
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mutant } from './mutants.ts';

export type Verdict =
  | { readonly kind: 'caught'; readonly by: string; readonly said: string }
  | { readonly kind: 'survived' }
  /** It does not compile, or no test could be run: it says nothing about the tests. */
  | { readonly kind: 'invalid'; readonly said: string }
  /** A check did not end: a machine that is slow enough would show the same. */
  | { readonly kind: 'undecided'; readonly said: string };

type Kept = { readonly key: string; readonly verdict: Verdict };

export type MutationRecord = {
  of(mutant: Mutant): Verdict | undefined;
  add(mutant: Mutant, verdict: Verdict): void;
};

/** `sources`: what the verdicts hold for, by sourcesOf. Those of other sources are dropped, and all unless the run is continued. */
export function openRecord(path: string, sources: string, continued: boolean): MutationRecord {
  const lines = continued ? readLines(path) : [];
  const verdicts = new Map<string, Verdict>();
  if (lines[0] === JSON.stringify({ sources }))
    for (const line of lines.slice(1)) {
      const { key, verdict } = JSON.parse(line) as Kept;
      verdicts.set(key, verdict);
    }
  mkdirSync(dirname(path), { recursive: true });
  const kept = [...verdicts].map(([key, verdict]) => JSON.stringify({ key, verdict } satisfies Kept));
  writeFileSync(path, [JSON.stringify({ sources }), ...kept, ''].join('\n'));
  return {
    of: (mutant) => verdicts.get(keyOf(mutant)),
    add(mutant, verdict) {
      verdicts.set(keyOf(mutant), verdict);
      appendFileSync(path, `${JSON.stringify({ key: keyOf(mutant), verdict } satisfies Kept)}\n`);
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
export function sourcesOf(root: string, names: readonly string[]): string {
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
