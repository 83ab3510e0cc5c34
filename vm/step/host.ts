// docs/vm.md#host: host instructions of the step machine; a bulk one handles at most one leaf at each step of the
// machine.
import { MAX_OUTPUT_BYTES, MAX_PREIMAGE_BYTES } from '../../protocol/constants.ts';
import { OP, SLOT_COUNT } from '../../protocol/isa.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { CORE, type Core, STATUS } from './core.ts';
import type { MachineOutput } from './output.ts';

/** What a stopped machine asks for, or how it has ended. */
export type Stop =
  | { readonly kind: 'fault' }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'commit'; readonly leaf: Uint8Array }
  | { readonly kind: 'exec'; readonly request: Uint8Array; readonly resultAddress: number };

export type HostEnvironment = {
  readonly inputs: readonly Uint8Array[];
  readonly output: MachineOutput;
  /** The bytes whose keccak-256 is `hash`. */
  preimage(hash: Uint8Array): Uint8Array;
  /** 20 bytes for hash ‖ r ‖ s ‖ v. */
  ecrecover(input: Uint8Array): Uint8Array;
  stop(stop: Stop): void;
};

const HASH_BYTES = 32;
const SIGNATURE_BYTES = 97;

/** Bytes that one step handles: up to the end of the leaf at `address`. */
export function leafPart(address: number, n: number): number {
  return Math.min(n, LEAF_BYTES - (address % LEAF_BYTES));
}

/** Bytes that one step copies: up to the end of the leaf at `dst` or at `src`. */
export function copyPart(dst: number, src: number, n: number): number {
  return leafPart(src, leafPart(dst, n));
}

/** All host calls but `input_count`, `clock`, `random` and `log`, which the core does itself. */
export function createHostCalls(core: () => Core, environment: HostEnvironment): (op: number, slot: number) => number {
  const { inputs, output } = environment;
  // The view is taken anew once at each call: the core's memory grows only between calls.
  let view: DataView = new DataView(new ArrayBuffer(0));
  let size = 0;
  const at = (slot: number): number => CORE.slots + 8 * (slot % SLOT_COUNT);
  const word = (slot: number): number => view.getUint32(at(slot), true);
  const high = (slot: number): number => view.getUint32(at(slot) + 4, true);
  // Writes a number below 2^53 in two halves, because a 64-bit integer takes JavaScript ten times as long.
  const set = (slot: number, value: number): void => {
    const to = at(slot);
    view.setUint32(to, value >>> 0, true);
    view.setUint32(to + 4, Math.floor(value / 2 ** 32), true);
  };
  const inside = (address: number, length: number): boolean => address + length <= size;
  const isLeaf = (address: number): boolean => address % LEAF_BYTES === 0 && inside(address, LEAF_BYTES);
  const write = (address: number, bytes: Uint8Array): void => {
    core().guest(address, bytes.length).set(bytes);
    core().mark(address);
  };

  const calls: Record<number, (slot: number) => number> = {
    [OP.input_size]: (a) => {
      const input = inputs[word(a)];
      if (input === undefined) return STATUS.fault;
      set(a, input.length);
      return STATUS.running;
    },
    [OP.input_read]: (a) => {
      const dst = word(a);
      // The offset is rounded above 2^53, which is beyond the end of any input.
      const offset = high(a + 2) * 2 ** 32 + word(a + 2);
      const n = word(a + 3);
      const input = inputs[word(a + 1)];
      if (!inside(dst, n) || input === undefined || offset + n > input.length) return STATUS.fault;
      const k = copyPart(dst, offset, n);
      if (k > 0) write(dst, input.subarray(offset, offset + k));
      if (k === n) return STATUS.running;
      set(a, dst + k);
      set(a + 2, offset + k);
      set(a + 3, n - k);
      return STATUS.repeat;
    },
    [OP.output_write]: (a) => {
      const src = word(a);
      const n = word(a + 1);
      if (!inside(src, n) || output.length() + n > MAX_OUTPUT_BYTES) return STATUS.fault;
      const k = copyPart(output.length(), src, n);
      output.append(core().guest(src, k));
      view.setUint32(CORE.appended, k, true);
      if (k === n) return STATUS.running;
      set(a, src + k);
      set(a + 1, n - k);
      return STATUS.repeat;
    },
    [OP.exit]: (a) => {
      environment.stop({ kind: 'exit', code: word(a) & 0xff });
      return STATUS.exit;
    },
    [OP.preimage]: (a) => {
      const hash = word(a);
      const dst = word(a + 1);
      const done = word(a + 2);
      if (preimageFaults(hash, dst, size)) return STATUS.fault;
      const bytes = environment.preimage(core().guest(hash, HASH_BYTES).slice());
      const end = done + leafPart(dst + done, Math.max(bytes.length - done, 0));
      if (end > done) write(dst + done, bytes.subarray(done, end));
      if (end >= bytes.length) {
        set(a, bytes.length);
        return STATUS.running;
      }
      set(a + 2, end);
      return STATUS.repeat;
    },
    [OP.exec]: (a) => {
      const request = word(a);
      const resultAddress = word(a + 1);
      if (!isLeaf(request) || !isLeaf(resultAddress)) return STATUS.fault;
      environment.stop({ kind: 'exec', request: core().guest(request, LEAF_BYTES).slice(), resultAddress });
      return STATUS.exec;
    },
    [OP.ecrecover]: (a) => {
      const src = word(a);
      const dst = word(a + 1);
      if (ecrecoverFaults(src, dst, size)) return STATUS.fault;
      write(dst, environment.ecrecover(core().guest(src, SIGNATURE_BYTES).slice()));
      return STATUS.running;
    },
    [OP.commit]: (a) => {
      const src = word(a);
      if (!isLeaf(src)) return STATUS.fault;
      environment.stop({ kind: 'commit', leaf: core().guest(src, LEAF_BYTES).slice() });
      return STATUS.commit;
    },
  };
  return (op, slot) => {
    view = core().view();
    size = core().size();
    return calls[op]!(slot);
  };
}

export function preimageFaults(hash: number, dst: number, size: number): boolean {
  const inTarget = hash >= dst && hash < dst + MAX_PREIMAGE_BYTES;
  const aligned = hash % HASH_BYTES === 0 && dst % LEAF_BYTES === 0;
  return !aligned || inTarget || hash + HASH_BYTES > size || dst + MAX_PREIMAGE_BYTES > size;
}

export function ecrecoverFaults(src: number, dst: number, size: number): boolean {
  const aligned = src % LEAF_BYTES === 0 && dst % HASH_BYTES === 0;
  return !aligned || src + LEAF_BYTES > size || dst + 20 > size;
}
