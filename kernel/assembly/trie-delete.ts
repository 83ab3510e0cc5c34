// docs/kernel.md#state: deletion from the trie. A branch that is left with one child is joined with that child.

import { joinedStart, joinPaths, nibble } from './nibbles';
import { get, ROOT } from './trie';
import {
  BRANCH,
  branchSlot,
  Extension,
  EXTENSION,
  Leaf,
  LEAF_NODE,
  newExtension,
  Node,
  nodeAt,
  nodeSlot,
} from './trie-node';

const single = memory.data(16, 1);

export function remove(key: usize): void {
  if (get(key) != 0) removeAt(ROOT, key, 0);
}

/** The key must be in the trie. The depth of the recursion is at most 64. */
function removeAt(at: usize, key: usize, depth: u32): void {
  const node = nodeAt(at);
  node.item = 0;
  if (node.kind == LEAF_NODE) {
    store<u32>(at, 0);
  } else if (node.kind == EXTENSION) {
    const extension = changetype<Extension>(node);
    const child = changetype<usize>(node) + offsetof<Extension>('child');
    removeAt(child, key, depth + extension.count);
    store<u32>(at, joined(extension.path, extension.start, extension.count, child));
  } else {
    removeAt(branchSlot(node, nibble(key, depth)), key, depth + 1);
    collapse(at, node);
  }
}

/** A branch has two children at least, so that one is left. */
function collapse(at: usize, branch: Node): void {
  let last: u32 = 16;
  for (let i: u32 = 0; i < 16; i++) {
    if (load<u32>(branchSlot(branch, i)) == 0) continue;
    if (last < 16) return;
    last = i;
  }
  store<u8>(single + last, <u8>last);
  store<u32>(at, joined(single + last, 1, 1, branchSlot(branch, last)));
}

/** The child below this path: a leaf or extension takes in the path, a branch gets an extension above it. */
function joined(path: usize, start: u32, count: u32, child: usize): u32 {
  const node = nodeAt(child);
  if (node.kind == BRANCH) return nodeSlot(newExtension(path, start, count, load<u32>(child)));
  const short = changetype<Leaf>(node);
  short.path = joinPaths(path, start, count, short.path, short.start, short.count);
  short.count += count;
  short.start = joinedStart(short.count);
  short.item = 0;
  return nodeSlot(node);
}
