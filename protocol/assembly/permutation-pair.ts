// FIPS 202, section 3.3: Keccak-f[1600] of two states at a time, one in each half of a vector. Node.js and browsers have
// had 128-bit vectors of WebAssembly since 2021; the DataVM has none, so the kernel has the scalar permutation.

const ROUNDS: usize = 24;
/** Bytes of two states: lane (x, y) of both is at 16 * (x + 5 * y), the first one's in front. */
export const PAIR_BYTES: usize = 400;

// @ts-ignore: decorator
@inline
function rotl(lanes: v128, bits: i32): v128 {
  return v128.or(v128.shl<i64>(lanes, bits), v128.shr<u64>(lanes, 64 - bits));
}

/** Permutes the 400 bytes at `states`; the 24 round constants, u64 each, are at `constants`. */
export function permutePair(states: usize, constants: usize): void {
  let a0 = v128.load(states, 0);
  let a1 = v128.load(states, 16);
  let a2 = v128.load(states, 32);
  let a3 = v128.load(states, 48);
  let a4 = v128.load(states, 64);
  let a5 = v128.load(states, 80);
  let a6 = v128.load(states, 96);
  let a7 = v128.load(states, 112);
  let a8 = v128.load(states, 128);
  let a9 = v128.load(states, 144);
  let a10 = v128.load(states, 160);
  let a11 = v128.load(states, 176);
  let a12 = v128.load(states, 192);
  let a13 = v128.load(states, 208);
  let a14 = v128.load(states, 224);
  let a15 = v128.load(states, 240);
  let a16 = v128.load(states, 256);
  let a17 = v128.load(states, 272);
  let a18 = v128.load(states, 288);
  let a19 = v128.load(states, 304);
  let a20 = v128.load(states, 320);
  let a21 = v128.load(states, 336);
  let a22 = v128.load(states, 352);
  let a23 = v128.load(states, 368);
  let a24 = v128.load(states, 384);
  for (let round: usize = 0; round < ROUNDS * 8; round += 8) {
    const c0 = v128.xor(v128.xor(v128.xor(v128.xor(a0, a5), a10), a15), a20);
    const c1 = v128.xor(v128.xor(v128.xor(v128.xor(a1, a6), a11), a16), a21);
    const c2 = v128.xor(v128.xor(v128.xor(v128.xor(a2, a7), a12), a17), a22);
    const c3 = v128.xor(v128.xor(v128.xor(v128.xor(a3, a8), a13), a18), a23);
    const c4 = v128.xor(v128.xor(v128.xor(v128.xor(a4, a9), a14), a19), a24);
    const d0 = v128.xor(c4, rotl(c1, 1));
    const d1 = v128.xor(c0, rotl(c2, 1));
    const d2 = v128.xor(c1, rotl(c3, 1));
    const d3 = v128.xor(c2, rotl(c4, 1));
    const d4 = v128.xor(c3, rotl(c0, 1));
    const b0 = v128.xor(a0, d0);
    const b10 = rotl(v128.xor(a1, d1), 1);
    const b20 = rotl(v128.xor(a2, d2), 62);
    const b5 = rotl(v128.xor(a3, d3), 28);
    const b15 = rotl(v128.xor(a4, d4), 27);
    const b16 = rotl(v128.xor(a5, d0), 36);
    const b1 = rotl(v128.xor(a6, d1), 44);
    const b11 = rotl(v128.xor(a7, d2), 6);
    const b21 = rotl(v128.xor(a8, d3), 55);
    const b6 = rotl(v128.xor(a9, d4), 20);
    const b7 = rotl(v128.xor(a10, d0), 3);
    const b17 = rotl(v128.xor(a11, d1), 10);
    const b2 = rotl(v128.xor(a12, d2), 43);
    const b12 = rotl(v128.xor(a13, d3), 25);
    const b22 = rotl(v128.xor(a14, d4), 39);
    const b23 = rotl(v128.xor(a15, d0), 41);
    const b8 = rotl(v128.xor(a16, d1), 45);
    const b18 = rotl(v128.xor(a17, d2), 15);
    const b3 = rotl(v128.xor(a18, d3), 21);
    const b13 = rotl(v128.xor(a19, d4), 8);
    const b14 = rotl(v128.xor(a20, d0), 18);
    const b24 = rotl(v128.xor(a21, d1), 2);
    const b9 = rotl(v128.xor(a22, d2), 61);
    const b19 = rotl(v128.xor(a23, d3), 56);
    const b4 = rotl(v128.xor(a24, d4), 14);
    a0 = v128.xor(b0, v128.andnot(b2, b1));
    a1 = v128.xor(b1, v128.andnot(b3, b2));
    a2 = v128.xor(b2, v128.andnot(b4, b3));
    a3 = v128.xor(b3, v128.andnot(b0, b4));
    a4 = v128.xor(b4, v128.andnot(b1, b0));
    a5 = v128.xor(b5, v128.andnot(b7, b6));
    a6 = v128.xor(b6, v128.andnot(b8, b7));
    a7 = v128.xor(b7, v128.andnot(b9, b8));
    a8 = v128.xor(b8, v128.andnot(b5, b9));
    a9 = v128.xor(b9, v128.andnot(b6, b5));
    a10 = v128.xor(b10, v128.andnot(b12, b11));
    a11 = v128.xor(b11, v128.andnot(b13, b12));
    a12 = v128.xor(b12, v128.andnot(b14, b13));
    a13 = v128.xor(b13, v128.andnot(b10, b14));
    a14 = v128.xor(b14, v128.andnot(b11, b10));
    a15 = v128.xor(b15, v128.andnot(b17, b16));
    a16 = v128.xor(b16, v128.andnot(b18, b17));
    a17 = v128.xor(b17, v128.andnot(b19, b18));
    a18 = v128.xor(b18, v128.andnot(b15, b19));
    a19 = v128.xor(b19, v128.andnot(b16, b15));
    a20 = v128.xor(b20, v128.andnot(b22, b21));
    a21 = v128.xor(b21, v128.andnot(b23, b22));
    a22 = v128.xor(b22, v128.andnot(b24, b23));
    a23 = v128.xor(b23, v128.andnot(b20, b24));
    a24 = v128.xor(b24, v128.andnot(b21, b20));
    a0 = v128.xor(a0, v128.load_splat<u64>(constants + round));
  }
  v128.store(states, a0, 0);
  v128.store(states, a1, 16);
  v128.store(states, a2, 32);
  v128.store(states, a3, 48);
  v128.store(states, a4, 64);
  v128.store(states, a5, 80);
  v128.store(states, a6, 96);
  v128.store(states, a7, 112);
  v128.store(states, a8, 128);
  v128.store(states, a9, 144);
  v128.store(states, a10, 160);
  v128.store(states, a11, 176);
  v128.store(states, a12, 192);
  v128.store(states, a13, 208);
  v128.store(states, a14, 224);
  v128.store(states, a15, 240);
  v128.store(states, a16, 256);
  v128.store(states, a17, 272);
  v128.store(states, a18, 288);
  v128.store(states, a19, 304);
  v128.store(states, a20, 320);
  v128.store(states, a21, 336);
  v128.store(states, a22, 352);
  v128.store(states, a23, 368);
  v128.store(states, a24, 384);
}
