// docs/machine.md#running: roots of slots and memory; only leaves that changed are hashed again.
import { leafPair, leaves, nodePair, up, zeroRoot } from '../../../protocol/assembly/tree';
import { dirty, FLAGS, LEAF_SHIFT, memoryStart, OUT, PAGE_BYTES, PAGE_DEPTH, PAGE_LEAVES, PAGE_TREE_BYTES, pageChanged, pageMade, pagesMax, pagesSeen, pageTrees, SCRATCH, SHADOW, SLOT_LEAVES, SLOT_TREE, SLOTS, topLeaves, topTree } from './layout';

/** A tree of zero leaves, node 1 its root; `height` is the depth of what its leaves stand for. */
export function clearTree(tree: usize, leafCount: u32, height: i32): void {
  let depth = height;
  for (let first = leafCount; first != 0; first >>= 1) {
    const root = zeroRoot(depth++);
    for (let i: u32 = 0; i < first; i++) memory.copy(tree + (<usize>(first + i) << 5), root, 32);
  }
}

/** Writes the roots of slots and memory to OUT. */
export function rehash(): void {
  hashSlots();
  hashMemory();
  memory.copy(OUT, SLOT_TREE + 32, 32);
  memory.copy(OUT + 32, pagesMax == 0 ? zeroRoot(0) : topTree + 32, 32);
}

/** Siblings of a slot leaf, lowest first, to `target`. */
export function slotSiblings(leaf: u32, target: usize): void {
  climbSiblings(SLOT_TREE, SLOT_LEAVES + leaf, target);
}

export function memorySiblings(leaf: u32, target: usize): void {
  if (pagesMax == 0) return;
  const page = leaf / PAGE_LEAVES;
  if (load<u8>(pageMade + page)) climbSiblings(pageTrees + <usize>page * PAGE_TREE_BYTES, PAGE_LEAVES + (leaf & (PAGE_LEAVES - 1)), target);
  else for (let d = 0; d < PAGE_DEPTH; d++) memory.copy(target + (<usize>d << 5), zeroRoot(d), 32);
  climbSiblings(topTree, topLeaves + page, target + (<usize>PAGE_DEPTH << 5));
}

/** Marks pages with a written leaf as changed. */
export function markChangedPages(): void {
  const pages = pagesSeen;
  for (let page: u32 = 0; page < pages; page++) if (isDirty(page)) store<u8>(pageChanged + page, 1);
}

/** Gives a page other contents; leaves that stay the same are not hashed again. */
export function restorePage(page: u32, source: usize): void {
  const first = page * PAGE_LEAVES;
  const start = memoryStart + <usize>page * PAGE_BYTES;
  for (let leaf: u32 = 0; leaf < PAGE_LEAVES; leaf++) {
    const offset = <usize>(leaf << LEAF_SHIFT);
    if (sameLeaf(start + offset, source + offset)) continue;
    memory.copy(start + offset, source + offset, 128);
    store<u8>(dirty + first + leaf, 1);
  }
}

function climbSiblings(tree: usize, start: u32, target: usize): void {
  let node = start;
  while (node > 1) {
    memory.copy(target, tree + (<usize>(node ^ 1) << 5), 32);
    target += 32;
    node >>= 1;
  }
}

function sameLeaf(left: usize, right: usize): bool {
  let difference: u64 = 0;
  for (let i: usize = 0; i < 128; i += 8) difference |= load<u64>(left + i) ^ load<u64>(right + i);
  return difference == 0;
}

function hashSlots(): void {
  let changed = false;
  let waits: usize = 0;
  for (let leaf: u32 = 0; leaf < SLOT_LEAVES; leaf++) {
    const offset = <usize>leaf << LEAF_SHIFT;
    if (sameLeaf(SLOTS + offset, SHADOW + offset)) continue;
    memory.copy(SHADOW + offset, SLOTS + offset, 128);
    const target = SLOT_TREE + (<usize>(SLOT_LEAVES + leaf) << 5);
    const scratch = waits == 0 ? SCRATCH : SCRATCH + 128;
    for (let i: usize = 0; i < 128; i += 8) store<u64>(scratch + i, bswap<u64>(load<u64>(SLOTS + offset + i)));
    if (waits != 0) leafPair(SCRATCH, scratch, waits, target);
    waits = waits == 0 ? target : 0;
    store<u8>(FLAGS + SLOT_LEAVES + leaf, 1);
    changed = true;
  }
  if (waits != 0) leaves(SCRATCH, 1, waits);
  if (changed) climb(SLOT_TREE, SLOT_LEAVES);
}

function hashMemory(): void {
  const pages = pagesSeen;
  let first = u32.MAX_VALUE;
  for (let page: u32 = 0; page < pages; page++) {
    if (!isDirty(page)) continue;
    hashPage(page);
    first = page;
  }
  if (first == u32.MAX_VALUE) return;
  for (let page: u32 = 0; page < pages; page++) {
    if (load<u8>(pageChanged + page) != 2) continue;
    store<u8>(pageChanged + page, 1);
    store<u8>(FLAGS + topLeaves + page, 1);
    memory.copy(topTree + (<usize>(topLeaves + page) << 5), pageTrees + <usize>page * PAGE_TREE_BYTES + 32, 32);
  }
  climb(topTree, topLeaves);
}

function isDirty(page: u32): bool {
  const start = dirty + <usize>page * PAGE_LEAVES;
  let any: u64 = 0;
  for (let i: usize = 0; i < <usize>PAGE_LEAVES; i += 8) any |= load<u64>(start + i);
  return any != 0;
}

// Leaves pageChanged at 2 until the page's root stands in the tree above.
function hashPage(page: u32): void {
  const tree = pageTrees + <usize>page * PAGE_TREE_BYTES;
  if (!load<u8>(pageMade + page)) {
    clearTree(tree, PAGE_LEAVES, 0);
    store<u8>(pageMade + page, 1);
  }
  const marks = dirty + <usize>page * PAGE_LEAVES;
  const start = memoryStart + <usize>page * PAGE_BYTES;
  const digests = tree + (<usize>PAGE_LEAVES << 5);
  let waits = PAGE_LEAVES;
  for (let leaf: u32 = 0; leaf < PAGE_LEAVES; leaf++) {
    if (!load<u8>(marks + leaf)) continue;
    store<u8>(marks + leaf, 0);
    store<u8>(FLAGS + PAGE_LEAVES + leaf, 1);
    if (waits == PAGE_LEAVES) {
      waits = leaf;
      continue;
    }
    leafPair(start + (<usize>waits << LEAF_SHIFT), start + (<usize>leaf << LEAF_SHIFT), digests + (<usize>waits << 5), digests + (<usize>leaf << 5));
    waits = PAGE_LEAVES;
  }
  if (waits != PAGE_LEAVES) leaves(start + (<usize>waits << LEAF_SHIFT), 1, digests + (<usize>waits << 5));
  climb(tree, PAGE_LEAVES);
  store<u8>(pageChanged + page, 2);
}

// Hashes the ancestors of the leaves that are flagged, and takes the flags away. A node waits for another one to be hashed
// beside it, but not for its own parent.
function climb(tree: usize, leafCount: u32): void {
  let waits: u32 = 0;
  for (let node = leafCount - 1; node > 0; node--) {
    const children = <usize>node << 1;
    if (!load<u16>(FLAGS + children)) continue;
    store<u16>(FLAGS + children, 0);
    store<u8>(FLAGS + node, 1);
    if (waits == 0) {
      waits = node;
    } else if (waits >> 1 == node) {
      hashNode(tree, waits);
      waits = node;
    } else {
      nodePair(tree + (<usize>waits << 6), tree + (<usize>node << 6), tree + (<usize>waits << 5), tree + (<usize>node << 5));
      waits = 0;
    }
  }
  if (waits != 0) hashNode(tree, waits);
  store<u8>(FLAGS + 1, 0);
}

function hashNode(tree: usize, node: u32): void {
  memory.copy(SCRATCH, tree + (<usize>node << 6), 64);
  up(SCRATCH, 2, 0);
  memory.copy(tree + (<usize>node << 5), SCRATCH, 32);
}
