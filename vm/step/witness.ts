// docs/machine.md#proof: leaf proofs of a machine's slots, memory and code, in the order in which they are asked for.
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { INSTRUCTION_BYTES, SLOT_COUNT } from '../../protocol/isa.ts';
import { hashLeaf, LEAF_BYTES, rootFromProof } from '../../protocol/tree.ts';
import { memoryDepth } from '../program.ts';
import { CORE, type Core } from './core.ts';
import type { Machine } from './machine.ts';
import { type StaticTree, staticTree } from './static-tree.ts';

const DIGEST_BYTES = 32;
const SLOT_DEPTH = 12;
const SLOTS_PER_LEAF = 16;

/** A leaf that an instruction has written. */
export type WrittenLeaf = { readonly index: number; readonly bytes: Uint8Array };

export type Witness = {
  bytes(bytes: Uint8Array): void;
  hashes(hashes: readonly Hex[]): void;
  /** Adds the leaf that holds this slot, unless it is there already. */
  slot(index: number): void;
  /** Adds the leaves that hold `length` bytes of memory, ascending. */
  memory(address: number, length: number): void;
  memoryLeafAfter(index: number, written: WrittenLeaf): void;
  code(pc: number): void;
  /** Adds the leaves of an object that hold these bytes. */
  object(tree: StaticTree, offset: number, length: number): void;
  finish(): Uint8Array;
};

/** The machine's roots must be up to date. */
export function createWitness(machine: Machine): Witness {
  const { core, options } = machine;
  const parts: Uint8Array[] = [];
  const proven = new Set<number>();
  const depth = memoryDepth(options.program.header.pagesMax);
  const put = (part: Uint8Array): void => {
    parts.push(part.slice());
  };
  const hashes = (list: readonly Hex[]): void => {
    for (const hash of list) put(hexToBytes(hash));
  };
  const slotSiblings = (leaf: number): Uint8Array[] => siblingsOf(core, core.slotSiblings, leaf, SLOT_DEPTH);
  const memorySiblings = (leaf: number): Uint8Array[] => siblingsOf(core, core.memorySiblings, leaf, depth);
  const witness: Witness = {
    bytes: put,
    hashes,
    slot(index) {
      const leaf = slotLeafIndex(index);
      if (proven.has(leaf)) return;
      proven.add(leaf);
      put(slotLeaf(core, leaf));
      for (const sibling of slotSiblings(leaf)) put(sibling);
    },
    memory(address, length) {
      for (const leaf of leavesOf(address, length)) {
        put(core.guest(leaf * LEAF_BYTES, LEAF_BYTES));
        for (const sibling of memorySiblings(leaf)) put(sibling);
      }
    },
    memoryLeafAfter(index, written) {
      put(core.guest(index * LEAF_BYTES, LEAF_BYTES));
      const siblings = memorySiblings(written.index);
      for (const part of replaced(memorySiblings(index), index, written, siblings)) put(part);
    },
    code(pc) {
      witness.object(staticTree(options.program.code), pc * INSTRUCTION_BYTES, INSTRUCTION_BYTES);
    },
    object(tree, offset, length) {
      for (const leaf of leavesOf(offset, length)) {
        put(tree.leaf(leaf));
        hashes(tree.siblings(leaf));
      }
    },
    finish: () => concatBytes(parts),
  };
  return witness;
}

export function slotLeafIndex(slot: number): number {
  return Math.floor((slot % SLOT_COUNT) / SLOTS_PER_LEAF);
}

/** A leaf of the slot region as it is hashed: big-endian. */
export function slotLeaf(core: Core, leaf: number): Uint8Array {
  const bytes = new Uint8Array(LEAF_BYTES);
  const target = new DataView(bytes.buffer);
  for (let i = 0; i < SLOTS_PER_LEAF; i++)
    target.setBigUint64(i * 8, core.view().getBigUint64(CORE.slots + leaf * LEAF_BYTES + i * 8, true));
  return bytes;
}

function leavesOf(offset: number, length: number): number[] {
  const first = Math.floor(offset / LEAF_BYTES);
  const last = Math.floor((offset + length - 1) / LEAF_BYTES);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function siblingsOf(
  core: Core,
  write: (leaf: number, target: number) => void,
  leaf: number,
  depth: number,
): Uint8Array[] {
  write(leaf, CORE.out);
  return Array.from({ length: depth }, (_, level) => {
    const at = CORE.out + level * DIGEST_BYTES;
    return core.bytes().slice(at, at + DIGEST_BYTES);
  });
}

// One sibling of the leaf is the root of the subtree that holds the written leaf.
function replaced(
  siblings: readonly Uint8Array[],
  index: number,
  written: WrittenLeaf,
  ofWritten: readonly Uint8Array[],
): Uint8Array[] {
  const level = 31 - Math.clz32(index ^ written.index);
  const below = ofWritten.slice(0, level).map(bytesToHex);
  const node = rootFromProof(hashLeaf(written.bytes), written.index % 2 ** level, below);
  return siblings.map((sibling, at) => (at === level ? hexToBytes(node) : sibling));
}
