// docs/sdk.md#inputs: the first rows of an input, as many as a try on this machine takes.
import type { InputRow } from './rowset.ts';

export type RowLimit = { readonly rows: number; readonly characters?: number };

/** Of an input that is joined: enough of most of them that each row finds its match. Characters are those of its JSON. */
export const OTHER_SAMPLE: RowLimit = { rows: 10_000, characters: 8 << 20 };

/** `add` returns false once there is no room for another. */
export function createFirstRows({ rows: most, characters = Number.POSITIVE_INFINITY }: RowLimit) {
  const rows: InputRow[] = [];
  let length = 0;
  const isOpen = (): boolean => rows.length < most && length < characters;
  return {
    rows,
    add: (row: InputRow): boolean => {
      if (!isOpen()) return false;
      rows.push(row);
      if (characters < Number.POSITIVE_INFINITY)
        length += JSON.stringify(row.kind === 'row' ? row.row : row.text).length;
      return isOpen();
    },
  };
}
