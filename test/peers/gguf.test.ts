// docs/court.md#class-b-tests
import { expect, test } from 'vitest';
import { encodeGguf, toHalf } from './gguf.ts';

test('a file has its magic, its version, its counts and its tensors behind them, aligned to 32 bytes', () => {
  const values = Float32Array.of(1, -2, 3, 4);
  const metadata = { 'general.architecture': { type: 'string', value: 'llama' } } as const;
  const bytes = encodeGguf(metadata, [{ name: 'a', shape: [2, 2], encoding: 'f32', values }]);
  const view = new DataView(bytes.buffer);
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('GGUF');
  expect(view.getUint32(4, true)).toBe(3);
  expect([view.getBigUint64(8, true), view.getBigUint64(16, true)]).toEqual([1n, 1n]);
  expect(bytes.length % 32).toBe(0);
  expect([0, 4, 8, 12].map((at) => view.getFloat32(bytes.length - 32 + at, true))).toEqual([1, -2, 3, 4]);
});

test.each([
  [0, 0],
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [65520, 0x7c00],
  [2 ** -24, 1],
  [2 ** -14, 0x400],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [2 - 2 ** -12, 0x4000],
])('%d in 16 bits', (value, half) => {
  expect(toHalf(value)).toBe(half);
});

test('blocks have a scale and 32 numbers', () => {
  const values = Float32Array.from({ length: 32 }, (_, i) => i - 16);
  const blockOf = (encoding: 'q8_0' | 'q4_0', size: number) => {
    const bytes = encodeGguf({}, [{ name: 'a', shape: [32], encoding, values }]);
    const start = bytes.length - Math.ceil(size / 32) * 32;
    return bytes.subarray(start, start + size);
  };
  const q8 = blockOf('q8_0', 34);
  expect(q8[0]! | (q8[1]! << 8)).toBe(toHalf(16 / 127));
  expect([...new Int8Array(q8.slice(2, 5).buffer)]).toEqual([-127, -119, -111]);
  const q4 = blockOf('q4_0', 18);
  expect(q4[0]! | (q4[1]! << 8)).toBe(toHalf(2));
  expect([q4[2]! & 15, q4[2]! >> 4]).toEqual([0, 8]);
});

test('what does not fit is refused', () => {
  const tensor = { name: 'a', shape: [31], values: new Float32Array(31) };
  expect(() => encodeGguf({}, [{ ...tensor, encoding: 'q8_0' }])).toThrow(
    'expected rows of whole blocks of 32, not 31',
  );
  expect(() => encodeGguf({}, [{ ...tensor, shape: [32], encoding: 'f32' }])).toThrow('expected 32 numbers');
});
