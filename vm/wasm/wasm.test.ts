// docs/vm.md#program: what is written is read back, and nothing else is.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MizuError } from '../../protocol/errors.ts';
import { randomModule } from '../../test/differential/random-module.ts';
import { decodeModule } from '../decode/sections.ts';
import { encodeModule } from './encode.ts';
import type { FunctionBody } from './module.ts';
import { type Cursor, createCursor, readName, readS32, readS64, readU32 } from './read.ts';
import { createByteWriter } from './write.ts';

const U32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const S32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const S64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function written(put: (w: ReturnType<typeof createByteWriter>) => void): Uint8Array {
  const w = createByteWriter(1);
  put(w);
  return w.finish();
}

/** The value, if every byte is a part of it. */
function whole<T>(bytes: Uint8Array, read: (cursor: Cursor) => T): T {
  const cursor = createCursor(bytes);
  const value = read(cursor);
  expect(cursor.at).toBe(bytes.length);
  return value;
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as MizuError).code;
  }
}

describe('LEB128 numbers', () => {
  it('are read back', () => {
    fc.assert(
      fc.property(
        U32,
        (value) =>
          whole(
            written((w) => w.u32(value)),
            readU32,
          ) === value,
      ),
    );
    fc.assert(
      fc.property(
        S32,
        (value) =>
          whole(
            written((w) => w.s32(value)),
            readS32,
          ) === value,
      ),
    );
    fc.assert(
      fc.property(
        S64,
        (value) =>
          whole(
            written((w) => w.s64(value)),
            readS64,
          ) === value,
      ),
    );
    for (const value of [0, 0x3f, 0x40, 0x7f, 0x80, 0x7fffffff, 0x80000000, 0xffffffff])
      expect(
        whole(
          written((w) => w.u32(value)),
          readU32,
        ),
      ).toBe(value);
    for (const value of [-0x80000000, -0x41, -0x40, -1, 0x3f, 0x40, 0x7fffffff])
      expect(
        whole(
          written((w) => w.s32(value)),
          readS32,
        ),
      ).toBe(value);
  });

  it('may be padded up to their longest form, and no further', () => {
    const padded = (bytes: Uint8Array, length: number, sign: number): Uint8Array => {
      const more = length - bytes.length;
      if (more <= 0) return bytes;
      const last = bytes.length - 1;
      return Uint8Array.of(
        ...bytes.subarray(0, last),
        bytes[last]! | 0x80,
        ...new Array<number>(more - 1).fill(sign | 0x80),
        sign,
      );
    };
    fc.assert(
      fc.property(U32, fc.integer({ min: 1, max: 8 }), (value, length) => {
        const bytes = padded(
          written((w) => w.u32(value)),
          length,
          0,
        );
        if (bytes.length <= 5) expect(whole(bytes, readU32)).toBe(value);
        else expect(codeOf(() => readU32(createCursor(bytes)))).toBe('vm/malformed');
      }),
    );
    fc.assert(
      fc.property(S64, fc.integer({ min: 1, max: 14 }), (value, length) => {
        const bytes = padded(
          written((w) => w.s64(value)),
          length,
          value < 0n ? 0x7f : 0,
        );
        if (bytes.length <= 10) expect(whole(bytes, readS64)).toBe(value);
        else expect(codeOf(() => readS64(createCursor(bytes)))).toBe('vm/malformed');
      }),
    );
  });

  it('that are cut off or too large are malformed', () => {
    expect(codeOf(() => readU32(createCursor(Uint8Array.of(0x80, 0x80))))).toBe('vm/malformed');
    expect(codeOf(() => readU32(createCursor(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x1f))))).toBe('vm/malformed');
    expect(codeOf(() => readS32(createCursor(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f))))).toBe('vm/malformed');
  });
});

it('names are UTF-8, whatever is in them', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      expect(
        whole(
          written((w) => w.name(name)),
          readName,
        ),
      ).toBe(name);
    }),
  );
  expect(codeOf(() => readName(createCursor(Uint8Array.of(1, 0xff))))).toBe('vm/malformed');
});

it('a decoded module is encoded to one that decodes to the same', () => {
  const code = ({ type, bytes, start, end }: FunctionBody) => ({ type, code: bytes.slice(start, end) });
  for (let seed = 1; seed <= 15; seed++) {
    const module = decodeModule(randomModule(seed));
    const again = decodeModule(encodeModule(module));
    expect({ ...again, functions: again.functions.map(code), weight: 0 }).toEqual({
      ...module,
      functions: module.functions.map(code),
      weight: 0,
    });
    expect(encodeModule(again)).toEqual(encodeModule(module));
  }
});
