// docs/models.md#llama-tokenizer: a tokenizer as the engine needs it, from the metadata of a GGUF file.
import { badFile } from './source.ts';

/** How a byte-level tokenizer cuts a text into words. */
export type Split = 'gpt-2' | 'llama-3' | 'qwen2' | 'smollm';

/** Two tokens that may become one, in the order of the ranks. */
export type Merge = { readonly left: number; readonly right: number; readonly rank: number; readonly merged: number };

export type Vocabulary = {
  /** Of each token what it adds to an answer. */
  readonly pieces: readonly Uint8Array[];
  readonly merges: readonly Merge[];
  readonly symbols:
    | {
        readonly kind: 'bytes';
        readonly split: Split;
        readonly tokens: readonly number[];
        readonly wholeWords: boolean;
      }
    | {
        readonly kind: 'characters';
        /** Tokens of single characters; those above the vocabulary only join others. */
        readonly tokens: ReadonlyMap<number, number>;
        /** Tokens of bytes that no piece has; `undefined` if there is none for the byte. */
        readonly byteTokens: readonly (number | undefined)[];
        readonly unknown: number;
        readonly spacePrefix: boolean;
      };
  /** Tokens by how they are written in the file. */
  readonly ids: ReadonlyMap<string, number>;
  /** The token that every prompt begins with. */
  readonly begin: number | undefined;
  /** Tokens that end an answer. */
  readonly stops: readonly number[];
  /** The token that the file itself names as the end of a text. */
  readonly end: number;
};

/** A token as a file has it. */
export type FileToken = { readonly text: string; readonly kind: PieceKind; readonly score: number };
export type PieceKind = 'normal' | 'unknown' | 'control' | 'user' | 'unused' | 'byte';

/** What is said of the special tokens. */
export type Ends = Pick<Vocabulary, 'begin' | 'end'> & { readonly others: readonly number[] };

const MAX_TOKENS = 1 << 19;
const SEPARATOR = '\u2581';
const SPACE = ' ';
const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;
/** Tokens that end an answer in one of the templates, whatever else the file says. */
const KNOWN_STOPS = ['<|im_end|>', '<|eot_id|>', '<|end_of_text|>', '<|endoftext|>', '<|eom_id|>'];
const MAX_STOPS = 16;
const encoder = new TextEncoder();

/** GPT-2's letters for the 256 bytes: those that can be seen stand for themselves. */
export const BYTE_LETTERS: readonly string[] = byteLetters();
const BYTES_BY_LETTER = new Map(BYTE_LETTERS.map((letter, byte) => [letter, byte]));

/** Byte pair encoding of bytes. `merges` are pairs of written tokens, in order. @throws MizuError `sdk/model-file` */
export function byteVocabulary(
  tokens: readonly FileToken[],
  merges: readonly (readonly [string, string])[],
  options: { readonly split: Split; readonly wholeWords: boolean; readonly ends: Ends },
): Vocabulary {
  const ids = idsOf(tokens);
  const pairs = byOrder(merges, (text) => ids.get(text));
  const byteTokens = BYTE_LETTERS.map((letter, byte) => {
    const id = ids.get(letter);
    if (id === undefined) throw badFile(`a token for the byte ${byte}`, 'none');
    return id;
  });
  const pieces = tokens.map(({ text, kind }) => (kind === 'control' ? new Uint8Array(0) : fromLetters(text)));
  const { split, wholeWords, ends } = options;
  const symbols = { kind: 'bytes', split, wholeWords, tokens: byteTokens } as const;
  return { pieces, merges: pairs, symbols, ids, ...toEnds(ids, ends, tokens.length) };
}

/**
 * SentencePiece's BPE: any two pieces that make a third may be joined, the pair of the highest score first.
 * @throws MizuError `sdk/model-file`
 */
export function pieceVocabulary(
  tokens: readonly FileToken[],
  options: {
    readonly unknown: number;
    readonly spacePrefix: boolean;
    readonly ends: Ends;
    /** In order, instead of those that the scores give. */
    readonly merges?: readonly (readonly [string, string])[];
  },
): Vocabulary {
  const ids = idsOf(tokens);
  const joined = new Map<string, number>();
  for (const [id, { text, kind }] of tokens.entries())
    if (kind !== 'control' && kind !== 'byte' && kind !== 'unknown' && !joined.has(text)) joined.set(text, id);
  const characters = charactersOf(joined, tokens.length);
  if (!joined.has(SEPARATOR)) throw badFile(`the piece ${SEPARATOR}`, 'none');
  const idOf = (text: string) => joined.get(text) ?? characters.get(text);
  const merges = options.merges === undefined ? byScores(tokens, joined, idOf) : byOrder(options.merges, idOf);
  const symbols = {
    kind: 'characters',
    tokens: new Map([...characters].map(([text, id]) => [text.codePointAt(0)!, id])),
    byteTokens: bytesOf(tokens),
    unknown: options.unknown,
    spacePrefix: options.spacePrefix,
  } as const;
  return { pieces: tokens.map(pieceBytes), merges, symbols, ids, ...toEnds(ids, options.ends, tokens.length) };
}

type Find = (text: string) => number | undefined;

function byScores(tokens: readonly FileToken[], joined: ReadonlyMap<string, number>, idOf: Find): Merge[] {
  const scores = [...new Set([...joined.values()].map((id) => tokens[id]!.score))].sort((a, b) => b - a);
  const ranks = new Map(scores.map((score, rank) => [score, rank]));
  const merges: Merge[] = [];
  for (const [text, merged] of joined) {
    const points = Array.from(text);
    const rank = ranks.get(tokens[merged]!.score)!;
    for (let cut = 1; cut < points.length; cut++) {
      const left = idOf(points.slice(0, cut).join(''));
      const right = idOf(points.slice(cut).join(''));
      if (left !== undefined && right !== undefined) merges.push({ left, right, rank, merged });
    }
  }
  return merges;
}

function byOrder(pairs: readonly (readonly [string, string])[], idOf: Find): Merge[] {
  const known = new Set<string>();
  return pairs.flatMap(([first, second], rank): Merge[] => {
    const [left, right, merged] = [idOf(first), idOf(second), idOf(first + second)];
    if (left === undefined || right === undefined || merged === undefined)
      throw badFile('merges of tokens that are in the vocabulary', JSON.stringify(first + second).slice(0, 60));
    const isNew = !known.has(`${left} ${right}`);
    known.add(`${left} ${right}`);
    return isNew ? [{ left, right, rank, merged }] : [];
  });
}

/** A token for every character of a piece, those without a piece of their own behind the vocabulary. */
function charactersOf(joined: ReadonlyMap<string, number>, first: number): Map<string, number> {
  const characters = new Map<string, number>();
  let next = first;
  for (const text of joined.keys())
    for (const character of text)
      if (!characters.has(character)) characters.set(character, joined.get(character) ?? next++);
  return characters;
}

function bytesOf(tokens: readonly FileToken[]): (number | undefined)[] {
  const bytes: (number | undefined)[] = Array.from({ length: 256 }, () => undefined);
  for (const [id, { text, kind }] of tokens.entries()) {
    const byte = kind === 'byte' ? BYTE.exec(text) : null;
    if (byte !== null) bytes[Number.parseInt(byte[1]!, 16)] = id;
  }
  return bytes;
}

function pieceBytes({ text, kind }: FileToken): Uint8Array {
  if (kind === 'control' || kind === 'unknown') return new Uint8Array(0);
  const byte = kind === 'byte' ? BYTE.exec(text) : null;
  if (byte !== null) return Uint8Array.of(Number.parseInt(byte[1]!, 16));
  return encoder.encode(text.replaceAll(SEPARATOR, SPACE));
}

function idsOf(tokens: readonly FileToken[]): Map<string, number> {
  if (tokens.length === 0 || tokens.length > MAX_TOKENS) throw badFile(`1 to ${MAX_TOKENS} tokens`, `${tokens.length}`);
  const user = tokens.find(({ kind }) => kind === 'user');
  if (user !== undefined)
    throw badFile('a vocabulary without tokens that a user has defined', JSON.stringify(user.text).slice(0, 60));
  const ids = new Map<string, number>();
  for (const [id, { text }] of tokens.entries()) if (!ids.has(text)) ids.set(text, id);
  return ids;
}

function toEnds(
  ids: ReadonlyMap<string, number>,
  { begin, end, others }: Ends,
  count: number,
): Pick<Vocabulary, 'begin' | 'end' | 'stops'> {
  for (const id of [begin, end, ...others])
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id < count))
      throw badFile(`special tokens below ${count}`, `${id}`);
  const known = KNOWN_STOPS.flatMap((text) => ids.get(text) ?? []);
  return { begin, end, stops: [...new Set([end, ...others, ...known])].slice(0, MAX_STOPS) };
}

/** A token that has other letters than those of bytes stands for itself. */
function fromLetters(text: string): Uint8Array {
  const bytes = Array.from(text, (letter) => BYTES_BY_LETTER.get(letter));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes as number[]) : encoder.encode(text);
}

function byteLetters(): string[] {
  const isSeen = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isSeen(byte) ? byte : next++));
}
