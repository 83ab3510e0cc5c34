// docs/sdk.md#language: TextDecoder as the Encoding Standard has it, of UTF-8 alone. The engine's own one decodes what is well-formed.
import { isWellFormed } from './well-formed.ts';

type Options = { readonly fatal?: boolean; readonly ignoreBOM?: boolean };
type Source = ArrayBuffer | ArrayBufferView;

const native = new globalThis.TextDecoder('utf-8', { ignoreBOM: true });
/** All names that the standard has for it. */
const LABELS = ['utf-8', 'utf8', 'unicode-1-1-utf-8', 'unicode11utf8', 'unicode20utf8', 'x-unicode20utf8'];
const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

export class TextDecoder {
  readonly #fatal: boolean;
  readonly #ignoreBom: boolean;
  /** The first bytes of a character whose rest is to come with the next call. */
  #pending = NOTHING;
  #begun = false;

  /** @throws RangeError for any other encoding */
  constructor(label: string = 'utf-8', options: Options = {}) {
    const name = `${label}`.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '').toLowerCase();
    if (!LABELS.includes(name)) {
      throw new RangeError(
        `an operator decodes UTF-8 only, not '${label}': give the encoding of the input by --encoding, or import a package that decodes it.`,
      );
    }
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBom = Boolean(options?.ignoreBOM);
  }

  get encoding(): string {
    return 'utf-8';
  }

  get fatal(): boolean {
    return this.#fatal;
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBom;
  }

  /** @throws TypeError if the decoder is `fatal` and the bytes are no UTF-8 */
  decode(source?: Source, options: { readonly stream?: boolean } = {}): string {
    const given = toBytes(source);
    let bytes = given;
    if (this.#pending.length > 0) {
      bytes = new Uint8Array(this.#pending.length + given.length);
      bytes.set(this.#pending);
      bytes.set(given, this.#pending.length);
    }
    const stream = Boolean(options?.stream);
    const whole = stream ? bytes.length - unfinishedLength(bytes) : bytes.length;
    const isFirst = !this.#begun;
    this.#pending = stream ? bytes.slice(whole) : NOTHING;
    this.#begun = stream && (this.#begun || whole > 0);
    const text = decodeUtf8(whole === bytes.length ? bytes : bytes.subarray(0, whole), this.#fatal);
    return isFirst && !this.#ignoreBom && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

function toBytes(source: Source | undefined): Uint8Array<ArrayBuffer> {
  if (source === undefined) return NOTHING;
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength);
  }
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw new TypeError('TextDecoder decodes an ArrayBuffer or a view of one');
}

// The engine puts U+FFFD where something is malformed, but lets through surrogates that are coded like characters.
function decodeUtf8(bytes: Uint8Array, fatal: boolean): string {
  const text = native.decode(bytes);
  return isWellFormed(text) && isWritten(text, bytes) ? text : decodeByHand(bytes, fatal);
}

/** Each U+FFFD of the text stands in the bytes. By hand a byte takes a hundred times the gas. */
function isWritten(text: string, bytes: Uint8Array): boolean {
  if (!text.includes('\ufffd')) return true;
  let at = -3;
  for (const piece of text.split('\ufffd')) {
    if (at >= 0 && (bytes[at] !== 0xef || bytes[at + 1] !== 0xbf || bytes[at + 2] !== 0xbd)) return false;
    at += 3 + encoder.encode(piece).length;
  }
  return at === bytes.length;
}

/** How many bytes at the end may still become a character. */
function unfinishedLength(bytes: Uint8Array): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const at = bytes.length - length;
    const lead = bytes[at]!;
    if (lead >= 0x80 && lead < 0xc0) continue;
    const part = partLength(bytes, at);
    return part === length && part < neededLength(lead) ? length : 0;
  }
  return 0;
}

function neededLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Of the character at `at`, the bytes that can be its: all of them if it is well-formed, at least 1. */
function partLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const needed = neededLength(lead);
  let low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  let high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  let length = 1;
  while (length < needed && at + length < bytes.length) {
    const byte = bytes[at + length]!;
    if (byte < low || byte > high) break;
    [low, high] = [0x80, 0xbf];
    length++;
  }
  return length;
}

function decodeByHand(bytes: Uint8Array, fatal: boolean): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = partLength(bytes, at);
    if (length === neededLength(bytes[at]!)) {
      at += length;
      continue;
    }
    if (fatal) throw new TypeError('The encoded data was not valid for encoding utf-8');
    parts.push(native.decode(bytes.subarray(from, at)), '\ufffd');
    at += length;
    from = at;
  }
  parts.push(native.decode(bytes.subarray(from)));
  return parts.join('');
}
