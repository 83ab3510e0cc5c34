// docs/court.md#class-b-tests: writes model files in the format GGUF, version 3, as ggml's own page specifies it and
// llama.cpp reads it (github.com/ggml-org/ggml).

/** A value of a file's metadata. Lists are of one type. */
export type GgufValue =
  | { readonly type: 'uint32' | 'int32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s' | 'float32s'; readonly value: readonly number[] };

/** How the numbers of a tensor are stored: as they are, in 16 bits, or in blocks of 32 with 8 or 4 bits each. */
export type GgufEncoding = 'f32' | 'f16' | 'q8_0' | 'q4_0';

export type GgufTensor = {
  readonly name: string;
  /** The innermost dimension first: a matrix of `rows` times `columns` has `[columns, rows]`. */
  readonly shape: readonly number[];
  readonly encoding: GgufEncoding;
  readonly values: Float32Array;
};

const MAGIC = 0x46554747;
const VERSION = 3;
const ALIGNMENT = 32;
/** Numbers of a block, of those that are stored in blocks. */
const BLOCK = 32;
const VALUE_TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const TENSOR_TYPES: Readonly<Record<GgufEncoding, number>> = { f32: 0, f16: 1, q4_0: 2, q8_0: 8 };

/** @throws Error if a tensor's shape does not fit its values, or its rows are no whole blocks */
export function encodeGguf(metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Uint8Array {
  const data = tensors.map(encodeTensor);
  const head = createWriter();
  head.uint32(MAGIC);
  head.uint32(VERSION);
  head.uint64(tensors.length);
  head.uint64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    head.string(key);
    writeValue(head, value);
  }
  let offset = 0;
  for (const [i, { name, shape, encoding }] of tensors.entries()) {
    head.string(name);
    head.uint32(shape.length);
    for (const size of shape) head.uint64(size);
    head.uint32(TENSOR_TYPES[encoding]);
    head.uint64(offset);
    offset += aligned(data[i]!.length);
  }
  const start = aligned(head.length());
  const bytes = new Uint8Array(start + offset);
  bytes.set(head.bytes());
  let at = start;
  for (const part of data) {
    bytes.set(part, at);
    at += aligned(part.length);
  }
  return bytes;
}

function writeValue(to: Writer, given: GgufValue): void {
  switch (given.type) {
    case 'strings':
      to.uint32(VALUE_TYPES.array);
      to.uint32(VALUE_TYPES.string);
      to.uint64(given.value.length);
      for (const one of given.value) to.string(one);
      return;
    case 'int32s':
    case 'float32s': {
      const type = given.type === 'int32s' ? 'int32' : 'float32';
      to.uint32(VALUE_TYPES.array);
      to.uint32(VALUE_TYPES[type]);
      to.uint64(given.value.length);
      for (const one of given.value) to[type](one);
      return;
    }
    default:
      to.uint32(VALUE_TYPES[given.type]);
      if (given.type === 'string') to.string(given.value);
      else if (given.type === 'bool') to.uint8(given.value ? 1 : 0);
      else to[given.type](given.value);
  }
}

function encodeTensor({ name, shape, encoding, values }: GgufTensor): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== values.length)
    throw new Error(`${name}: expected ${count} numbers for its shape, not ${values.length}`);
  if (encoding === 'f32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  if (encoding === 'f16') return new Uint8Array(Uint16Array.from(values, toHalf).buffer);
  if (shape[0]! % BLOCK !== 0) throw new Error(`${name}: expected rows of whole blocks of ${BLOCK}, not ${shape[0]}`);
  const encode = encoding === 'q8_0' ? encodeQ8 : encodeQ4;
  const blocks = Array.from({ length: count / BLOCK }, (_, i) => encode(values.subarray(i * BLOCK, (i + 1) * BLOCK)));
  return Uint8Array.from(blocks.flat());
}

/** A scale in 16 bits, and 32 signed bytes. */
function encodeQ8(block: Float32Array): number[] {
  const scale = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
  const quants = Array.from(block, (value) => (scale === 0 ? 0 : Math.round(value / scale)) & 0xff);
  return [...halfBytes(scale), ...quants];
}

/** A scale in 16 bits, and 32 numbers of 4 bits: the first 16 are the lower halves of the bytes. */
function encodeQ4(block: Float32Array): number[] {
  const most = block.reduce((found, value) => (Math.abs(value) > Math.abs(found) ? value : found), 0);
  const scale = most / -8;
  const quant = (value: number) => (scale === 0 ? 8 : Math.min(15, Math.trunc(value / scale + 8.5)));
  const half = BLOCK / 2;
  const quants = Array.from({ length: half }, (_, i) => quant(block[i]!) | (quant(block[i + half]!) << 4));
  return [...halfBytes(scale), ...quants];
}

function halfBytes(value: number): [number, number] {
  const half = toHalf(value);
  return [half & 0xff, half >> 8];
}

/** The nearest number of IEEE 754 binary16, ties to even. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  // A mantissa that is rounded up to 2 carries into the exponent by itself.
  return sign | (((exponent + 15) << 10) + roundEven((size / 2 ** exponent - 1) * 1024));
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

type Writer = ReturnType<typeof createWriter>;

/** Little-endian, into bytes that grow. */
function createWriter() {
  let buffer = new Uint8Array(4_096);
  let at = 0;
  const room = (length: number): DataView => {
    if (at + length > buffer.length) {
      const larger = new Uint8Array(2 * (at + length));
      larger.set(buffer);
      buffer = larger;
    }
    at += length;
    return new DataView(buffer.buffer, at - length, length);
  };
  const uint64 = (value: number) => room(8).setBigUint64(0, BigInt(value), true);
  return {
    uint8: (value: number) => room(1).setUint8(0, value),
    uint32: (value: number) => room(4).setUint32(0, value, true),
    int32: (value: number) => room(4).setInt32(0, value, true),
    float32: (value: number) => room(4).setFloat32(0, value, true),
    uint64,
    string(text: string) {
      const bytes = new TextEncoder().encode(text);
      uint64(bytes.length);
      const { buffer: whole, byteOffset } = room(bytes.length);
      new Uint8Array(whole, byteOffset, bytes.length).set(bytes);
    },
    length: () => at,
    bytes: () => buffer.subarray(0, at),
  };
}
