// A matrix of bytes times a vector of bytes, as a DataVM program; compiled by AssemblyScript.

@external("mizu", "dot_i8")
declare function dotI8(sum: i32, left: usize, right: usize, n: u32): i32;
@external("mizu", "input_read")
declare function inputRead(target: usize, index: i32, offset: i64, length: i32): void;
@external("mizu", "output_write")
declare function outputWrite(source: usize, length: i32): void;

/** Where the program's memory is free: the parameters, the result, the vector, the matrix. */
const PARAMETERS: usize = 1024;
const RESULT: usize = 1040;
const VECTOR: usize = 1 << 16;
const MATRIX: usize = 1 << 17;

function scalar(left: usize, right: usize, n: u32): i32 {
  let sum = 0;
  for (let i: usize = 0; i < n; i++) sum += <i32>load<i8>(left + i) * <i32>load<i8>(right + i);
  return sum;
}

/** The first 64 KiB are pseudo-random, the rest copies of them. */
function fill(bytes: usize): void {
  let seed: u32 = 1;
  for (let at = VECTOR; at < MATRIX; at += 4) {
    seed = seed * 1664525 + 1013904223;
    store<u32>(at, seed ^ (seed >>> 13));
  }
  for (let done: usize = 0; done < bytes; done += 1 << 16) memory.copy(MATRIX + done, VECTOR, min<usize>(1 << 16, bytes - done));
}

/** Input 0 says whether to use the instruction, rows, columns, and how often. */
export function _start(): void {
  inputRead(PARAMETERS, 0, 0, 16);
  const instruction = load<u32>(PARAMETERS) != 0;
  const rows = load<u32>(PARAMETERS, 4);
  const columns = load<u32>(PARAMETERS, 8);
  const passes = load<u32>(PARAMETERS, 12);
  fill(<usize>rows * columns);
  let hash: u32 = 0;
  for (let pass: u32 = 0; pass < passes; pass++) {
    let row = MATRIX;
    for (let i: u32 = 0; i < rows; i++) {
      const sum = instruction ? dotI8(0, row, VECTOR, columns) : scalar(row, VECTOR, columns);
      hash = rotl<u32>(hash, 1) ^ <u32>sum;
      row += columns;
    }
  }
  store<u32>(RESULT, hash);
  outputWrite(RESULT, 4);
}
