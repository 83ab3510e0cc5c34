// docs/models.md#arithmetic: a matrix product in f32. Each sum begins with 0 and goes through its products in their order, so that it does
// not depend on how rows and columns are taken together: four by four, which loads each number once for four products.

/** Rows whose values stand side by side for the product; columns of the weights that do. */
const TILE: u32 = 4;

let packed: u32 = 0;

/** Room for the widest row that will come. */
export function reserveDense(width: u32): void {
  packed = u32(heap.alloc(width * TILE * 4));
}

/**
 * `y[row][column] = sum of x[row][k] * w[k][column] + bias[column]`. `w` stands in panels of four columns: for each k its four
 * values. `columns` is a multiple of four, and `width` of two.
 */
export function dense(x: u32, rows: u32, width: u32, w: u32, bias: u32, y: u32, columns: u32): void {
  let row: u32 = 0;
  const panel = width * TILE * 4;
  for (; row + 2 < rows; row += TILE) {
    const used = min<u32>(rows - row, TILE);
    pack(x + row * width * 4, used, width);
    for (let c: u32 = 0; c < columns; c += TILE)
      tileOfFour(w + (c / TILE) * panel, width, bias + c * 4, y + (row * columns + c) * 4, columns * 4, used);
  }
  for (; row < rows; row++) {
    for (let c: u32 = 0; c < columns; c += TILE)
      tileOfOne(x + row * width * 4, w + (c / TILE) * panel, width, bias + c * 4, y + (row * columns + c) * 4);
  }
}

/** Four rows, of which those beyond `used` are zero. */
function pack(x: u32, used: u32, width: u32): void {
  for (let r: u32 = 0; r < TILE; r++) {
    let to = packed + r * 4;
    if (r < used) {
      let from = x + r * width * 4;
      for (const end = from + width * 4; from < end; from += 4, to += TILE * 4) store<f32>(to, load<f32>(from));
    } else for (const end = to + width * TILE * 4; to < end; to += TILE * 4) store<f32>(to, 0);
  }
}

function tileOfFour(w: u32, width: u32, bias: u32, y: u32, stride: u32, used: u32): void {
  let x = packed;
  const end = x + width * TILE * 4;
  if (ASC_FEATURE_SIMD) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    for (; x < end; x += 16, w += 16) {
      const v = v128.load(w);
      a = f32x4.add(a, f32x4.mul(v128.load_splat<f32>(x), v));
      b = f32x4.add(b, f32x4.mul(v128.load_splat<f32>(x, 4), v));
      c = f32x4.add(c, f32x4.mul(v128.load_splat<f32>(x, 8), v));
      d = f32x4.add(d, f32x4.mul(v128.load_splat<f32>(x, 12), v));
    }
    const v = v128.load(bias);
    v128.store(y, f32x4.add(a, v));
    v128.store(y + stride, f32x4.add(b, v));
    v128.store(y + 2 * stride, f32x4.add(c, v));
    if (used == TILE) v128.store(y + 3 * stride, f32x4.add(d, v));
    return;
  }
  let a0: f32 = 0, a1: f32 = 0, a2: f32 = 0, a3: f32 = 0;
  let b0: f32 = 0, b1: f32 = 0, b2: f32 = 0, b3: f32 = 0;
  let c0: f32 = 0, c1: f32 = 0, c2: f32 = 0, c3: f32 = 0;
  let d0: f32 = 0, d1: f32 = 0, d2: f32 = 0, d3: f32 = 0;
  for (; x < end; x += 32, w += 32) {
    let v0 = load<f32>(w), v1 = load<f32>(w, 4), v2 = load<f32>(w, 8), v3 = load<f32>(w, 12);
    let u = load<f32>(x);
    a0 += u * v0; a1 += u * v1; a2 += u * v2; a3 += u * v3;
    u = load<f32>(x, 4);
    b0 += u * v0; b1 += u * v1; b2 += u * v2; b3 += u * v3;
    u = load<f32>(x, 8);
    c0 += u * v0; c1 += u * v1; c2 += u * v2; c3 += u * v3;
    u = load<f32>(x, 12);
    d0 += u * v0; d1 += u * v1; d2 += u * v2; d3 += u * v3;
    v0 = load<f32>(w, 16); v1 = load<f32>(w, 20); v2 = load<f32>(w, 24); v3 = load<f32>(w, 28);
    u = load<f32>(x, 16);
    a0 += u * v0; a1 += u * v1; a2 += u * v2; a3 += u * v3;
    u = load<f32>(x, 20);
    b0 += u * v0; b1 += u * v1; b2 += u * v2; b3 += u * v3;
    u = load<f32>(x, 24);
    c0 += u * v0; c1 += u * v1; c2 += u * v2; c3 += u * v3;
    u = load<f32>(x, 28);
    d0 += u * v0; d1 += u * v1; d2 += u * v2; d3 += u * v3;
  }
  finish(y, bias, a0, a1, a2, a3);
  finish(y + stride, bias, b0, b1, b2, b3);
  finish(y + 2 * stride, bias, c0, c1, c2, c3);
  if (used == TILE) finish(y + 3 * stride, bias, d0, d1, d2, d3);
}

function tileOfOne(x: u32, w: u32, width: u32, bias: u32, y: u32): void {
  const end = x + width * 4;
  if (ASC_FEATURE_SIMD) {
    let a = f32x4.splat(0);
    for (; x < end; x += 4, w += 16) a = f32x4.add(a, f32x4.mul(v128.load_splat<f32>(x), v128.load(w)));
    v128.store(y, f32x4.add(a, v128.load(bias)));
    return;
  }
  let a0: f32 = 0, a1: f32 = 0, a2: f32 = 0, a3: f32 = 0;
  for (; x < end; x += 8, w += 32) {
    let u = load<f32>(x);
    a0 += u * load<f32>(w); a1 += u * load<f32>(w, 4); a2 += u * load<f32>(w, 8); a3 += u * load<f32>(w, 12);
    u = load<f32>(x, 4);
    a0 += u * load<f32>(w, 16); a1 += u * load<f32>(w, 20); a2 += u * load<f32>(w, 24); a3 += u * load<f32>(w, 28);
  }
  finish(y, bias, a0, a1, a2, a3);
}

@inline
function finish(y: u32, bias: u32, a: f32, b: f32, c: f32, d: f32): void {
  store<f32>(y, a + load<f32>(bias));
  store<f32>(y, b + load<f32>(bias, 4), 4);
  store<f32>(y, c + load<f32>(bias, 8), 8);
  store<f32>(y, d + load<f32>(bias, 12), 12);
}
