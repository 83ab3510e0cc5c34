// docs/models.md#kernels: a matrix times a vector, in floats or in integers of 8 and 4 bits.
import {
  ENCODING_F32,
  ENCODING_INT8,
  MATRIX_COLUMNS,
  MATRIX_ENCODING,
  MATRIX_GROUP,
  MATRIX_ROWS,
  MATRIX_SCALES,
  MATRIX_WEIGHTS,
  QUANTS,
  QUANT_SCALES,
  QUANT_SUMS,
  UNPACKED,
} from "./layout";
import { dotI8 } from "../../assembly/host";
import { header } from "./header";

const LARGEST: f32 = 127;
const LOW_HALVES: u64 = 0x0f0f0f0f0f0f0f0f;
/** Weights of 4 bits are written as 0 to 15 and mean -8 to 7. */
const OFFSET: i32 = 8;

/** Must come before `multiply` by matrices that are not of floats: the vector as bytes, group by group. */
export function prepare(matrix: u32, vector: u32): void {
  if (load<u32>(matrix, MATRIX_ENCODING) == ENCODING_F32) return;
  const group = load<u32>(matrix, MATRIX_GROUP);
  const count = load<u32>(matrix, MATRIX_COLUMNS) / group;
  let quants = header(QUANTS);
  let scales = header(QUANT_SCALES);
  let sums = header(QUANT_SUMS);
  for (let i: u32 = 0; i < count; i++) {
    const end = vector + (group << 2);
    let most: f32 = 0;
    for (let at = vector; at < end; at += 16) {
      const first = max<f32>(abs<f32>(load<f32>(at)), abs<f32>(load<f32>(at, 4)));
      const second = max<f32>(abs<f32>(load<f32>(at, 8)), abs<f32>(load<f32>(at, 12)));
      most = max<f32>(most, max<f32>(first, second));
    }
    const factor: f32 = most == 0 ? 0 : LARGEST / most;
    let sum: i32 = 0;
    for (; vector < end; vector += 16, quants += 4) {
      const a = <i32>nearest<f32>(load<f32>(vector) * factor);
      const b = <i32>nearest<f32>(load<f32>(vector, 4) * factor);
      const c = <i32>nearest<f32>(load<f32>(vector, 8) * factor);
      const d = <i32>nearest<f32>(load<f32>(vector, 12) * factor);
      store<i8>(quants, a);
      store<i8>(quants, b, 1);
      store<i8>(quants, c, 2);
      store<i8>(quants, d, 3);
      sum += a + b + c + d;
    }
    store<f32>(scales, most / LARGEST);
    store<i32>(sums, sum * OFFSET);
    scales += 4;
    sums += 4;
  }
}

/** `result` = matrix * vector. */
export function multiply(matrix: u32, vector: u32, result: u32): void {
  const encoding = load<u32>(matrix, MATRIX_ENCODING);
  if (encoding == ENCODING_F32) multiplyFloats(matrix, vector, result);
  else if (encoding == ENCODING_INT8) multiplyBytes(matrix, result);
  else multiplyHalves(matrix, result);
}

function multiplyFloats(matrix: u32, vector: u32, result: u32): void {
  const rows = load<u32>(matrix, MATRIX_ROWS);
  const pitch = load<u32>(matrix, MATRIX_COLUMNS) << 2;
  const vectorEnd = vector + pitch;
  const end = result + (rows << 2);
  let row = load<u32>(matrix, MATRIX_WEIGHTS);
  for (; result + 16 <= end; result += 16) {
    multiplyFour(row, pitch, vector, vectorEnd, result);
    row += pitch << 2;
  }
  for (; result < end; result += 4) {
    let sum: f32 = 0;
    for (let x = vector; x < vectorEnd; x += 4, row += 4) sum += load<f32>(row) * load<f32>(x);
    store<f32>(result, sum);
  }
}

// Four rows share the loads of the vector, and eight columns the counting: 3.5 instructions a weight.
function multiplyFour(row0: u32, pitch: u32, vector: u32, vectorEnd: u32, result: u32): void {
  let row1 = row0 + pitch;
  let row2 = row1 + pitch;
  let row3 = row2 + pitch;
  let sum0: f32 = 0;
  let sum1: f32 = 0;
  let sum2: f32 = 0;
  let sum3: f32 = 0;
  for (let x = vector; x < vectorEnd; x += 32) {
    const x0 = load<f32>(x);
    sum0 += load<f32>(row0) * x0;
    sum1 += load<f32>(row1) * x0;
    sum2 += load<f32>(row2) * x0;
    sum3 += load<f32>(row3) * x0;
    const x1 = load<f32>(x, 4);
    sum0 += load<f32>(row0, 4) * x1;
    sum1 += load<f32>(row1, 4) * x1;
    sum2 += load<f32>(row2, 4) * x1;
    sum3 += load<f32>(row3, 4) * x1;
    const x2 = load<f32>(x, 8);
    sum0 += load<f32>(row0, 8) * x2;
    sum1 += load<f32>(row1, 8) * x2;
    sum2 += load<f32>(row2, 8) * x2;
    sum3 += load<f32>(row3, 8) * x2;
    const x3 = load<f32>(x, 12);
    sum0 += load<f32>(row0, 12) * x3;
    sum1 += load<f32>(row1, 12) * x3;
    sum2 += load<f32>(row2, 12) * x3;
    sum3 += load<f32>(row3, 12) * x3;
    const x4 = load<f32>(x, 16);
    sum0 += load<f32>(row0, 16) * x4;
    sum1 += load<f32>(row1, 16) * x4;
    sum2 += load<f32>(row2, 16) * x4;
    sum3 += load<f32>(row3, 16) * x4;
    const x5 = load<f32>(x, 20);
    sum0 += load<f32>(row0, 20) * x5;
    sum1 += load<f32>(row1, 20) * x5;
    sum2 += load<f32>(row2, 20) * x5;
    sum3 += load<f32>(row3, 20) * x5;
    const x6 = load<f32>(x, 24);
    sum0 += load<f32>(row0, 24) * x6;
    sum1 += load<f32>(row1, 24) * x6;
    sum2 += load<f32>(row2, 24) * x6;
    sum3 += load<f32>(row3, 24) * x6;
    const x7 = load<f32>(x, 28);
    sum0 += load<f32>(row0, 28) * x7;
    sum1 += load<f32>(row1, 28) * x7;
    sum2 += load<f32>(row2, 28) * x7;
    sum3 += load<f32>(row3, 28) * x7;
    row0 += 32;
    row1 += 32;
    row2 += 32;
    row3 += 32;
  }
  store<f32>(result, sum0);
  store<f32>(result, sum1, 4);
  store<f32>(result, sum2, 8);
  store<f32>(result, sum3, 12);
}

function multiplyBytes(matrix: u32, result: u32): void {
  const group = load<u32>(matrix, MATRIX_GROUP);
  const end = result + (load<u32>(matrix, MATRIX_ROWS) << 2);
  const quants = header(QUANTS);
  const quantEnd = quants + load<u32>(matrix, MATRIX_COLUMNS);
  const quantScales = header(QUANT_SCALES);
  let weights = load<u32>(matrix, MATRIX_WEIGHTS);
  let scales = load<u32>(matrix, MATRIX_SCALES);
  if (quants + group == quantEnd) return multiplyRows(weights, group, scales, result, end);
  for (; result < end; result += 4) {
    let sum: f32 = 0;
    let scale = quantScales;
    for (let x = quants; x < quantEnd; x += group) {
      sum += <f32>dotI8(0, weights, x, group) * (load<f32>(scales) * load<f32>(scale));
      weights += group;
      scales += 4;
      scale += 4;
    }
    store<f32>(result, sum);
  }
}

// Rows of one group, which is most of what a small model computes: four of them share the counting.
function multiplyRows(row: u32, group: u32, scales: u32, result: u32, end: u32): void {
  const quants = header(QUANTS);
  const unit = load<f32>(header(QUANT_SCALES));
  for (; result + 16 <= end; result += 16, scales += 16) {
    store<f32>(result, <f32>dotI8(0, row, quants, group) * (load<f32>(scales) * unit));
    row += group;
    store<f32>(result, <f32>dotI8(0, row, quants, group) * (load<f32>(scales, 4) * unit), 4);
    row += group;
    store<f32>(result, <f32>dotI8(0, row, quants, group) * (load<f32>(scales, 8) * unit), 8);
    row += group;
    store<f32>(result, <f32>dotI8(0, row, quants, group) * (load<f32>(scales, 12) * unit), 12);
    row += group;
  }
  for (; result < end; result += 4, scales += 4, row += group)
    store<f32>(result, <f32>dotI8(0, row, quants, group) * (load<f32>(scales) * unit));
}

function multiplyHalves(matrix: u32, result: u32): void {
  const group = load<u32>(matrix, MATRIX_GROUP);
  const end = result + (load<u32>(matrix, MATRIX_ROWS) << 2);
  const quants = header(QUANTS);
  const quantEnd = quants + load<u32>(matrix, MATRIX_COLUMNS);
  const quantScales = header(QUANT_SCALES);
  const quantSums = header(QUANT_SUMS);
  const unpacked = header(UNPACKED);
  let weights = load<u32>(matrix, MATRIX_WEIGHTS);
  let scales = load<u32>(matrix, MATRIX_SCALES);
  for (; result < end; result += 4) {
    let sum: f32 = 0;
    let scale = quantScales;
    let total = quantSums;
    for (let x = quants; x < quantEnd; x += group) {
      unpack(weights, group, unpacked);
      const product = dotI8(-load<i32>(total), unpacked, x, group);
      sum += <f32>product * (load<f32>(scales) * load<f32>(scale));
      weights += group >> 1;
      scales += 4;
      scale += 4;
      total += 4;
    }
    store<f32>(result, sum);
  }
}

// Of 16 weights the lower halves of 8 bytes are the first 8. A group has a multiple of 32.
// @ts-ignore: decorator
@inline
function unpack(weights: u32, group: u32, to: u32): void {
  const end = to + group;
  for (; to < end; to += 32, weights += 16) {
    const first = load<u64>(weights);
    store<u64>(to, first & LOW_HALVES);
    store<u64>(to, (first >> 4) & LOW_HALVES, 8);
    const second = load<u64>(weights, 8);
    store<u64>(to, second & LOW_HALVES, 16);
    store<u64>(to, (second >> 4) & LOW_HALVES, 24);
  }
}

/** The floats of a row. */
export function readRow(matrix: u32, row: u32, to: u32): void {
  const columns = load<u32>(matrix, MATRIX_COLUMNS);
  const encoding = load<u32>(matrix, MATRIX_ENCODING);
  const weights = load<u32>(matrix, MATRIX_WEIGHTS);
  const first = row * columns;
  if (encoding == ENCODING_F32) {
    memory.copy(to, weights + (first << 2), columns << 2);
    return;
  }
  const group = load<u32>(matrix, MATRIX_GROUP);
  let scales = load<u32>(matrix, MATRIX_SCALES) + ((first / group) << 2);
  for (let at: u32 = 0; at < columns; at += group, scales += 4) {
    let bytes: u32 = weights + first + at;
    if (encoding != ENCODING_INT8) {
      bytes = header(UNPACKED);
      unpack(weights + ((first + at) >> 1), group, bytes);
    }
    const offset = encoding == ENCODING_INT8 ? 0 : OFFSET;
    const scale = load<f32>(scales);
    for (let i: u32 = 0; i < group; i++)
      store<f32>(to + ((at + i) << 2), <f32>(<i32>load<i8>(bytes + i) - offset) * scale);
  }
}
