// docs/models.md#gguf: reads the head of a GGUF file: its metadata, and where its tensors lie.
// The format is that of https://github.com/ggml-org/ggml, versions 2 and 3.
import { blockOf, type TensorEncoding } from './blocks.ts';
import { type ByteSource, badFile } from './source.ts';

/** A value of the metadata. Integers of 64 bits are read as numbers if they are safe ones. */
export type GgufField = string | number | boolean | readonly string[] | readonly number[];

export type StoredTensor = {
  readonly name: string;
  /** The outermost dimension first: a matrix has `[rows, columns]`. */
  readonly shape: readonly number[];
  readonly encoding: TensorEncoding;
  /** In the file. */
  readonly offset: number;
  readonly sizeBytes: number;
};

export type TensorFile = {
  readonly source: ByteSource;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
};

export type Gguf = TensorFile & { readonly metadata: ReadonlyMap<string, GgufField> };

const MAGIC = 0x46554747;
const VERSIONS = [2, 3];
const MAX_TENSORS = 65_536;
const MAX_FIELDS = 65_536;
const MAX_NAME_BYTES = 65_535;
const MAX_STRING_BYTES = 1 << 20;
const MAX_ITEMS = 1 << 21;
const MAX_DIMENSIONS = 4;
/** The metadata of a vocabulary of 256,000 pieces with its merges has about 14 MB. */
const MAX_HEAD_BYTES = 1 << 28;
const STRING = 8;
const ARRAY = 9;
/** Numbers of the types of tensors in the file. */
const ENCODINGS: ReadonlyMap<number, TensorEncoding> = new Map([
  [0, 'f32'],
  [1, 'f16'],
  [2, 'q4_0'],
  [8, 'q8_0'],
  [30, 'bf16'],
]);

/** @throws MizuError `sdk/model-file` naming the field or tensor */
export function readGguf(source: ByteSource): Gguf {
  const cursor = createCursor(source);
  if (cursor.uint32() !== MAGIC) throw badFile('a GGUF file, which begins with "GGUF"', 'other bytes');
  const version = cursor.uint32();
  if (!VERSIONS.includes(version))
    throw badFile(`GGUF of version ${VERSIONS.join(' or ')}, little-endian`, `${version}`);
  const tensorCount = cursor.count('number of tensors', MAX_TENSORS);
  const fieldCount = cursor.count('number of fields', MAX_FIELDS);
  const metadata = new Map<string, GgufField>();
  for (let i = 0; i < fieldCount; i++) {
    const key = cursor.string(`name of field ${i}`, MAX_NAME_BYTES);
    if (metadata.has(key)) throw badFile('each field once', `${key} twice`);
    metadata.set(key, readField(cursor, key));
  }
  const heads = Array.from({ length: tensorCount }, (_, i) => readTensorHead(cursor, i));
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || alignment < 1 || alignment > 65_536 || (alignment & (alignment - 1)) !== 0)
    throw badFile('general.alignment: a power of 2 up to 65536', String(alignment));
  const start = Math.ceil(cursor.at() / alignment) * alignment;
  const tensors = new Map<string, StoredTensor>();
  for (const { offset, ...head } of heads) {
    if (tensors.has(head.name)) throw badFile('each tensor once', `${head.name} twice`);
    if (offset % alignment !== 0) throw badFile(`${head.name} at a multiple of ${alignment}`, `at ${offset}`);
    const at = start + offset;
    if (at + head.sizeBytes > source.sizeBytes)
      throw badFile(`${head.name}: ${head.sizeBytes} bytes at ${at}`, `the file has ${source.sizeBytes} bytes`);
    tensors.set(head.name, { ...head, offset: at });
  }
  return { source, metadata, tensors };
}

function readTensorHead(cursor: Cursor, index: number): StoredTensor {
  const name = cursor.string(`name of tensor ${index}`, MAX_NAME_BYTES);
  const dimensions = cursor.uint32();
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS)
    throw badFile(`${name}: 1 to ${MAX_DIMENSIONS} dimensions`, `${dimensions}`);
  // The file has the innermost dimension first.
  const shape = Array.from({ length: dimensions }, () => cursor.count(`${name}: a dimension`, 2 ** 31)).reverse();
  const type = cursor.uint32();
  const encoding = ENCODINGS.get(type);
  if (encoding === undefined)
    throw badFile(`${name} as ${[...ENCODINGS.values()].join(', ')}`, `the type ${type} of GGML`);
  const offset = cursor.count(`${name}: its offset`, Number.MAX_SAFE_INTEGER);
  return { name, shape, encoding, offset, sizeBytes: tensorBytes(name, shape, encoding) };
}

/** @throws MizuError `sdk/model-file` if a row is not whole blocks, or the tensor too large */
export function tensorBytes(name: string, shape: readonly number[], encoding: TensorEncoding): number {
  const { values, sizeBytes } = blockOf(encoding);
  const columns = shape.at(-1) ?? 1;
  if (columns % values !== 0) throw badFile(`${name}: rows of whole blocks of ${values}`, `rows of ${columns}`);
  const count = shape.reduce((product, size) => product * size, 1);
  if (count < 1 || count > 2 ** 31) throw badFile(`${name}: 1 to 2^31 numbers`, `${count}`);
  return (count / values) * sizeBytes;
}

function readField(cursor: Cursor, key: string): GgufField {
  const type = cursor.uint32();
  if (type !== ARRAY) return readScalar(cursor, key, type);
  const itemType = cursor.uint32();
  if (itemType === ARRAY) throw badFile(`${key}: a list of numbers or texts`, 'a list of lists');
  const count = cursor.count(`${key}: number of items`, MAX_ITEMS);
  const items: (string | number | boolean)[] = [];
  for (let i = 0; i < count; i++) items.push(readScalar(cursor, key, itemType));
  return items as readonly string[] | readonly number[];
}

function readScalar(cursor: Cursor, key: string, type: number): string | number | boolean {
  if (type === STRING) return cursor.string(key, MAX_STRING_BYTES);
  const number = cursor.scalar(type);
  if (number === undefined) throw badFile(`${key}: a type from 0 to 12`, `${type}`);
  return number;
}

type Cursor = ReturnType<typeof createCursor>;

const CHUNK = 1 << 16;

/** Little-endian, through a window of the source. */
function createCursor(source: ByteSource) {
  let from = 0;
  let window: Uint8Array = new Uint8Array(0);
  let at = 0;
  const take = (length: number): DataView => {
    if (at + length > MAX_HEAD_BYTES) throw badFile(`a head of at most ${MAX_HEAD_BYTES} bytes`, 'more');
    if (at + length > from + window.length) {
      from = at;
      window = source.read(at, Math.max(length, Math.min(CHUNK, source.sizeBytes - at)));
    }
    const view = new DataView(window.buffer, window.byteOffset + at - from, length);
    at += length;
    return view;
  };
  const safe = (value: bigint): number => {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw badFile('integers up to 2^53 - 1', `${value}`);
    return number;
  };
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const count = (what: string, most: number): number => {
    const value = take(8).getBigUint64(0, true);
    if (value > BigInt(most)) throw badFile(`${what}: at most ${most}`, `${value}`);
    return Number(value);
  };
  const SCALARS: readonly ((() => number | boolean) | undefined)[] = [
    () => take(1).getUint8(0),
    () => take(1).getInt8(0),
    () => take(2).getUint16(0, true),
    () => take(2).getInt16(0, true),
    () => take(4).getUint32(0, true),
    () => take(4).getInt32(0, true),
    () => take(4).getFloat32(0, true),
    () => take(1).getUint8(0) !== 0,
    undefined,
    undefined,
    () => safe(take(8).getBigUint64(0, true)),
    () => safe(take(8).getBigInt64(0, true)),
    () => take(8).getFloat64(0, true),
  ];
  return {
    at: () => at,
    uint32: () => take(4).getUint32(0, true),
    count,
    scalar: (type: number) => SCALARS[type]?.(),
    string(what: string, most: number): string {
      const length = count(`bytes of ${what}`, most);
      const { buffer, byteOffset } = take(length);
      return decoder.decode(new Uint8Array(buffer, byteOffset, length));
    },
  };
}
