// docs/sdk.md#chunk: pieces of a long text by characters, words or lines.
import type { ChunkOperator } from '../workflow/operator.ts';
import { kindOf } from './canonical.ts';
import { sealRow, sealRows } from './seal.ts';
import { wordPlaces } from './tokens.ts';
import type { StageOperator } from './verdict.ts';

export type Piece = { readonly text: string; readonly start: number };

/** A row for each piece: what is kept of the row, and the piece as the field that is named like the operator. */
export function createChunk(operator: ChunkOperator): Pick<StageOperator, 'apply'> {
  const { name, size, overlap, unit } = operator;
  return {
    apply: (row, { index: source }) => {
      const text = (operator.text as (row: object) => unknown)(row);
      if (typeof text !== 'string') throw new TypeError(`the text is a string, not ${kindOf(text)}`);
      const kept =
        operator.keep === null ? {} : sealRow((operator.keep as (row: object) => unknown)(row), 'what a chunk keeps');
      if (Object.hasOwn(kept, name)) throw new TypeError(`what is kept has a field '${name}', which is the chunk's`);
      const pieces = chunksOf(text, unit, size, overlap);
      const rows = pieces.map((piece, index) => ({ ...kept, [name]: { ...piece, index, of: pieces.length, source } }));
      return { kind: 'rows', rows: sealRows(rows, 'a chunk') };
    },
  };
}

/** Each piece begins `size - overlap` units behind the one before it; the last one is the first that reaches the end. */
export function chunksOf(text: string, unit: ChunkOperator['unit'], size: number, overlap: number): Piece[] {
  const { count, at } = placesOf(text, unit);
  const pieces: Piece[] = [];
  for (let first = 0; first < count; first += size - overlap) {
    const end = first + size;
    // White space and signs between two units belong to the one before them; those before the first, to the first.
    const start = first === 0 ? 0 : at(first);
    pieces.push({ text: text.slice(start, end < count ? at(end) : text.length), start });
    if (end >= count) break;
  }
  return pieces;
}

/** How many units a text has, and where each begins, in UTF-16 units. */
function placesOf(text: string, unit: ChunkOperator['unit']): { count: number; at(place: number): number } {
  if (unit === 'characters' && !SURROGATE.test(text)) return { count: text.length, at: (place) => place };
  const starts = unit === 'words' ? wordPlaces(text) : unit === 'lines' ? linePlaces(text) : characterPlaces(text);
  return { count: starts.length, at: (place) => starts[place]! };
}

const SURROGATE = /[\ud800-\udfff]/;

function linePlaces(text: string): number[] {
  const starts: number[] = [];
  for (let at = 0; at < text.length; ) {
    starts.push(at);
    const end = text.indexOf('\n', at);
    at = end < 0 ? text.length : end + 1;
  }
  return starts;
}

function characterPlaces(text: string): number[] {
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    starts.push(at);
    at += character.length;
  }
  return starts;
}
