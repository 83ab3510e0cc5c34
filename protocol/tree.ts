// docs/vm.md#tree
import { MizuError } from './errors.ts';
import { TREE_WASM_BASE64 } from './generated/tree-wasm.ts';
import { bytesToHex, type Hex, hexToBytes } from './hex.ts';
import { LEAF_BYTES } from './leaf.ts';

export { LEAF_BYTES };
export const DIGEST_BYTES = 32;
export const MAX_OBJECT_BYTES = 2 ** 32;
const CHUNK_LEAVES = 1024;
const OBJECT_TAG = 0x02;

/** An object's name: its root, with its length in bytes. */
export type ObjectRef = { readonly root: Hex; readonly length: number };

type TreeExports = {
  memory: WebAssembly.Memory;
  init(): number;
  keccak(source: number, length: number, target: number): void;
  leaves(source: number, count: number, target: number): void;
  up(level: number, count: number, depth: number): number;
  zeroRoot(depth: number): number;
};

const wasm = createInstance();
const heap = wasm.init();

/** keccak-256 of the bytes, 32 bytes. */
export function keccak(bytes: Uint8Array): Uint8Array {
  reserve(heap + DIGEST_BYTES + bytes.length);
  memory().set(bytes, heap + DIGEST_BYTES);
  wasm.keccak(heap + DIGEST_BYTES, bytes.length, heap);
  return memory().slice(heap, heap + DIGEST_BYTES);
}

export function keccakHex(bytes: Uint8Array): Hex {
  return bytesToHex(keccak(bytes));
}

/** Number of leaves of an object: at least one. */
export function leafCount(lengthBytes: number): number {
  return Math.max(1, Math.ceil(lengthBytes / LEAF_BYTES));
}

/** Depth of the tree over `count` leaves. */
export function depthOfLeaves(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

export function depthOf(lengthBytes: number): number {
  return depthOfLeaves(leafCount(lengthBytes));
}

/** Root of the tree that consists of zero leaves only. */
export function zeroTreeRoot(depth: number): Hex {
  const at = wasm.zeroRoot(depth);
  return bytesToHex(memory().slice(at, at + DIGEST_BYTES));
}

/** Root of the tree over the bytes; a `depth` above the natural one pads with zero leaves. */
export function treeRoot(bytes: Uint8Array, depth?: number): Hex {
  const natural = depthOf(bytes.length);
  const wanted = depth ?? natural;
  if (wanted < natural) throw new Error(`tree of depth ${wanted} cannot hold ${bytes.length} bytes`);
  let count = hashLeaves(bytes);
  const level = heap + DIGEST_BYTES * 2;
  for (let d = 0; d < wanted; d++) count = wasm.up(level, count, d);
  return bytesToHex(memory().slice(level, level + DIGEST_BYTES));
}

/** Lifts the root of a tree of depth `from` to depth `to`: the rest are zero leaves on its right. */
export function liftTreeRoot(root: Hex, from: number, to: number): Hex {
  let lifted = root;
  for (let d = from; d < to; d++) lifted = hashNode(lifted, zeroTreeRoot(d));
  return lifted;
}

/** Name of the object with this tree root (at its natural depth) and length. */
export function hashObject(root: Hex, lengthBytes: number): Hex {
  const preimage = new Uint8Array(41);
  preimage[0] = OBJECT_TAG;
  new DataView(preimage.buffer).setBigUint64(1, BigInt(lengthBytes));
  preimage.set(hexToBytes(root), 9);
  return keccakHex(preimage);
}

export function objectRoot(bytes: Uint8Array): Hex {
  if (bytes.length > MAX_OBJECT_BYTES) throw tooLarge(bytes.length);
  return hashObject(treeRoot(bytes), bytes.length);
}

export function objectRef(bytes: Uint8Array): ObjectRef {
  return { root: objectRoot(bytes), length: bytes.length };
}

export function hashLeaf(leaf: Uint8Array): Hex {
  if (leaf.length !== LEAF_BYTES) throw new Error(`a leaf has ${LEAF_BYTES} bytes, not ${leaf.length}`);
  return treeRoot(leaf);
}

export function hashNode(left: Hex, right: Hex): Hex {
  const preimage = new Uint8Array(65);
  preimage[0] = 0x01;
  preimage.set(hexToBytes(left), 1);
  preimage.set(hexToBytes(right), 33);
  return keccakHex(preimage);
}

/**
 * Root of the subtree that begins `depth` levels below the root of the tree over the bytes, `index` counted at that
 * level.
 */
export function treeNode(bytes: Uint8Array, depth: number, index: number): Hex {
  const height = depthOf(bytes.length) - depth;
  if (height < 0 || index < 0 || index >= 2 ** depth)
    throw new Error(`node ${index} at depth ${depth} is not of the tree`);
  const span = 2 ** height * LEAF_BYTES;
  return treeRoot(bytes.subarray(index * span, (index + 1) * span), height);
}

/** Siblings from a leaf (or from the subtree of depth `height` that holds it) up to the tree's root. */
export function treeProof(bytes: Uint8Array, leafIndex: number, height = 0): Hex[] {
  const depth = depthOf(bytes.length);
  if (leafIndex < 0 || leafIndex >= 2 ** depth) throw new Error(`leaf ${leafIndex} of a tree of depth ${depth}`);
  let count = hashLeaves(bytes);
  const level = heap + DIGEST_BYTES * 2;
  const proof: Hex[] = [];
  for (let d = 0; d < depth; d++) {
    const sibling = Math.floor(leafIndex / 2 ** d) ^ 1;
    if (d >= height) {
      const at = level + sibling * DIGEST_BYTES;
      proof.push(sibling < count ? bytesToHex(memory().slice(at, at + DIGEST_BYTES)) : zeroTreeRoot(d));
    }
    count = wasm.up(level, count, d);
  }
  return proof;
}

/**
 * The root that follows from these siblings for a node at `index`, counted in nodes of its own level.
 * @throws Error if the index does not fit the proof
 */
export function rootFromProof(node: Hex, index: number, proof: readonly Hex[]): Hex {
  if (index < 0 || index >= 2 ** proof.length)
    throw new Error(`index ${index} outside a proof of ${proof.length} levels`);
  let root = node;
  let position = index;
  for (const sibling of proof) {
    root = position % 2 === 0 ? hashNode(root, sibling) : hashNode(sibling, root);
    position = Math.floor(position / 2);
  }
  return root;
}

export function verifyLeaf(leaf: Uint8Array, index: number, proof: readonly Hex[], object: ObjectRef): boolean {
  if (proof.length !== depthOf(object.length) || index < 0 || index >= 2 ** proof.length) return false;
  return hashObject(rootFromProof(hashLeaf(leaf), index, proof), object.length) === object.root;
}

// Hashes all leaves to the level at heap + 64; the chunk being hashed lies behind the digests.
function hashLeaves(bytes: Uint8Array): number {
  const count = leafCount(bytes.length);
  const level = heap + DIGEST_BYTES * 2;
  const chunk = level + (count + 1) * DIGEST_BYTES;
  reserve(chunk + CHUNK_LEAVES * LEAF_BYTES);
  for (let first = 0; first < count; first += CHUNK_LEAVES) {
    const leaves = Math.min(CHUNK_LEAVES, count - first);
    const part = bytes.subarray(first * LEAF_BYTES, (first + leaves) * LEAF_BYTES);
    memory().set(part, chunk);
    memory().fill(0, chunk + part.length, chunk + leaves * LEAF_BYTES);
    wasm.leaves(chunk, leaves, level + first * DIGEST_BYTES);
  }
  return count;
}

let view = new Uint8Array(wasm.memory.buffer);

function memory(): Uint8Array {
  if (view.length === 0) view = new Uint8Array(wasm.memory.buffer);
  return view;
}

function reserve(size: number): void {
  const missing = size - wasm.memory.buffer.byteLength;
  if (missing > 0) wasm.memory.grow(Math.ceil(missing / 65_536));
}

function createInstance(): TreeExports {
  const binary = Uint8Array.from(atob(TREE_WASM_BASE64), (c) => c.charCodeAt(0));
  return new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as unknown as TreeExports;
}

function tooLarge(length: number): MizuError {
  return new MizuError({
    code: 'protocol/object-too-large',
    message: 'The object is too large.',
    expected: `at most ${MAX_OBJECT_BYTES} bytes`,
    actual: `${length} bytes`,
    hint: 'Split it into partitions.',
  });
}
