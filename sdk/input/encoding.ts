// docs/sdk.md#input-encoding: bytes as text. A sequence that is none is told, never replaced.
import { isUtf8 } from 'node:buffer';
import { MizuError } from '../../protocol/errors.ts';
import { wellFormed } from '../runtime/rowset.ts';

export const UTF8 = 'utf-8';
const UTF8_MARK = [0xef, 0xbb, 0xbf];
/** What iconv-lite offers and is no encoding of text. */
const NO_TEXT = ['hex', 'base64', 'binary', 'utf7', 'utf7imap'];
/** No byte of UTF-8: stands for a sequence that another encoding does not have. */
const BROKEN = Buffer.of(0xff);

export function normalizeEncoding(name: string): string {
  const lower = name.toLowerCase();
  return lower === 'utf8' ? UTF8 : lower;
}

/** Bytes of the mark that UTF-8 may begin with. */
export function markLength(head: Uint8Array): number {
  return UTF8_MARK.every((byte, i) => head[i] === byte) ? UTF8_MARK.length : 0;
}

/** @throws MizuError `sdk/input-encoding` if the first bytes speak against the encoding */
export function assertEncoding(file: string, encoding: string, head: Uint8Array): void {
  if (/^utf[-_]?32/.test(encoding)) return;
  const found = markedEncoding(head);
  if (found === undefined || found.names.some((name) => encoding.replace(/[-_]/g, '') === name)) return;
  throw new MizuError({
    code: 'sdk/input-encoding',
    message: `${file} is not ${encoding}.`,
    expected: `text in ${encoding}`,
    actual: found.what,
    hint: `Name its encoding: --encoding ${found.name}. Or save it as UTF-8.`,
  });
}

type Marked = { readonly what: string; readonly name: string; readonly names: readonly string[] };

const UTF32 = [
  { name: 'utf-32le', mark: [0xff, 0xfe, 0, 0], letter: 0 },
  { name: 'utf-32be', mark: [0, 0, 0xfe, 0xff], letter: 3 },
] as const;

function markedEncoding(head: Uint8Array): Marked | undefined {
  for (const { name, mark, letter } of UTF32) {
    const what = 'zero bytes all over, as in UTF-32';
    if (mark.every((byte, i) => head[i] === byte)) return { what: 'the byte order mark of UTF-32', name, names: [] };
    // Three of four bytes of a Latin letter are 0.
    const isWide = head.length >= 8 && head.every((byte, i) => (byte === 0) === (i % 4 !== letter));
    if (isWide) return { what, name, names: [] };
  }
  if (head[0] === 0xff && head[1] === 0xfe)
    return { what: 'the byte order mark of UTF-16', name: 'utf-16le', names: ['utf16le', 'utf16', 'ucs2'] };
  if (head[0] === 0xfe && head[1] === 0xff)
    return { what: 'the byte order mark of UTF-16', name: 'utf-16be', names: ['utf16be', 'utf16'] };
  if (markLength(head) > 0) return { what: 'the byte order mark of UTF-8', name: UTF8, names: ['utf8'] };
  const zeros = [0, 1].map((parity) => head.filter((byte, i) => byte === 0 && i % 2 === parity).length);
  // In UTF-16 every other byte of Latin text is 0; in UTF-8 a 0 is a character of its own, and rare.
  if (head.length < 4 || zeros[0]! + zeros[1]! <= head.length / 4) return undefined;
  const [name, other] = zeros[1]! >= zeros[0]! ? ['utf-16le', 'ucs2'] : ['utf-16be', 'utf16be'];
  return { what: 'zero bytes all over, as in UTF-16', name: name!, names: [name!.replace('-', ''), other!, 'utf16'] };
}

/** Text in another encoding as UTF-8; a broken sequence becomes a byte that UTF-8 has not. @throws MizuError `sdk/input-encoding` */
export async function* transcode(source: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const { default: iconv } = await import('iconv-lite');
  if (!iconv.encodingExists(encoding) || NO_TEXT.includes(encoding.replace(/[^a-z0-9]/g, ''))) throw unknown(encoding);
  const decoder = iconv.getDecoder(encoding);
  for await (const chunk of source) yield toUtf8(decoder.write(Buffer.from(chunk)));
  yield toUtf8(decoder.end() ?? '');
}

function toUtf8(text: string): Uint8Array {
  const parts = wellFormed(text).split('\ufffd');
  if (parts.length === 1) return Buffer.from(text);
  return Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [BROKEN, Buffer.from(part)])));
}

export type Decoded = {
  readonly text: string;
  /** Of the first byte that begins no UTF-8; undefined if all is. */
  readonly brokenAt?: number;
};

export function decodeUtf8(bytes: Uint8Array): Decoded {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  return isUtf8(bytes) ? { text } : { text, brokenAt: findBroken(bytes, text) };
}

// Up to the first U+FFFD that does not stand in the bytes themselves, text and bytes go together.
function findBroken(bytes: Uint8Array, text: string): number {
  let offset = 0;
  let from = 0;
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', from)) {
    offset += Buffer.byteLength(text.slice(from, at));
    if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return offset;
    offset += 3;
    from = at + 1;
  }
  return bytes.length;
}

function unknown(encoding: string): MizuError {
  return new MizuError({
    code: 'sdk/input-encoding',
    message: `The encoding ${encoding} is not known.`,
    expected: 'an encoding such as utf-8, utf-16le, windows-1252, latin1, shift_jis, gb18030',
    actual: encoding,
    hint: 'Check --encoding. Without it the input is read as UTF-8.',
  });
}
