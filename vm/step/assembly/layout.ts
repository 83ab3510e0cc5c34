// docs/machine.md: where things lie in the core's memory. The bytes below 0x4000 are those of the hash
// (protocol/assembly/tree.ts).

/** Scratch of one leaf or one pair of digests. */
export const SCRATCH: usize = 0x4000;
/** Where roots and siblings are handed out. */
export const OUT: usize = 0x5000;
/**
 * What `random` hashes: tag 1 ‖ seed 32 ‖ counter u64; behind it the hash, and what `input_count` and `clock` answer.
 */
export const RANDOM: usize = 0x6000;
export const RANDOM_HASH: usize = 0x6040;
export const INPUT_COUNT: usize = 0x6080;
export const CLOCK: usize = 0x6088;
/** Bytes that the last `output_write` appended, a u32. */
export const APPENDED: usize = 0x6090;
/** Number and kind of each instruction, by `op | immediate << 10`: u32 each. */
export const OP_TABLE: usize = 0x8000;
/** One byte for each node of the tree that is being hashed: a child has changed. */
export const FLAGS: usize = 0x10000;
/** A page that is being restored. */
export const PAGE: usize = 0x20000;
export const SLOT_TREE: usize = 0x40000;
/** 65,536 u64; lies at a multiple of its size, so that an address wraps by two operations. */
export const SLOTS: usize = 0x80000;
export const SLOTS_END: usize = 0x100000;
export const SLOTS_MASK: usize = 0x7ffff;
/** Slots as they were last hashed. */
export const SHADOW: usize = 0x100000;
export const DYNAMIC: usize = 0x180000;

export const SLOT_LEAVES: u32 = 4096;
export const LEAF_SHIFT: u32 = 7;
export const LEAF_BYTES: u32 = 128;
export const PAGE_BYTES: u32 = 65536;
export const PAGE_LEAVES: u32 = 512;
/** Digests of a page's tree, node 1 is the root, and one unused digest. */
export const PAGE_TREE_BYTES: usize = 32768;
export const PAGE_DEPTH: i32 = 9;
/** op u16 · a u32 · b u32 · c u32 (bytes from the frame) · imm u64. */
export const CODE_BYTES: usize = 24;

/**
 * So many pages are taken from the host at once, or half of the present ones, though they are not touched: at each
 * growth of a large memory V8 may collect garbage.
 */
const SPARE_PAGES: i32 = 512;

export const RUNNING: i32 = 0;
export const FAULT: i32 = 1;
export const HALT: i32 = 2;
/** The next pc lies behind the code; it stands in `pc`. */
export const FAR: i32 = 6;
export const NO_MEMORY: i32 = 7;
export const REPEAT: i32 = -1;

export let code: usize = 0;
export let codeCount: u32 = 0;
export let codeEnd: usize = 0;
export let data: usize = 0;
export let dataLength: u32 = 0;
/** One byte for each leaf of memory: written since it was last hashed. */
export let dirty: usize = 0;
/** One byte for each page: hashed as changed since the last snapshot. */
export let pageChanged: usize = 0;
/** One byte for each page: its tree is written. */
export let pageMade: usize = 0;
export let topTree: usize = 0;
export let topLeaves: u32 = 0;
export let pageTrees: usize = 0;
export let memoryStart: usize = 0;
export let memoryBytes: u64 = 0;
/** The most pages that the memory has had. Those behind its present end may be zeros that are not hashed yet. */
export let pagesSeen: u32 = 0;
export let pagesMax: u32 = 0;

/** Lays out the regions. `sentinels` is the number of instructions that the decoder adds behind the code. */
export function place(count: u32, sentinels: u32, lengthOfData: u32, maximum: u32): void {
  codeCount = count;
  dataLength = lengthOfData;
  pagesMax = maximum;
  topLeaves = maximum <= 1 ? 1 : 1 << (32 - <u32>clz<u32>(maximum - 1));
  code = DYNAMIC;
  codeEnd = code + <usize>count * CODE_BYTES;
  data = align(codeEnd + <usize>sentinels * CODE_BYTES);
  dirty = align(data + <usize>lengthOfData);
  pageChanged = dirty + <usize>maximum * PAGE_LEAVES;
  pageMade = pageChanged + <usize>maximum;
  topTree = align(pageMade + <usize>maximum);
  pageTrees = topTree + <usize>topLeaves * 64;
  memoryStart = (pageTrees + <usize>maximum * PAGE_TREE_BYTES + 0xffff) & ~(<usize>0xffff);
}

export function setMemoryBytes(bytes: u64): void {
  memoryBytes = bytes;
  pagesSeen = max(pagesSeen, <u32>(bytes / PAGE_BYTES));
}

/** False if the host has no memory for addresses up to `end`. */
export function reserve(end: u64): bool {
  const missing = <i64>end - (<i64>memory.size() << 16);
  if (missing <= 0) return true;
  const pages = <i32>((missing + 0xffff) >> 16);
  const spare = max(SPARE_PAGES, <i32>(memory.size() >> 1));
  return (pages < spare && memory.grow(spare) >= 0) || memory.grow(pages) >= 0;
}

function align(address: usize): usize {
  return (address + 127) & ~(<usize>127);
}
