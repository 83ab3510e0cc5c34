// docs/vm.md#host: what the kernel's own host calls answer.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { keccak, keccakHex, type ObjectRef, objectRef } from '../protocol/tree.ts';

const RECORD_NODE = 0x4e;
const RECORD_OBJECT = 0x4f;

/** The kernel's host calls over plain bytes; an engine moves them in and out of the program's memory. */
export type KernelHost = {
  /** The bytes of this hash. Leaves the run by an exception if they are not at hand. */
  preimage(hash: Uint8Array): Uint8Array;
  /** Request leaf to result leaf, 128 bytes each. Leaves the run by an exception if the result is not at hand. */
  exec(request: Uint8Array): Uint8Array;
  /** hash 32 ‖ r 32 ‖ s 32 ‖ v 1 (the first bytes of a leaf) to an address of 20 bytes, zero if there is none. */
  ecrecover(request: Uint8Array): Uint8Array;
  log(record: Uint8Array): void;
};

export type KernelObject = ObjectRef & { readonly bytes: Uint8Array };

/** What a run of the kernel left besides its result. */
export type Trace = {
  /** New trie nodes. */
  readonly nodes: Map<Hex, Uint8Array>;
  /** Objects that the kernel made: parameters, lists of inputs, dataset manifests. */
  readonly objects: KernelObject[];
  /** Hashes of the nodes that were read, in order of first use. */
  readonly touched: Set<Hex>;
};

export type Sources = {
  getNode(hash: Hex): Uint8Array | undefined;
  getExec(request: Uint8Array): Uint8Array | undefined;
};

/** Thrown through the engine when the run cannot go on without bytes that the caller must fetch. */
export class MissingInput extends Error {
  readonly need:
    | { readonly kind: 'node'; readonly hash: Hex }
    | { readonly kind: 'exec'; readonly request: Uint8Array };
  constructor(need: MissingInput['need']) {
    super(need.kind === 'node' ? `trie node ${need.hash} is not at hand` : 'the result of a task is not at hand');
    this.need = need;
  }
}

export function createHost(sources: Sources): { host: KernelHost; trace: Trace } {
  const trace: Trace = { nodes: new Map(), objects: [], touched: new Set() };
  const host: KernelHost = {
    preimage(hash) {
      const wanted = bytesToHex(hash);
      const node = sources.getNode(wanted);
      if (node === undefined) throw new MissingInput({ kind: 'node', hash: wanted });
      const actual = keccakHex(node);
      if (actual !== wanted) throw new Error(`the bytes given for trie node ${wanted} hash to ${actual}`);
      trace.touched.add(wanted);
      return node;
    },
    exec(request) {
      const result = sources.getExec(request);
      if (result === undefined) throw new MissingInput({ kind: 'exec', request: request.slice() });
      return result;
    },
    ecrecover: recoverAddress,
    log(record) {
      const bytes = record.slice(1);
      if (record[0] === RECORD_NODE) trace.nodes.set(keccakHex(bytes), bytes);
      else if (record[0] === RECORD_OBJECT) trace.objects.push({ ...objectRef(bytes), bytes });
      else throw new Error(`the kernel logged a record of unknown kind ${record[0]}`);
    },
  };
  return { host, trace };
}

/** As the EVM's precompile, but zero also if s is in the upper half: a signature has one form. */
export function recoverAddress(request: Uint8Array): Uint8Array {
  const recovery = (request[96] as number) - 27;
  if (recovery !== 0 && recovery !== 1) return new Uint8Array(20);
  try {
    const signature = secp256k1.Signature.fromBytes(request.subarray(32, 96), 'compact').addRecoveryBit(recovery);
    if (signature.hasHighS()) return new Uint8Array(20);
    const point = signature.recoverPublicKey(request.subarray(0, 32));
    return keccak(point.toBytes(false).subarray(1)).subarray(12);
  } catch {
    return new Uint8Array(20);
  }
}
