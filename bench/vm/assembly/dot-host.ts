// docs/models.md#llama-speed: models/assembly/host.ts for V8 alone, whose module has the products of bytes in itself.

@external("mizu", "input_size")
export declare function inputSize(index: i32): i64;

@external("mizu", "input_read")
export declare function inputRead(dst: usize, index: i32, offset: i64, length: i32): void;

@external("mizu", "output_write")
export declare function outputWrite(src: usize, length: i32): void;

@external("mizu", "exit")
export declare function exit(code: i32): void;

export function dotI8(sum: i32, left: usize, right: usize, n: u32): i32 {
  const end = left + n;
  if (ASC_FEATURE_SIMD) {
    let total = i32x4.splat(0);
    for (; left + 16 <= end; left += 16, right += 16) {
      const a = v128.load(left);
      const b = v128.load(right);
      total = i32x4.add(total, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(a), i16x8.extend_low_i8x16_s(b)));
      total = i32x4.add(total, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(a), i16x8.extend_high_i8x16_s(b)));
    }
    sum += i32x4.extract_lane(total, 0) + i32x4.extract_lane(total, 1);
    sum += i32x4.extract_lane(total, 2) + i32x4.extract_lane(total, 3);
  }
  for (; left < end; left++, right++) sum += i32(load<i8>(left)) * i32(load<i8>(right));
  return sum;
}
