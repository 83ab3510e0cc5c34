// docs/sdk.md#errors: the table by which the runtime names the workflow's line in a reject's reason.
import type { SourceTable } from '../runtime/locate.ts';
import type { Bundle } from './bundle.ts';

/** Only where the source line changes; a run of code that is not the user's has line 0. */
export function createSourceTable(bundle: Bundle): SourceTable {
  const files: string[] = [];
  const lines: Record<string, number[]> = {};
  bundle.code.split('\n').forEach((text, line) => {
    const triples: number[] = [];
    let last = '';
    for (const match of text.matchAll(/[A-Za-z0-9_$]+|[^\sA-Za-z0-9_$]/g)) {
      const place = bundle.place(line, match.index);
      const key = place === null ? '' : `${place.file}:${place.line}`;
      if (key === last) continue;
      last = key;
      if (place === null) triples.push(match.index + 1, 0, 0);
      else triples.push(match.index + 1, fileIndex(files, place.file), place.line);
    }
    if (triples.length > 0) lines[String(line + 1)] = triples;
  });
  return { files, lines };
}

function fileIndex(files: string[], file: string): number {
  const known = files.indexOf(file);
  return known >= 0 ? known : files.push(file) - 1;
}
