// docs/vm.md#host: the answers to the kernel's own host calls.
import { bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import { recoverSigner } from '../protocol/signature.ts';
import { keccakHex, type ObjectRef, objectRef } from '../protocol/tree.ts';
import { HostAbort, type KernelHost } from '../vm/run.ts';

const RECORD_NODE = 0x4e;
const RECORD_OBJECT = 0x4f;

export type KernelObject = ObjectRef & { readonly bytes: Uint8Array };

/** What a run of the kernel leaves besides its result. */
export type KernelEffects = {
  /** New trie nodes. */
  readonly nodes: Map<Hex, Uint8Array>;
  /** Objects that the kernel made: parameters, lists of inputs, dataset manifests. */
  readonly objects: KernelObject[];
  /** Hashes of the nodes that were read, in order of first use. */
  readonly touched: Set<Hex>;
};

export type Sources = {
  getNode(hash: Hex): Uint8Array | undefined;
  /** From the request leaf to the result leaf: docs/kernel.md#exec. */
  getExec(request: Uint8Array): Uint8Array | undefined;
};

/**
 * The reason of a HostAbort (unless that is an error): the run cannot go on without bytes that the caller must fetch.
 */
export type Missing =
  | { readonly kind: 'node'; readonly hash: Hex }
  | { readonly kind: 'exec'; readonly request: Uint8Array };

export function createKernelHost(sources: Sources): {
  readonly host: KernelHost;
  readonly onLog: (record: Uint8Array) => void;
  readonly trace: KernelEffects;
} {
  const trace: KernelEffects = { nodes: new Map(), objects: [], touched: new Set() };
  const host: KernelHost = {
    preimage: (hash) =>
      passing(() => {
        const wanted = bytesToHex(hash);
        const node = sources.getNode(wanted);
        if (node === undefined) throw missing({ kind: 'node', hash: wanted });
        const actual = keccakHex(node);
        if (actual !== wanted) throw new Error(`the bytes given for trie node ${wanted} hash to ${actual}`);
        trace.touched.add(wanted);
        return node;
      }),
    exec: (request) =>
      passing(() => {
        const result = sources.getExec(request);
        if (result === undefined) throw missing({ kind: 'exec', request });
        return result;
      }),
    ecrecover: recoverAddress,
  };
  const onLog = (record: Uint8Array): void => {
    const bytes = record.slice(1);
    if (record[0] === RECORD_NODE) trace.nodes.set(keccakHex(bytes), bytes);
    else if (record[0] === RECORD_OBJECT) trace.objects.push({ ...objectRef(bytes), bytes });
    else throw new Error(`the kernel logged a record of unknown kind ${record[0]}`);
  };
  return { host, onLog, trace };
}

/** Errors of the caller's functions reach the caller unchanged: an engine lets only a HostAbort through. */
function passing<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof HostAbort ? error : new HostAbort(error);
  }
}

function missing(reason: Missing): HostAbort {
  return new HostAbort(reason);
}

/**
 * From hash 32 ‖ r 32 ‖ s 32 ‖ v 1 to an address, which is zero unless the signature has the one form. It is the EVM's
 * precompile, but for s in the upper half.
 */
export function recoverAddress(request: Uint8Array): Uint8Array {
  const signer = recoverSigner(request.subarray(0, 32), request.subarray(32, 97));
  return signer === undefined ? new Uint8Array(20) : hexToBytes(signer);
}
