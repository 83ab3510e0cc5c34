// docs/vm.md#dot: sums of products of bytes with V8's vector instructions, eight bytes at a time.
import { I32 } from '../wasm/module.ts';
import { BLOCK_VOID, PREFIX_FD, VECTOR, WASM } from '../wasm/opcodes.ts';
import { type ByteWriter, put } from '../wasm/write.ts';

/** Parameters and locals of the shim. */
export const DOT = { sum: 0, left: 1, right: 2, n: 3, end: 4, lanes: 5 } as const;
const V128 = 0x7b;
const STEP = 16;
const HALF = STEP / 2;

export function putDotLocals(w: ByteWriter): void {
  w.byte(2, 1, I32, 1, V128);
}

/** Pushes the sum. Both spans lie in memory; what is behind them is not read. */
export function putDot(w: ByteWriter): void {
  putLoop(w, ~(STEP - 1), STEP, () => {
    put.localGet(w, DOT.lanes);
    putProducts(w, 0);
    vector(w, VECTOR.i32x4Add);
    putProducts(w, HALF);
    vector(w, VECTOR.i32x4Add);
    put.localSet(w, DOT.lanes);
  });
  putLoop(w, HALF, HALF, () => {
    put.localGet(w, DOT.lanes);
    putProducts(w, 0);
    vector(w, VECTOR.i32x4Add);
    put.localSet(w, DOT.lanes);
  });
  putLoop(w, HALF - 1, 1, () => {
    put.localGet(w, DOT.sum);
    for (const side of [DOT.left, DOT.right]) {
      put.localGet(w, side);
      w.byte(WASM.i32Load8S, 0, 0);
    }
    w.byte(WASM.i32Mul, WASM.i32Add);
    put.localSet(w, DOT.sum);
  });
  put.localGet(w, DOT.sum);
  for (let lane = 0; lane < 4; lane++) {
    put.localGet(w, DOT.lanes);
    vector(w, VECTOR.i32x4ExtractLane);
    w.byte(lane, WASM.i32Add);
  }
}

/** The body for every `step` of the bytes of n that the mask names, both addresses going on. */
function putLoop(w: ByteWriter, mask: number, step: number, putBody: () => void): void {
  put.localGet(w, DOT.left);
  put.localGet(w, DOT.n);
  put.i32Const(w, mask);
  w.byte(WASM.i32And, WASM.i32Add);
  put.localSet(w, DOT.end);
  w.byte(WASM.block, BLOCK_VOID, WASM.loop, BLOCK_VOID);
  put.localGet(w, DOT.left);
  put.localGet(w, DOT.end);
  w.byte(WASM.i32Eq, WASM.brIf, 1);
  putBody();
  for (const side of [DOT.left, DOT.right]) {
    put.localGet(w, side);
    put.i32Const(w, step);
    w.byte(WASM.i32Add);
    put.localSet(w, side);
  }
  put.br(w, 0);
  put.end(w);
  put.end(w);
}

/** Pushes four sums of two products each, of the eight bytes at an offset of both addresses. */
function putProducts(w: ByteWriter, offset: number): void {
  for (const side of [DOT.left, DOT.right]) {
    put.localGet(w, side);
    vector(w, VECTOR.v128Load8x8S);
    w.byte(0, offset);
  }
  vector(w, VECTOR.i32x4DotI16x8S);
}

function vector(w: ByteWriter, op: number): void {
  w.byte(PREFIX_FD);
  w.u32(op);
}
