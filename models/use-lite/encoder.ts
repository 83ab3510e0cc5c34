// docs/models.md#image: the encoder's functions with weights and tokenizer in their memory: the image is taken of it, and texts are embedded.
import { readFile } from 'node:fs/promises';
import { LEXICOGRAPHER_CLASSES } from '../../edge/backends/model/classes.ts';
import { ENCODER_PARTS, toByteColumns, toPanels } from './layout.ts';
import type { UseLiteFiles } from './package-files.ts';

/** What assembly/main.ts exports. */
type Exports = {
  readonly memory: WebAssembly.Memory;
  begin(bytes: boolean): number;
  encoderBytes(): number;
  prepare(): number;
  addPiece(id: number, score: number, at: number, bytes: number): void;
  addForm(first: number, second: number, at: number, count: number): void;
  addName(at: number, bytes: number): void;
  tokenizeText(at: number, bytes: number): number;
  vectorOf(at: number, bytes: number): void;
  tokensAt(): number;
  vectorAt(): number;
};

export type UseLiteEncoder = {
  readonly instance: WebAssembly.Instance;
  readonly memory: WebAssembly.Memory;
  /** Numbers of the first 128 tokens. A text has at most 64 KiB of UTF-8. */
  tokenize(text: string): number[];
  /** 512 numbers, a vector of length 1. */
  embed(text: string): Float32Array;
  /** Clears what the texts have left; nothing is embedded afterwards. */
  close(): void;
};

/** Vectors have so many numbers. */
export const VECTOR_SIZE = 512;
const STAGE_BYTES = 1 << 16;
/** Those before it stand for no text. */
const FIRST_PIECE = 6;
/** From one code point, or two, to what NFKC makes of them, in hexadecimal. */
const NORMAL_FORMS = new URL('./normal-forms.txt', import.meta.url);

export type EncoderOptions = {
  /** What assembly/head.ts reads; without it no text is classified. */
  readonly head?: Float32Array;
  /** Whether the matrices become bytes: docs/models.md#int8. */
  readonly bytes?: boolean;
};

export async function openUseLite(
  module: WebAssembly.Module,
  { tensors, pieces }: UseLiteFiles,
  { head = new Float32Array(0), bytes = false }: EncoderOptions = {},
): Promise<UseLiteEncoder> {
  const dotBytes = (sum: number, left: number, right: number, length: number): number => {
    const values = new Int8Array(memory.buffer);
    let total = sum;
    for (let i = 0; i < length; i++) total += values[left + i]! * values[right + i]!;
    return total;
  };
  const instance = new WebAssembly.Instance(module, { mizu: { ...HOST, dot_i8: dotBytes } });
  const exports = instance.exports as unknown as Exports;
  const { memory } = exports;
  const write = (at: number, values: Float32Array | Uint8Array): number => {
    new Uint8Array(memory.buffer).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    return values.byteLength;
  };
  let at = exports.begin(bytes);
  const end = at + exports.encoderBytes();
  for (const { name, columns } of ENCODER_PARTS) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`there is no tensor ${name}`);
    at += write(
      at,
      columns === undefined ? tensor : bytes ? toByteColumns(tensor, columns) : toPanels(tensor, columns),
    );
  }
  if (at !== end) throw new Error(`the weights end at ${at}, their place at ${end}`);
  write(end, head);
  const stage = exports.prepare();
  const put = (text: Uint8Array): number => {
    if (text.length > STAGE_BYTES) throw new RangeError(`a text has at most ${STAGE_BYTES} bytes`);
    return write(stage, text);
  };
  const encoder = new TextEncoder();
  pieces.forEach(([piece, score], id) => {
    if (id >= FIRST_PIECE) exports.addPiece(id, score, stage, put(encoder.encode(piece)));
  });
  for (const [[first, second = 0], form] of parseForms(await readFile(NORMAL_FORMS, 'utf8')))
    exports.addForm(
      first!,
      second,
      stage,
      put(new Uint8Array(Uint32Array.from(form).buffer)) / Uint32Array.BYTES_PER_ELEMENT,
    );
  for (const name of LEXICOGRAPHER_CLASSES) exports.addName(stage, put(encoder.encode(name)));
  return {
    instance,
    memory,
    tokenize(text) {
      const count = exports.tokenizeText(stage, put(encoder.encode(text)));
      return [...new Uint32Array(memory.buffer, exports.tokensAt(), count)];
    },
    embed(text) {
      exports.vectorOf(stage, put(encoder.encode(text)));
      return new Float32Array(memory.buffer, exports.vectorAt(), VECTOR_SIZE).slice();
    },
    close: () => {
      new Uint8Array(memory.buffer).fill(0, stage, stage + STAGE_BYTES);
    },
  };
}

/** Of each line `points=points`. */
export function parseForms(text: string): (readonly [from: number[], to: number[]])[] {
  const points = (list: string) => list.split(' ').map((point) => Number.parseInt(point, 16));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [from, to] = line.split('=') as [string, string];
      return [points(from), points(to)];
    });
}

function refuse(): never {
  throw new Error('there is no task while a program is built');
}

const HOST = { input_size: refuse, input_read: refuse, output_write: refuse, exit: refuse };
