// Workloads for the overhead of the native rewrite; compiled by AssemblyScript.

export let result: u32 = 0;

/** Integer arithmetic in nested loops: xorshift and a sieve in registers. */
export function loops(): void {
  let sum: u32 = 0;
  for (let i: u32 = 1; i < 30_000; i++) {
    let x: u32 = i * 2654435761;
    for (let j: u32 = 0; j < 400; j++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      if ((x & 7) == 3) sum += x;
      else sum ^= j;
    }
  }
  result = sum;
}

/** Sorts and sums arrays: loads and stores with bounds checks. */
export function sorting(): void {
  const values = new StaticArray<u32>(1 << 16);
  let seed: u32 = 12345;
  let sum: u32 = 0;
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < values.length; i++) {
      seed = seed * 1664525 + 1013904223;
      values[i] = seed >>> 4;
    }
    heapSort(values);
    for (let i = 1; i < values.length; i++) sum += values[i] ^ values[i - 1];
  }
  result = sum;
}

function heapSort(values: StaticArray<u32>): void {
  const count = values.length;
  for (let i = (count >> 1) - 1; i >= 0; i--) siftDown(values, i, count);
  for (let end = count - 1; end > 0; end--) {
    const top = values[0];
    values[0] = values[end];
    values[end] = top;
    siftDown(values, 0, end);
  }
}

function siftDown(values: StaticArray<u32>, start: i32, end: i32): void {
  let root = start;
  while (true) {
    let child = 2 * root + 1;
    if (child >= end) return;
    if (child + 1 < end && values[child] < values[child + 1]) child++;
    if (values[root] >= values[child]) return;
    const moved = values[root];
    values[root] = values[child];
    values[child] = moved;
    root = child;
  }
}

/** Small recursive functions: nothing but calls. */
export function calls(): void {
  result = fibonacci(34);
}

function fibonacci(n: u32): u32 {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/** Text: splits words and counts them in a hash map, with allocation and strings. */
export function text(): void {
  let sum: u32 = 0;
  for (let round = 0; round < 60; round++) {
    const counts = new Map<string, i32>();
    let line = '';
    for (let i = 0; i < 300; i++) line += ((i * i + round) % 97).toString() + ' ';
    const words = line.split(' ');
    for (let i = 0; i < words.length; i++) {
      const word = words[i];
      counts.set(word, (counts.has(word) ? counts.get(word) : 0) + 1);
    }
    sum += counts.size;
  }
  result = sum;
}

/** Floating point: n-body steps. */
export function floats(): void {
  let x: f64 = 0.3;
  let y: f64 = 0.7;
  let z: f64 = 0;
  for (let i = 0; i < 6_000_000; i++) {
    const d = Math.sqrt(x * x + y * y) + 0.001;
    const nx = x + (y / d) * 0.01;
    y = y - (x / d) * 0.01 + 0.0000001;
    x = nx;
    z += x * y;
  }
  result = <u32>(z * 1000);
}
