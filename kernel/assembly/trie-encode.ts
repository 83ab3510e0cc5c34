// docs/kernel.md#state: RLP of changed nodes, from the leaves up. A node below 32 bytes stands in its parent.

import { log } from './host';
import { keccak } from './keccak';
import { alloc } from './memory';
import { compactSize, writeCompact } from './nibbles';
import { header, headerSize } from './rlp';
import { BRANCH, branchSlot, Extension, isItem, itemSlot, Leaf, LEAF_NODE, Node, slotItem } from './trie-node';

// Room before the payload: for the record's 'N' and the list's header of at most 3 bytes.
const BEFORE: usize = 8;
const BRANCH_ROOM: usize = 16 * 33 + 1;
const RECORD_NODE: u8 = 0x4e;

/** The item that stands for the node in its parent. The root is hashed, however short it is. */
export function encodeNode(node: Node, isRoot: bool): usize {
  if (node.item != 0) return node.item;
  const item = node.kind == BRANCH ? encodeBranch(node, isRoot) : encodeShort(changetype<Leaf>(node), isRoot);
  node.item = item;
  return item;
}

function itemOf(slot: u32): usize {
  return isItem(slot) ? slotItem(slot) : encodeNode(changetype<Node>(<usize>slot), false);
}

function itemSize(item: usize): u32 {
  const tag = <u32>load<u8>(item);
  return tag == 0xa0 ? 33 : 1 + (tag - 0xc0);
}

function encodeBranch(node: Node, isRoot: bool): usize {
  for (let i: u32 = 0; i < 16; i++) {
    const slot = load<u32>(branchSlot(node, i));
    if (slot != 0 && !isItem(slot)) store<u32>(branchSlot(node, i), itemSlot(itemOf(slot)));
  }
  const body = alloc(BEFORE + BRANCH_ROOM) + BEFORE;
  let p = body;
  for (let i: u32 = 0; i < 16; i++) {
    const slot = load<u32>(branchSlot(node, i));
    if (slot == 0) {
      store<u8>(p++, 0x80);
      continue;
    }
    const size = itemSize(slotItem(slot));
    memory.copy(p, slotItem(slot), size);
    p += size;
  }
  store<u8>(p, 0x80);
  return finish(body, <u32>(p + 1 - body), isRoot);
}

function encodeShort(node: Leaf, isRoot: bool): usize {
  const isLeaf = node.kind == LEAF_NODE;
  const child: usize = isLeaf ? 0 : itemOf(changetype<Extension>(node).child);
  const rest = isLeaf ? node.valueLength : itemSize(child);
  const body = alloc(BEFORE + 40 + rest) + BEFORE;
  const size = compactSize(node.count);
  // A path of one byte is below 0x80, so it is its own item.
  let p = size == 1 ? body : header(body, 0x80, size);
  writeCompact(p, node.path, node.start, node.count, isLeaf);
  p += size;
  if (!isLeaf) memory.copy(p, child, rest);
  else {
    if (rest != 1 || load<u8>(node.value) >= 0x80) p = header(p, 0x80, rest);
    memory.copy(p, node.value, rest);
  }
  return finish(body, <u32>(p + rest - body), isRoot);
}

/** Puts the list's header before its payload, hands the node to the host and returns the item for the parent. */
function finish(body: usize, size: u32, isRoot: bool): usize {
  const start = body - headerSize(size);
  header(start, 0xc0, size);
  const total = <u32>(body - start) + size;
  if (total < 32 && !isRoot) return start;
  store<u8>(start - 1, RECORD_NODE);
  log(start - 1, total + 1);
  const item = alloc(33);
  store<u8>(item, 0xa0);
  keccak(start, total, item + 1);
  return item;
}
