// docs/vm.md#program: few large data segments instead of many small ones: Go's linker writes a new one after every eight zeros.
import { concat, createReader, encodeSigned, readByte } from './bytes.ts';
import type { DataSegment, LinkModule } from './module.ts';

/** Modules with fewer segments stay as they are. */
const FEW_SEGMENTS = 1024;
const FIRST_GAP_BYTES = 32;
const MAX_EXTENT_BYTES = 2 ** 30;
const PAGE_BYTES = 65536;
const I32_CONST = 0x41;

/** The same initial memory in at most 1024 segments, if all are active, at constant addresses and in bounds. */
export function joinSegments(module: LinkModule): LinkModule {
  if (module.datas.length <= FEW_SEGMENTS || module.dataCount) return module;
  const limit = Math.min(MAX_EXTENT_BYTES, (module.memories[0]?.min ?? 0) * PAGE_BYTES);
  let end = 0;
  for (const data of module.datas) end = Math.max(end, (addressOf(data) ?? limit + 1) + data.bytes.length);
  if (end > limit) return module;
  const memory = new Uint8Array(end);
  for (const data of module.datas) memory.set(data.bytes, addressOf(data));
  let gap = FIRST_GAP_BYTES;
  let datas = segmentsOf(memory, gap);
  for (; datas.length > FEW_SEGMENTS; datas = segmentsOf(memory, gap)) gap *= 2;
  return { ...module, datas };
}

/** The non-zero stretches of the memory as active segments; zeros fewer than `gapBytes` do not end a stretch. */
export function segmentsOf(memory: Uint8Array, gapBytes: number): DataSegment[] {
  const result: DataSegment[] = [];
  let start = nextNonZero(memory, 0);
  while (start < memory.length) {
    let end = start;
    let next = start;
    while (next < memory.length && next - end < gapBytes) {
      if (memory[next] !== 0) end = next + 1;
      next++;
    }
    const offset = concat([
      Uint8Array.of(I32_CONST),
      Uint8Array.from(encodeSigned(BigInt(start | 0))),
      Uint8Array.of(0x0b),
    ]);
    result.push({ offset, bytes: memory.slice(start, end) });
    start = nextNonZero(memory, next);
  }
  return result;
}

function nextNonZero(memory: Uint8Array, from: number): number {
  let at = from;
  while (at < memory.length && memory[at] === 0) at++;
  return at;
}

function addressOf({ offset }: DataSegment): number | undefined {
  if (offset === undefined || offset[0] !== I32_CONST) return undefined;
  const reader = createReader(offset, 1);
  let value = 0n;
  let shift = 0n;
  let byte: number;
  do {
    byte = readByte(reader);
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
  } while (byte >= 0x80);
  const single = reader.offset + 1 === offset.length;
  return single ? Number(BigInt.asUintN(32, BigInt.asIntN(Number(shift), value))) : undefined;
}
