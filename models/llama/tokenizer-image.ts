// docs/models.md#llama-image: the tables of a tokenizer, and the parts of a prompt.
import { concatBytes } from '../../protocol/hex.ts';
import * as layout from './assembly/layout.ts';
import { LETTER_RANGES, NUMBER_RANGES } from './generated/classes.ts';
import type { Space } from './space.ts';
import type { Template, TemplateOperation } from './template.ts';
import type { Merge, Split, Vocabulary } from './vocabulary.ts';

const SPLITS: Readonly<Record<Split, number>> = {
  'gpt-2': layout.SPLIT_GPT2,
  'llama-3': layout.SPLIT_LLAMA3,
  qwen2: layout.SPLIT_QWEN2,
  smollm: layout.SPLIT_SMOLLM,
};
const GOLDEN = 0x9e3779b97f4a7c15n;

/** HeaderFields of the header, by their offsets. */
export type HeaderFields = Map<number, number>;

export function placeVocabulary(space: Space, vocabulary: Vocabulary, fields: HeaderFields): void {
  const { pieces, merges, symbols, stops } = vocabulary;
  const offsets = new Uint32Array(pieces.length + 1);
  for (const [i, piece] of pieces.entries()) offsets[i + 1] = offsets[i]! + piece.length;
  fields.set(layout.VOCABULARY, pieces.length);
  fields.set(layout.PIECE_OFFSETS, space.placeIntegers(offsets));
  fields.set(layout.PIECE_BYTES, space.place(concatBytes(pieces)));
  placePairs(space, merges, fields);
  fields.set(layout.STOPS, space.placeIntegers(stops));
  fields.set(layout.STOP_COUNT, stops.length);
  if (symbols.kind === 'bytes') {
    fields.set(layout.TOKENIZER, layout.TOKENIZER_BYTES);
    fields.set(layout.SPLIT, SPLITS[symbols.split]);
    fields.set(layout.SYMBOLS, space.placeIntegers(symbols.tokens));
    if (symbols.wholeWords) placeWords(space, pieces, fields);
    placeRanges(space, LETTER_RANGES, fields, layout.LETTERS, layout.LETTER_RANGES);
    placeRanges(space, NUMBER_RANGES, fields, layout.NUMBERS, layout.NUMBER_RANGES);
    return;
  }
  fields.set(layout.TOKENIZER, layout.TOKENIZER_PIECES);
  fields.set(layout.BYTE_TOKENS, space.placeIntegers(symbols.byteTokens.map((token) => token ?? layout.NO_TOKEN)));
  fields.set(layout.UNKNOWN, symbols.unknown);
  fields.set(layout.SPACE_PREFIX, symbols.spacePrefix ? 1 : 0);
  placeCharacters(space, symbols.tokens, fields);
}

/** Open addressing, at most half full, with 64 bits of the product by the golden ratio. */
function placePairs(space: Space, merges: readonly Merge[], fields: HeaderFields): void {
  const size = tableSize(merges.length);
  const table = new Int32Array(size * 4);
  for (let i = 0; i < size; i++) table[4 * i] = layout.NO_TOKEN;
  for (const { left, right, rank, merged } of merges) {
    const mixed = BigInt.asUintN(64, ((BigInt(left) << 32n) | BigInt(right)) * GOLDEN);
    let at = Number(mixed >> 32n) & (size - 1);
    while (table[4 * at] !== layout.NO_TOKEN) at = (at + 1) & (size - 1);
    table.set([left, right, rank, merged], 4 * at);
  }
  fields.set(layout.PAIRS, space.placeIntegers(table));
  fields.set(layout.PAIRS_MASK, size - 1);
}

function placeWords(space: Space, pieces: readonly Uint8Array[], fields: HeaderFields): void {
  const size = tableSize(pieces.length);
  const table = new Int32Array(size).fill(layout.NO_TOKEN);
  for (const [token, piece] of pieces.entries()) {
    if (piece.length === 0) continue;
    let at = hashBytes(piece) & (size - 1);
    while (table[at] !== layout.NO_TOKEN) at = (at + 1) & (size - 1);
    table[at] = token;
  }
  fields.set(layout.WORDS, space.placeIntegers(table));
  fields.set(layout.WORDS_MASK, size - 1);
}

function placeCharacters(space: Space, tokens: ReadonlyMap<number, number>, fields: HeaderFields): void {
  const size = tableSize(tokens.size);
  const table = new Int32Array(size * 2).fill(-1);
  for (const [point, token] of tokens) {
    let at = Math.imul(point, 0x9e3779b1) & (size - 1);
    while (table[2 * at] !== -1) at = (at + 1) & (size - 1);
    table.set([point, token], 2 * at);
  }
  fields.set(layout.SYMBOLS, space.placeIntegers(table));
  fields.set(layout.SYMBOLS_MASK, size - 1);
}

function placeRanges(space: Space, text: string, fields: HeaderFields, address: number, count: number): void {
  const ranges = text.split(' ').flatMap((range) => {
    const [first, last = first] = range.split('-');
    return [Number.parseInt(first!, 16), Number.parseInt(last!, 16)];
  });
  fields.set(address, space.placeIntegers(ranges));
  fields.set(count, ranges.length / 2);
}

/** The address of the addresses of its parts. */
export function placeTemplate(space: Space, template: Template): number {
  const parts: readonly [number, readonly TemplateOperation[]][] = [
    [layout.TEMPLATE_BEGIN, template.begin],
    [layout.TEMPLATE_SYSTEM, template.system],
    [layout.TEMPLATE_FIRST_USER, template.firstUser],
    [layout.TEMPLATE_USER, template.user],
    [layout.TEMPLATE_ASSISTANT, template.assistant],
    [layout.TEMPLATE_ANSWER, template.answer],
  ];
  const table = new Int32Array(layout.TEMPLATE_BYTES / 4);
  for (const [offset, operations] of parts)
    table[offset / 4] = space.place(
      concatBytes([...operations.map(encodeOperation), Uint8Array.of(layout.OPERATION_END)]),
    );
  return space.placeIntegers(table);
}

function encodeOperation(operation: TemplateOperation): Uint8Array {
  switch (operation.kind) {
    case 'token':
      return withWord(layout.OPERATION_TOKEN, operation.token);
    case 'text': {
      const bytes = new TextEncoder().encode(operation.text);
      return concatBytes([withWord(layout.OPERATION_TEXT, bytes.length), bytes]);
    }
    case 'content':
      return Uint8Array.of(layout.OPERATION_CONTENT);
    case 'trimmed':
      return Uint8Array.of(layout.OPERATION_TRIMMED);
  }
}

function withWord(operation: number, word: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = operation;
  new DataView(bytes.buffer).setUint32(1, word, true);
  return bytes;
}

function tableSize(entries: number): number {
  return 2 ** Math.ceil(Math.log2(2 * entries + 2));
}

/** FNV-1a. */
function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
