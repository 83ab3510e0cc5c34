// docs/models.md#programs: bytes that grow at their end. Nothing is given back: a larger room is another one.

const FIRST_ROOM: u32 = 1 << 12;

@final
export class Buffer {
  at: u32 = 0;
  length: u32 = 0;
  room: u32 = 0;

  clear(): void {
    this.length = 0;
  }

  /** Room for so many bytes more, which need not be used. */
  reserve(bytes: u32): u32 {
    const needed = this.length + bytes;
    if (needed > this.room) {
      let room = max(this.room * 2, FIRST_ROOM);
      while (room < needed) room *= 2;
      const larger = u32(heap.alloc(room));
      memory.copy(larger, this.at, this.length);
      this.at = larger;
      this.room = room;
    }
    return this.at + this.length;
  }

  byte(value: u32): void {
    store<u8>(this.reserve(1), u8(value));
    this.length++;
  }

  bytes(from: u32, count: u32): void {
    memory.copy(this.reserve(count), from, count);
    this.length += count;
  }

  /** ASCII alone. */
  text(text: string): void {
    const to = this.reserve(text.length);
    for (let i = 0; i < text.length; i++) store<u8>(to + i, u8(text.charCodeAt(i)));
    this.length += text.length;
  }

  /** In decimal; not -2^63. */
  integer(value: i64): void {
    if (value < 0) {
      this.byte(0x2d);
      value = -value;
    }
    let digits: u32 = 1;
    for (let rest = value / 10; rest > 0; rest /= 10) digits++;
    let to = this.reserve(digits) + digits;
    this.length += digits;
    for (; digits > 0; digits--) {
      store<u8>(--to, u8(0x30 + (value % 10)));
      value /= 10;
    }
  }
}
