// docs/models.md#image: the encoder's functions with weights and tokenizer in their memory: the image is taken of it, and texts are embedded.
import { readFile } from 'node:fs/promises';
import { LEXICOGRAPHER_CLASSES } from '../../edge/backends/model/classes.ts';
import { ENCODER_PARTS, toPanels } from './layout.ts';
import type { UseLiteFiles } from './package-files.ts';

/** What assembly/main.ts exports. */
type Exports = {
  readonly memory: WebAssembly.Memory;
  begin(): number;
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

/** `head` is what assembly/head.ts reads; without it no text is classified. */
export async function openUseLite(
  module: WebAssembly.Module,
  { tensors, pieces }: UseLiteFiles,
  head: Float32Array = new Float32Array(0),
): Promise<UseLiteEncoder> {
  const instance = new WebAssembly.Instance(module, { mizu: HOST });
  const exports = instance.exports as unknown as Exports;
  const { memory } = exports;
  const floats = (at: number, values: Float32Array) => new Float32Array(memory.buffer, at, values.length).set(values);
  let at = exports.begin();
  const end = at + exports.encoderBytes();
  for (const { name, columns } of ENCODER_PARTS) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`there is no tensor ${name}`);
    floats(at, columns === undefined ? tensor : toPanels(tensor, columns));
    at += tensor.byteLength;
  }
  if (at !== end) throw new Error(`the weights have ${at} bytes, their place ${end}`);
  floats(end, head);
  const stage = exports.prepare();
  const put = (bytes: Uint8Array): number => {
    if (bytes.length > STAGE_BYTES) throw new RangeError(`a text has at most ${STAGE_BYTES} bytes`);
    new Uint8Array(memory.buffer).set(bytes, stage);
    return bytes.length;
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
