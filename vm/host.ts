// docs/vm.md#host: the host calls over a linear memory. The engine that makes a call takes its gas.
import { MAX_LOG_BYTES, MAX_OUTPUT_BYTES, MAX_PREIMAGE_BYTES, TAG } from '../protocol/constants.ts';
import { concatBytes } from '../protocol/hex.ts';
import { keccak, LEAF_BYTES } from '../protocol/tree.ts';
import type { ProgramRun } from './run.ts';

/** A fault that a host call found. */
export class HostFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'HostFault';
  }
}

/** `exit` or `commit`: leaves the run. */
export class HostExit extends Error {
  readonly code: number;
  readonly committed: Uint8Array | undefined;

  constructor(code: number, committed: Uint8Array | undefined) {
    super('exit');
    this.code = code;
    this.committed = committed;
  }
}

export type Host = {
  input_count(): number;
  input_size(index: number): number;
  input_read(dst: number, index: number, offset: number, length: number): void;
  output_write(src: number, length: number): void;
  clock(): bigint;
  random(counter: bigint): bigint;
  log(src: number, length: number): void;
  exit(code: number): void;
  preimage(hash: number, dst: number): number;
  exec(request: number, result: number): void;
  ecrecover(src: number, dst: number): void;
  commit(src: number): void;
  output(): Uint8Array;
};

const SIGNATURE_BYTES = 97;
const ADDRESS_BYTES = 20;
const HASH_BYTES = 32;

/** Addresses and lengths may come as signed 32-bit integers; they mean unsigned ones. */
export function createHost(request: ProgramRun, memory: () => Uint8Array): Host {
  let output = new Uint8Array(1024);
  let written = 0;
  const seeded = new Uint8Array(1 + HASH_BYTES + 8);
  seeded[0] = TAG.random;
  seeded.set(request.seed, 1);
  const numbered = new DataView(seeded.buffer);
  const span = (address: number, length: number): Uint8Array => {
    const bytes = memory();
    const start = address >>> 0;
    const size = length >>> 0;
    if (start + size > bytes.length) throw new HostFault(`${size} bytes at address ${start} are out of bounds`);
    return bytes.subarray(start, start + size);
  };
  const aligned = (address: number, length: number, alignment: number): Uint8Array => {
    if ((address >>> 0) % alignment !== 0)
      throw new HostFault(`address ${address >>> 0} is not aligned to ${alignment}`);
    return span(address, length);
  };
  const input = (index: number): Uint8Array => {
    const bytes = request.inputs[index >>> 0];
    if (bytes === undefined) throw new HostFault(`there is no input ${index >>> 0}`);
    return bytes;
  };
  const kernel = () => {
    if (request.kernelHost === undefined) throw new HostFault('only the kernel may make this host call');
    return request.kernelHost;
  };
  return {
    input_count: () => request.inputs.length,
    input_size: (index) => input(index).length,
    input_read(dst, index, offset, length) {
      const bytes = input(index);
      const size = length >>> 0;
      if (offset + size > bytes.length) throw new HostFault(`input ${index} has no ${size} bytes at ${offset}`);
      span(dst, size).set(bytes.subarray(offset, offset + size));
    },
    output_write(src, length) {
      const bytes = span(src, length);
      if (written + bytes.length > MAX_OUTPUT_BYTES)
        throw new HostFault(`the output exceeds ${MAX_OUTPUT_BYTES} bytes`);
      if (written + bytes.length > output.length) {
        const larger = new Uint8Array(Math.max(output.length * 2, written + bytes.length));
        larger.set(output.subarray(0, written));
        output = larger;
      }
      output.set(bytes, written);
      written += bytes.length;
    },
    clock: () => BigInt.asIntN(64, request.timestampNs),
    random(counter) {
      numbered.setBigUint64(1 + HASH_BYTES, BigInt.asUintN(64, counter));
      const hash = keccak(seeded);
      return new DataView(hash.buffer, hash.byteOffset).getBigInt64(0);
    },
    log(src, length) {
      if (request.onLog === undefined) return;
      // Only strangers' programs have a bound: the kernel logs what it makes itself.
      const most = request.kernelHost === undefined ? MAX_LOG_BYTES : Number.POSITIVE_INFINITY;
      const start = src >>> 0;
      request.onLog(memory().slice(start, start + Math.min(length >>> 0, most)));
    },
    exit(code) {
      throw new HostExit(code & 0xff, undefined);
    },
    preimage(hash, dst) {
      const name = aligned(hash, HASH_BYTES, HASH_BYTES);
      const target = aligned(dst, MAX_PREIMAGE_BYTES, LEAF_BYTES);
      const distance = (hash >>> 0) - (dst >>> 0);
      if (distance >= 0 && distance < MAX_PREIMAGE_BYTES) throw new HostFault('the hash lies in the target');
      const bytes = kernel().preimage(name.slice());
      if (bytes === undefined || bytes.length > MAX_PREIMAGE_BYTES) throw new HostFault('there is no such preimage');
      target.set(bytes);
      return bytes.length;
    },
    exec(requestAt, resultAt) {
      const source = aligned(requestAt, LEAF_BYTES, LEAF_BYTES);
      const target = aligned(resultAt, LEAF_BYTES, LEAF_BYTES);
      target.set(kernel().exec(source.slice()));
    },
    ecrecover(src, dst) {
      const source = aligned(src, LEAF_BYTES, LEAF_BYTES);
      const target = aligned(dst, ADDRESS_BYTES, HASH_BYTES);
      target.set(kernel().ecrecover(source.slice(0, SIGNATURE_BYTES)));
    },
    commit(src) {
      const leaf = aligned(src, LEAF_BYTES, LEAF_BYTES).slice();
      kernel();
      throw new HostExit(0, leaf);
    },
    output: () => concatBytes([output.subarray(0, written)]),
  };
}
