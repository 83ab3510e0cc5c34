// docs/kernel.md#state: nodes of the Merkle Patricia Trie in memory. A node is read when a walk first reaches it.

import { MAX_PREIMAGE_BYTES } from './generated/constants';
import { preimage } from './host';
import { alloc, peekLeaf, take } from './memory';
import { length, payload } from './rlp';

export const LEAF_NODE: u32 = 1;
export const EXTENSION: u32 = 2;
export const BRANCH: u32 = 3;
const BRANCH_BYTES: usize = 8 + 16 * 4;

/** `item` is the RLP item that stands for the node in its parent; it is 0 once the node has been changed. */
@unmanaged
export class Node {
  kind: u32;
  item: usize;
}

@unmanaged
export class Leaf extends Node {
  path: usize;
  start: u32;
  count: u32;
  value: usize;
  valueLength: u32;
}

@unmanaged
export class Extension extends Node {
  path: usize;
  start: u32;
  count: u32;
  child: u32;
}

// A slot refers to a child: 0 nothing, odd an RLP item not read yet (address * 2 + 1), even the address of a node.

@inline
export function itemSlot(item: usize): u32 {
  return (<u32>item << 1) | 1;
}

@inline
export function isItem(slot: u32): bool {
  return (slot & 1) != 0;
}

@inline
export function slotItem(slot: u32): usize {
  return slot >> 1;
}

@inline
export function nodeSlot(node: Node): u32 {
  return <u32>changetype<usize>(node);
}

/** Address of the slot of a branch. */
@inline
export function branchSlot(branch: Node, index: u32): usize {
  return changetype<usize>(branch) + 8 + (index << 2);
}

export function newLeaf(path: usize, start: u32, count: u32, value: usize, valueLength: u32): Node {
  const leaf = changetype<Leaf>(alloc(offsetof<Leaf>()));
  leaf.kind = LEAF_NODE;
  leaf.path = path;
  leaf.start = start;
  leaf.count = count;
  leaf.value = value;
  leaf.valueLength = valueLength;
  return leaf;
}

export function newExtension(path: usize, start: u32, count: u32, child: u32): Node {
  const extension = changetype<Extension>(alloc(offsetof<Extension>()));
  extension.kind = EXTENSION;
  extension.path = path;
  extension.start = start;
  extension.count = count;
  extension.child = child;
  return extension;
}

export function newBranch(): Node {
  const branch = changetype<Node>(alloc(BRANCH_BYTES));
  branch.kind = BRANCH;
  return branch;
}

/** The node in the slot at this address; read and kept there if it is still an item. */
export function nodeAt(slotAddress: usize): Node {
  const slot = load<u32>(slotAddress);
  if (!isItem(slot)) return changetype<Node>(<usize>slot);
  const item = slotItem(slot);
  const node = decode(load<u8>(item) == 0xa0 ? fetch(item + 1) : item);
  node.item = item;
  store<u32>(slotAddress, nodeSlot(node));
  return node;
}

// The host wants the hash at a multiple of 32.
const wanted = memory.data(32, 32);

function fetch(hash: usize): usize {
  memory.copy(wanted, hash, 32);
  const bytes = peekLeaf(MAX_PREIMAGE_BYTES);
  take(preimage(wanted, bytes));
  return bytes;
}

function decode(bytes: usize): Node {
  const first = payload(bytes);
  const end = first + length;
  const path = payload(first);
  const pathEnd = path + length;
  const pathLength = length;
  // A branch has 17 items, a leaf or extension 2.
  if (!endsAfter(pathEnd, end)) return decodeBranch(first);
  const flag = <u32>load<u8>(path) >> 4;
  const odd = flag & 1;
  const count = ((pathLength - 1) << 1) + odd;
  if (flag & 2) {
    const value = payload(pathEnd);
    return newLeaf(path, 2 - odd, count, value, length);
  }
  return newExtension(path, 2 - odd, count, itemSlot(pathEnd));
}

/** True if exactly one item reaches from `item` to `end`. */
function endsAfter(item: usize, end: usize): bool {
  const bytes = payload(item);
  return bytes + length == end;
}

function decodeBranch(first: usize): Node {
  const branch = newBranch();
  let item = first;
  for (let i: u32 = 0; i < 16; i++) {
    const tag = <u32>load<u8>(item);
    if (tag == 0x80) {
      item++;
      continue;
    }
    store<u32>(branchSlot(branch, i), itemSlot(item));
    // The item is a hash, or a node of less than 32 bytes in its place.
    item += tag == 0xa0 ? 33 : 1 + (tag - 0xc0);
  }
  return branch;
}
