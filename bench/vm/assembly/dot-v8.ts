// The same in V8 alone, also with vector instructions, a row at a time or four; compiled by AssemblyScript.

const VECTOR: usize = 1 << 16;
const MATRIX: usize = 1 << 17;

function scalar(left: usize, right: usize, n: u32): i32 {
  let sum = 0;
  for (let i: usize = 0; i < n; i++) sum += <i32>load<i8>(left + i) * <i32>load<i8>(right + i);
  return sum;
}

// @ts-ignore: decorator
@inline
function products(left: usize, right: usize): v128 {
  return i32x4.dot_i16x8_s(v128.load_ext<i8>(left), v128.load_ext<i8>(right));
}

// @ts-ignore: decorator
@inline
function total(lanes: v128): i32 {
  return i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1) + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3);
}

function vector(left: usize, right: usize, n: u32): i32 {
  let lanes = i32x4.splat(0);
  for (let i: usize = 0; i < n; i += 16) {
    lanes = i32x4.add(lanes, i32x4.add(products(left + i, right + i), products(left + i + 8, right + i + 8)));
  }
  return total(lanes);
}

export function fill(bytes: usize): void {
  let seed: u32 = 1;
  for (let at = VECTOR; at < MATRIX; at += 4) {
    seed = seed * 1664525 + 1013904223;
    store<u32>(at, seed ^ (seed >>> 13));
  }
  for (let done: usize = 0; done < bytes; done += 1 << 16) memory.copy(MATRIX + done, VECTOR, min<usize>(1 << 16, bytes - done));
}

export function runScalar(rows: u32, columns: u32, passes: u32): u32 {
  let hash: u32 = 0;
  for (let pass: u32 = 0; pass < passes; pass++) {
    let row = MATRIX;
    for (let i: u32 = 0; i < rows; i++) {
      hash = rotl<u32>(hash, 1) ^ <u32>scalar(row, VECTOR, columns);
      row += columns;
    }
  }
  return hash;
}

export function runVector(rows: u32, columns: u32, passes: u32): u32 {
  let hash: u32 = 0;
  for (let pass: u32 = 0; pass < passes; pass++) {
    let row = MATRIX;
    for (let i: u32 = 0; i < rows; i++) {
      hash = rotl<u32>(hash, 1) ^ <u32>vector(row, VECTOR, columns);
      row += columns;
    }
  }
  return hash;
}

/** What an instruction for a whole matrix could do: it reads the vector once for four rows. */
export function runFourRows(rows: u32, columns: u32, passes: u32): u32 {
  let hash: u32 = 0;
  for (let pass: u32 = 0; pass < passes; pass++) {
    let row = MATRIX;
    for (let i: u32 = 0; i < rows; i += 4) {
      let a = i32x4.splat(0);
      let b = i32x4.splat(0);
      let c = i32x4.splat(0);
      let d = i32x4.splat(0);
      for (let j: usize = 0; j < columns; j += 8) {
        const right = v128.load_ext<i8>(VECTOR + j);
        const left = row + j;
        a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load_ext<i8>(left), right));
        b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load_ext<i8>(left + columns), right));
        c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load_ext<i8>(left + 2 * columns), right));
        d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load_ext<i8>(left + 3 * columns), right));
      }
      hash = rotl<u32>(hash, 1) ^ <u32>total(a);
      hash = rotl<u32>(hash, 1) ^ <u32>total(b);
      hash = rotl<u32>(hash, 1) ^ <u32>total(c);
      hash = rotl<u32>(hash, 1) ^ <u32>total(d);
      row += 4 * columns;
    }
  }
  return hash;
}
