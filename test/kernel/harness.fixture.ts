// The parts of the kernel that assembly/harness.ts exports, over plain values.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { keccak, keccakHex } from '../../protocol/tree.ts';
import { compile } from '../../scripts/generate/kernel.mjs';

type Exports = {
  memory: WebAssembly.Memory;
  startMemory(): void;
  alloc(size: number): number;
  keccak(src: number, length: number, dst: number): void;
  objectRoot(src: number, length: number, dst: number): void;
  openTrie(root: number): void;
  closeTrie(dst: number): void;
  get(key: number): number;
  lengthOfValue(): number;
  put(key: number, value: number, length: number): void;
  remove(key: number): void;
  fromBytes(src: number): number;
  toBytes(n: number, dst: number): void;
  add(dst: number, a: number, b: number): number;
  sub(dst: number, a: number, b: number): number;
  multiply(dst: number, a: number, k: bigint): number;
  affordable(amount: number, price: number, cap: bigint): bigint;
  wei(p: number, n: number): number;
};

const wasm = readFileSync(
  compile('harness', fileURLToPath(new URL('../../build/kernel-harness.wasm', import.meta.url))),
);
const module = new WebAssembly.Module(wasm as BufferSource);

export type TrieChange = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };
export type Harness = ReturnType<typeof createHarness>;

export function createHarness(nodes = new Map<Hex, Uint8Array>()) {
  const memory = (): Uint8Array => new Uint8Array(kernel.memory.buffer);
  const kernel = new WebAssembly.Instance(module, {
    mizu: {
      log: (src: number, length: number) => {
        const node = memory().slice(src + 1, src + length);
        nodes.set(keccakHex(node), node);
      },
      preimage: (hash: number, dst: number) => {
        const node = nodes.get(bytesToHex(memory().slice(hash, hash + 32)));
        if (node === undefined) throw new Error('the trie asked for a node that was never written');
        memory().set(node, dst);
        return node.length;
      },
    },
  }).exports as unknown as Exports;
  kernel.startMemory();
  const place = (bytes: Uint8Array): number => {
    const at = kernel.alloc(bytes.length + 8) + 8;
    memory().set(bytes, at);
    return at;
  };
  const number = (value: bigint): number =>
    kernel.fromBytes(place(hexToBytes(`0x${value.toString(16).padStart(64, '0')}`)));
  const read = (n: number): bigint => {
    const at = place(new Uint8Array(32));
    kernel.toBytes(n, at);
    return BigInt(bytesToHex(memory().slice(at, at + 32)));
  };
  const hash = (run: (src: number, length: number, dst: number) => void, bytes: Uint8Array): Hex => {
    const dst = place(new Uint8Array(32));
    run(place(bytes), bytes.length, dst);
    return bytesToHex(memory().slice(dst, dst + 32));
  };
  return {
    nodes,
    keccak: (bytes: Uint8Array): Hex => hash(kernel.keccak, bytes),
    objectRoot: (bytes: Uint8Array): Hex => hash(kernel.objectRoot, bytes),
    /** Applies the changes to the trie with this root, as one step does. */
    change(root: Hex, changes: readonly TrieChange[]): Hex {
      const at = place(hexToBytes(root));
      kernel.openTrie(at);
      for (const { key, value } of changes) {
        const hashed = place(keccak(key));
        if (value === undefined) kernel.remove(hashed);
        else kernel.put(hashed, place(value), value.length);
      }
      kernel.closeTrie(at);
      return bytesToHex(memory().slice(at, at + 32));
    },
    get(root: Hex, key: Uint8Array): Uint8Array | undefined {
      kernel.openTrie(place(hexToBytes(root)));
      const at = kernel.get(place(keccak(key)));
      return at === 0 ? undefined : memory().slice(at, at + kernel.lengthOfValue());
    },
    add(a: bigint, b: bigint) {
      const n = number(a);
      return { overflow: kernel.add(n, n, number(b)) !== 0, value: read(n) };
    },
    sub(a: bigint, b: bigint) {
      const n = number(a);
      return { overflow: kernel.sub(n, n, number(b)) !== 0, value: read(n) };
    },
    multiply(a: bigint, k: bigint) {
      const n = number(a);
      return { overflow: kernel.multiply(n, n, BigInt.asIntN(64, k)) !== 0, value: read(n) };
    },
    affordable: (amount: bigint, price: bigint, cap: bigint): bigint =>
      BigInt.asUintN(64, kernel.affordable(number(amount), number(price), BigInt.asIntN(64, cap))),
    wei(value: bigint): string {
      const at = place(new Uint8Array(100));
      return new TextDecoder().decode(memory().slice(at, kernel.wei(at, number(value))));
    },
  };
}
