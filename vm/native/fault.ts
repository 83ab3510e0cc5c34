// docs/vm.md#engines: how rewritten code ends a run with a fault.
import { type ByteWriter, put } from '../wasm/write.ts';

/** Emits a fault of the kind `fault`, taken if the i32 on the stack is not 0. */
export function putFaultIf(w: ByteWriter, faultGlobal: number, fault: number): void {
  put.ifVoid(w);
  put.i32Const(w, fault);
  put.globalSet(w, faultGlobal);
  put.unreachable(w);
  put.end(w);
}
