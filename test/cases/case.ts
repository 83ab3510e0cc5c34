// docs/sdk.md#errors: what a case is: an input that somebody may bring, what became of it, and what should.

export type Case = {
  readonly name: string;
  /** Of the engine that it was tried on, where there are several. */
  readonly engine?: string;
  readonly input: string;
  readonly came: string;
  /** `…` stands for any text. */
  readonly wanted: string;
};

/** Cases of one kind. They are run together. */
export type CaseKind = {
  readonly kind: string;
  /** Where it is said what should come of them. */
  readonly page: string;
  run(): Promise<readonly Case[]>;
};

export function isAsWanted({ came, wanted }: Pick<Case, 'came' | 'wanted'>): boolean {
  const pieces = wanted.split('…');
  const [first, last] = [pieces[0] as string, pieces.at(-1) as string];
  if (pieces.length === 1) return came === wanted;
  if (!came.startsWith(first) || !came.endsWith(last) || came.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = came.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= came.length - last.length;
}

/** Rows and rejects on one line. */
export function told(rows: readonly unknown[], rejects: readonly string[]): string {
  const all = [...rows.map((row) => JSON.stringify(row)), ...rejects.map((reason) => `✗ ${reason}`)];
  return all.length === 0 ? 'no row' : all.join(' · ');
}
