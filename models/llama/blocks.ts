// docs/models.md#gguf: how numbers are stored in files of models, and the floats that they mean.

/** 32 or 16 bits a number, or blocks of 32 with a scale of 16 bits. */
export type TensorEncoding = 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q4_0';

type Block = {
  /** Numbers in a block. */
  readonly values: number;
  readonly sizeBytes: number;
  decode(from: DataView, at: number, to: Float32Array, index: number): void;
};

const BLOCK = 32;
const HALF = BLOCK / 2;

const BLOCKS: Readonly<Record<TensorEncoding, Block>> = {
  f32: {
    values: 1,
    sizeBytes: 4,
    decode: (from, at, to, index) => {
      to[index] = from.getFloat32(at, true);
    },
  },
  f16: {
    values: 1,
    sizeBytes: 2,
    decode: (from, at, to, index) => {
      to[index] = halfToNumber(from.getUint16(at, true));
    },
  },
  bf16: {
    values: 1,
    sizeBytes: 2,
    decode: (from, at, to, index) => {
      to[index] = brainToNumber(from.getUint16(at, true));
    },
  },
  q8_0: {
    values: BLOCK,
    sizeBytes: 2 + BLOCK,
    decode(from, at, to, index) {
      const scale = halfToNumber(from.getUint16(at, true));
      for (let i = 0; i < BLOCK; i++) to[index + i] = scale * from.getInt8(at + 2 + i);
    },
  },
  // The lower halves of the 16 bytes are the first 16 numbers.
  q4_0: {
    values: BLOCK,
    sizeBytes: 2 + HALF,
    decode(from, at, to, index) {
      const scale = halfToNumber(from.getUint16(at, true));
      for (let i = 0; i < HALF; i++) {
        const byte = from.getUint8(at + 2 + i);
        to[index + i] = scale * ((byte & 15) - 8);
        to[index + HALF + i] = scale * ((byte >> 4) - 8);
      }
    },
  },
};

export function blockOf(encoding: TensorEncoding): Pick<Block, 'values' | 'sizeBytes'> {
  return BLOCKS[encoding];
}

/** The floats of whole blocks. */
export function decodeBlocks(bytes: Uint8Array, encoding: TensorEncoding): Float32Array {
  const { values, sizeBytes, decode } = BLOCKS[encoding];
  const blocks = bytes.length / sizeBytes;
  const floats = new Float32Array(blocks * values);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < blocks; i++) decode(view, i * sizeBytes, floats, i * values);
  return floats;
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a binary32. */
function brainToNumber(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}
