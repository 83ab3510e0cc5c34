// docs/models.md#programs: from keys of 64 bits to numbers, in a memory of its own with room for twice as many.

const GOLDEN: u64 = 0x9e3779b97f4a7c15;
/** Key and number, and 4 bytes that are not used. */
const ENTRY: u32 = 16;

@final
export class Table {
  at: u32 = 0;
  shift: u32 = 0;
  mask: u32 = 0;

  /** For at most half of 2^bits keys. */
  constructor(bits: u32) {
    this.at = u32(heap.alloc((1 << bits) * ENTRY));
    memory.fill(this.at, 0, (1 << bits) * ENTRY);
    this.shift = 64 - bits;
    this.mask = (1 << bits) - 1;
  }

  /** The number of the key; 0 if it has none. */
  find(key: u64): u32 {
    return load<u32>(this.place(key), 8);
  }

  /** A key is not 0, and its number is not 0. */
  set(key: u64, value: u32): void {
    const at = this.place(key);
    store<u64>(at, key);
    store<u32>(at, value, 8);
  }

  @inline
  private place(key: u64): u32 {
    let i = u32((key * GOLDEN) >> u64(this.shift));
    while (true) {
      const at = this.at + i * ENTRY;
      const other = load<u64>(at);
      if (other == key || other == 0) return at;
      i = (i + 1) & this.mask;
    }
  }
}
