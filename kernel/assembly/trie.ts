// docs/kernel.md#state: a stateless secure trie: get and put. All keys are 32 bytes, so that no branch holds a value.

import { equal } from './memory';
import { commonPrefix, nibble, sameNibbles } from './nibbles';
import {
  BRANCH,
  branchSlot,
  Extension,
  isItem,
  itemSlot,
  Leaf,
  LEAF_NODE,
  newBranch,
  newExtension,
  newLeaf,
  nodeAt,
  nodeSlot,
  slotItem,
} from './trie-node';
import { encodeNode } from './trie-encode';

export const KEY_NIBBLES: u32 = 64;
export const ROOT = memory.data(4, 4);
const rootItem = memory.data(40, 8);

/** keccak256 of the empty string's RLP, 0x80: the root of the empty trie. */
const EMPTY_ROOT = memory.data<u8>([
  0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0,
  0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
]);

/** Size of the value that `get` found. */
export let valueLength: u32 = 0;

export function openTrie(root: usize): void {
  if (equal(root, EMPTY_ROOT, 32)) {
    store<u32>(ROOT, 0);
    return;
  }
  store<u8>(rootItem, 0xa0);
  memory.copy(rootItem + 1, root, 32);
  store<u32>(ROOT, itemSlot(rootItem));
}

/** Hands all changed nodes to the host, and writes the root. */
export function closeTrie(dst: usize): void {
  const slot = load<u32>(ROOT);
  if (slot == 0) {
    memory.copy(dst, EMPTY_ROOT, 32);
    return;
  }
  const item = isItem(slot) ? slotItem(slot) : encodeNode(nodeAt(ROOT), true);
  memory.copy(dst, item + 1, 32);
}

/** Address of the value, 0 if there is none. */
export function get(key: usize): usize {
  let at: usize = ROOT;
  let depth: u32 = 0;
  while (load<u32>(at) != 0) {
    const node = nodeAt(at);
    if (node.kind == BRANCH) {
      at = branchSlot(node, nibble(key, depth++));
    } else if (node.kind == LEAF_NODE) {
      const leaf = changetype<Leaf>(node);
      if (!sameNibbles(leaf.path, leaf.start, key, depth, leaf.count)) return 0;
      valueLength = leaf.valueLength;
      return leaf.value;
    } else {
      const extension = changetype<Extension>(node);
      if (commonPrefix(extension.path, extension.start, key, depth, extension.count) != extension.count) return 0;
      depth += extension.count;
      at = changetype<usize>(extension) + offsetof<Extension>('child');
    }
  }
  return 0;
}

/** The trie keeps references to key and value: neither may be changed afterwards. */
export function put(key: usize, value: usize, size: u32): void {
  let at: usize = ROOT;
  let depth: u32 = 0;
  while (load<u32>(at) != 0) {
    const node = nodeAt(at);
    node.item = 0;
    if (node.kind == BRANCH) {
      at = branchSlot(node, nibble(key, depth++));
      continue;
    }
    // Leaf and extension have the same first fields.
    const short = changetype<Leaf>(node);
    const common = commonPrefix(short.path, short.start, key, depth, short.count);
    if (common == short.count) {
      if (node.kind == LEAF_NODE) {
        short.value = value;
        short.valueLength = size;
        return;
      }
      depth += common;
      at = changetype<usize>(node) + offsetof<Extension>('child');
      continue;
    }
    store<u32>(at, split(short, common, key, depth, value, size));
    return;
  }
  store<u32>(at, nodeSlot(newLeaf(key, depth, KEY_NIBBLES - depth, value, size)));
}

/**
 * Makes a branch where the key leaves the path of a leaf or extension; if they share a beginning, it stands below an
 * extension.
 */
function split(node: Leaf, common: u32, key: usize, depth: u32, value: usize, size: u32): u32 {
  const branch = newBranch();
  const turn = nibble(node.path, node.start + common);
  node.start += common + 1;
  node.count -= common + 1;
  const isEmptyExtension = node.kind != LEAF_NODE && node.count == 0;
  store<u32>(branchSlot(branch, turn), isEmptyExtension ? changetype<Extension>(node).child : nodeSlot(node));
  const next = depth + common;
  const leaf = newLeaf(key, next + 1, KEY_NIBBLES - next - 1, value, size);
  store<u32>(branchSlot(branch, nibble(key, next)), nodeSlot(leaf));
  return common == 0 ? nodeSlot(branch) : nodeSlot(newExtension(key, depth, common, nodeSlot(branch)));
}
