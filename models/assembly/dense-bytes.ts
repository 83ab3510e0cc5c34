// docs/models.md#int8: a matrix product of signed bytes by `dot_i8`. Sums of whole numbers are exact in any order.
import { dotI8 } from "./host";

const MOST: f32 = 127;
const LEAF_BYTES: u32 = 128;

let row: u32 = 0;

/** Room for the widest row that will come. */
export function reserveDenseBytes(width: u32): void {
  row = (u32(heap.alloc(width + LEAF_BYTES)) + LEAF_BYTES - 1) & ~(LEAF_BYTES - 1);
}

/** Bytes of a matrix with the units of its columns. */
export function matrixBytes(width: u32, columns: u32): u32 {
  return columns * (width + 4);
}

/**
 * `y[row][column] = sum of x[row][k] * w[k][column] + bias[column]`, where each row of `x` is rounded to 127 steps to each side
 * of zero, as each column of `w` has been. `w` is one column after another, and behind them the unit of each in f32.
 * `width` is a multiple of a leaf.
 */
export function denseBytes(x: u32, rows: u32, width: u32, w: u32, bias: u32, y: u32, columns: u32): void {
  const units = w + columns * width;
  for (const end = x + rows * width * 4; x < end; x += width * 4) {
    const unit = round(x, width);
    let column = w;
    for (let c: u32 = 0; c < columns * 4; c += 4, column += width, y += 4) {
      const sum = f32(dotI8(0, row, column, width));
      store<f32>(y, sum * (unit * load<f32>(units + c)) + load<f32>(bias + c));
    }
  }
}

/** Puts the rounded row into `row`. @returns its unit */
function round(x: u32, width: u32): f32 {
  let most: f32 = 0;
  for (let k: u32 = 0; k < width * 4; k += 4) most = max<f32>(most, abs<f32>(load<f32>(x + k)));
  if (most == 0) {
    memory.fill(row, 0, width);
    return 0;
  }
  const steps = MOST / most;
  for (let k: u32 = 0; k < width; k++) store<i8>(row + k, i8(nearest<f32>(load<f32>(x + 4 * k) * steps)));
  return most / MOST;
}
