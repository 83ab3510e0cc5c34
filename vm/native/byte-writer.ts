// docs/vm.md#engines: writes the WebAssembly binary format.

export type ByteWriter = {
  byte(...values: number[]): void;
  u32(value: number): void;
  s32(value: number): void;
  s64(value: bigint): void;
  name(text: string): void;
  /** Copies `source[start, end)`. */
  copy(source: Uint8Array, start: number, end: number): void;
  /** The bytes, preceded by their length. */
  sized(bytes: Uint8Array): void;
  finish(): Uint8Array;
};

export function createByteWriter(capacity = 256): ByteWriter {
  let bytes = new Uint8Array(capacity);
  let size = 0;
  const reserve = (more: number): void => {
    if (size + more <= bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, size + more));
    larger.set(bytes.subarray(0, size));
    bytes = larger;
  };
  const put = (value: number): void => {
    if (size === bytes.length) reserve(1);
    bytes[size++] = value;
  };
  const writer: ByteWriter = {
    byte(...values) {
      for (const value of values) put(value);
    },
    u32(value) {
      let rest = value >>> 0;
      while (rest >= 0x80) {
        put((rest & 0x7f) | 0x80);
        rest >>>= 7;
      }
      put(rest);
    },
    s32(value) {
      let rest = value | 0;
      while (rest < -0x40 || rest >= 0x40) {
        put((rest & 0x7f) | 0x80);
        rest >>= 7;
      }
      put(rest & 0x7f);
    },
    s64(value) {
      const small = Number(value);
      if (small === (small | 0)) {
        writer.s32(small);
        return;
      }
      let rest = value;
      while (rest < -0x40n || rest >= 0x40n) {
        put(Number(rest & 0x7fn) | 0x80);
        rest >>= 7n;
      }
      put(Number(rest & 0x7fn));
    },
    name(text) {
      writer.sized(new TextEncoder().encode(text));
    },
    copy(source, start, end) {
      const more = end - start;
      reserve(more);
      if (more > 16) bytes.set(source.subarray(start, end), size);
      else for (let i = 0; i < more; i++) bytes[size + i] = source[start + i]!;
      size += more;
    },
    sized(source) {
      writer.u32(source.length);
      writer.copy(source, 0, source.length);
    },
    finish: () => bytes.slice(0, size),
  };
  return writer;
}
