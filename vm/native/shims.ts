// docs/vm.md#engines: functions of the rewritten module that take the gas of bulk operations and guard host calls.
import { KEEP_BYTE_GAS, MAX_OUTPUT_BYTES, PAGE_GAS } from '../../protocol/constants.ts';
import { gasOf, OP } from '../../protocol/isa.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { HOST_FUNCTIONS, type HostName } from '../host-functions.ts';
import { PAGE_BYTES } from '../program.ts';
import { I32, I64 } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import { type ByteWriter, createByteWriter, put } from '../wasm/write.ts';
import { DOT, putDot, putDotLocals } from './dot.ts';
import { putFaultIf } from './fault.ts';
import { FAULT_OUT_OF_GAS, FAULT_OUTPUT, type NativeLayout, SHIM_COPY, SHIM_FILL, SHIM_INIT } from './layout.ts';

/** Body of the shim for a host function. */
export function buildHostShim(name: HostName, layout: NativeLayout): Uint8Array {
  const w = createByteWriter();
  const { params } = HOST_FUNCTIONS.get(name)!;
  if (name === 'dot_i8') return buildDotShim(w, layout);
  putLocals(w, name === 'preimage' ? 1 : 0);
  if (name === 'input_read')
    putBulkGas(w, layout, 3, gasOf(OP.input_read), [
      () => put.localGet(w, 0),
      () => {
        put.localGet(w, 2);
        w.byte(WASM.i32WrapI64);
      },
    ]);
  if (name === 'output_write') {
    putBulkGas(w, layout, 1, gasOf(OP.output_write), [
      () => put.globalGet(w, layout.outputLength),
      () => put.localGet(w, 0),
    ]);
    putGasOfEach(w, layout, 1, KEEP_BYTE_GAS);
    putOutputBound(w, layout);
  }
  putGasCheck(w, layout);
  params.forEach((type, index) => {
    put.localGet(w, index);
    if (type === I64 && name === 'input_read') w.byte(WASM.f64ConvertI64U);
  });
  put.call(
    w,
    layout.imports.findIndex((i) => i.name === name),
  );
  if (name === 'input_size') w.byte(WASM.i64TruncF64U);
  if (name === 'preimage') {
    put.localSet(w, 2);
    putBulkGas(w, layout, 2, gasOf(OP.preimage), [() => put.i32Const(w, 0)]);
    put.localGet(w, 2);
  }
  put.end(w);
  return w.finish();
}

function buildDotShim(w: ByteWriter, layout: NativeLayout): Uint8Array {
  putDotLocals(w);
  putBulkGas(w, layout, DOT.n, gasOf(OP.dot_i8), [() => put.localGet(w, DOT.left), () => put.localGet(w, DOT.right)]);
  putGasCheck(w, layout);
  putTrapBeyondMemory(w, DOT.left, DOT.n);
  putTrapBeyondMemory(w, DOT.right, DOT.n);
  putDot(w);
  put.end(w);
  return w.finish();
}

/** Body of the shim that grows the memory. */
export function buildGrowShim(layout: NativeLayout, pagesMax: number): Uint8Array {
  const w = createByteWriter();
  putGrow(w, layout, pagesMax);
  return w.finish();
}

/**
 * Body of the shim for `memory.fill`, `memory.copy`, or the `memory.init` of the segment that lies at `dataOffset` of
 * the data region.
 */
export function buildBulkShim(name: string, layout: NativeLayout, dataOffset: number): Uint8Array {
  const w = createByteWriter();
  const target = () => put.localGet(w, 0);
  const source = () => {
    put.localGet(w, 1);
    put.i32Const(w, dataOffset);
    w.byte(WASM.i32Add);
  };
  putLocals(w, 0);
  putBulkGas(w, layout, 2, 1, name === SHIM_FILL ? [target] : [target, source]);
  putGasCheck(w, layout);
  if (name === SHIM_FILL) putEmptyFill(w);
  for (let i = 0; i < 3; i++) put.localGet(w, i);
  if (name === SHIM_FILL) put.memoryFill(w);
  else if (name === SHIM_COPY) put.memoryCopy(w);
  else put.memoryInit(w, Number(name.slice(SHIM_INIT.length)));
  put.end(w);
  return w.finish();
}

// V8's memset of no bytes takes 150 ns. An address out of bounds is a fault nevertheless.
function putEmptyFill(w: ByteWriter): void {
  put.localGet(w, 2);
  w.byte(WASM.i32Eqz);
  put.ifVoid(w);
  putTrapBeyondMemory(w, 0, 2);
  put.return(w);
  put.end(w);
}

function putTrapBeyondMemory(w: ByteWriter, address: number, n: number): void {
  put.localGet(w, address);
  w.byte(WASM.i64ExtendI32U);
  put.localGet(w, n);
  w.byte(WASM.i64ExtendI32U, WASM.i64Add, WASM.memorySize, 0, WASM.i64ExtendI32U);
  put.i64Const(w, BigInt(PAGE_BYTES));
  w.byte(WASM.i64Mul, WASM.i64GtU);
  put.ifVoid(w);
  put.unreachable(w);
  put.end(w);
}

function putLocals(w: ByteWriter, i32Count: number): void {
  w.byte(i32Count === 0 ? 0 : 1);
  if (i32Count > 0) w.byte(i32Count, I32);
}

type Put = () => void;

/**
 * Takes the gas of a repetition for each place at which `n` bytes are cut, at ends of leaves of the target and of the
 * source. The instruction itself is paid.
 */
function putBulkGas(
  w: ByteWriter,
  layout: NativeLayout,
  n: number,
  gas: number,
  [putTarget, putSource]: readonly [Put, Put?],
): void {
  const times = (): void => {
    if (gas === 1) return;
    put.i64Const(w, BigInt(gas));
    w.byte(WASM.i64Mul);
  };
  put.globalGet(w, layout.gas);
  putLeafEnds(w, putTarget, n);
  times();
  w.byte(WASM.i64Sub);
  if (putSource !== undefined) {
    putLeafEnds(w, putSource, n);
    // Where a leaf of the target and a leaf of the source end together, there is one cut.
    putTarget();
    putSource();
    w.byte(WASM.i32Xor);
    put.i32Const(w, LEAF_BYTES - 1);
    w.byte(WASM.i32And);
    put.i32Const(w, 0);
    w.byte(WASM.i32Ne, WASM.i64ExtendI32U, WASM.i64Mul);
    times();
    w.byte(WASM.i64Sub);
  }
  put.globalSet(w, layout.gas);
}

/** Takes the gas of the pages or bytes whose number is in the local `n`. */
function putGasOfEach(w: ByteWriter, layout: NativeLayout, n: number, gas: bigint): void {
  put.globalGet(w, layout.gas);
  put.localGet(w, n);
  w.byte(WASM.i64ExtendI32U);
  put.i64Const(w, gas);
  w.byte(WASM.i64Mul, WASM.i64Sub);
  put.globalSet(w, layout.gas);
}

/** Pushes the number of ends of leaves that lie within the `n` bytes from an address on. */
function putLeafEnds(w: ByteWriter, putAddress: Put, n: number): void {
  putAddress();
  put.i32Const(w, LEAF_BYTES - 1);
  w.byte(WASM.i32And, WASM.i64ExtendI32U);
  put.localGet(w, n);
  w.byte(WASM.i64ExtendI32U, WASM.i64Add);
  put.localGet(w, n);
  put.i32Const(w, 0);
  w.byte(WASM.i32Ne, WASM.i64ExtendI32U, WASM.i64Sub);
  put.i64Const(w, 7n);
  w.byte(WASM.i64ShrU);
}

function putGasCheck(w: ByteWriter, layout: NativeLayout): void {
  put.globalGet(w, layout.gas);
  put.i64Const(w, 0n);
  w.byte(WASM.i64LtS);
  putFaultIf(w, layout.fault, FAULT_OUT_OF_GAS);
}

// The bound is written as n > limit - outputLength, so that nothing overflows.
function putOutputBound(w: ByteWriter, layout: NativeLayout): void {
  put.localGet(w, 1);
  put.i32Const(w, MAX_OUTPUT_BYTES);
  put.globalGet(w, layout.outputLength);
  w.byte(WASM.i32Sub, WASM.i32GtU);
  putFaultIf(w, layout.fault, FAULT_OUTPUT);
  put.globalGet(w, layout.outputLength);
  put.localGet(w, 1);
  w.byte(WASM.i32Add);
  put.globalSet(w, layout.outputLength);
}

function putGrow(w: ByteWriter, layout: NativeLayout, pagesMax: number): void {
  putLocals(w, 1);
  put.localGet(w, 0);
  put.i32Const(w, pagesMax);
  w.byte(WASM.memorySize, 0, WASM.i32Sub, WASM.i32GtU);
  put.ifVoid(w);
  put.i32Const(w, -1);
  put.return(w);
  put.end(w);
  putGasOfEach(w, layout, 0, PAGE_GAS);
  putGasCheck(w, layout);
  // V8 takes as long to grow a memory by nothing as by pages.
  put.localGet(w, 0);
  w.byte(WASM.i32Eqz);
  put.ifVoid(w);
  w.byte(WASM.memorySize, 0);
  put.return(w);
  put.end(w);
  put.localGet(w, 0);
  w.byte(WASM.memoryGrow, 0);
  put.localTee(w, 1);
  put.i32Const(w, -1);
  w.byte(WASM.i32Eq);
  put.ifVoid(w);
  put.call(w, layout.imports.length - 1);
  put.end(w);
  put.localGet(w, 1);
  put.end(w);
}
