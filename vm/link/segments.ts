// docs/vm.md#program: the data segments of an image.
import type { DataSegment } from '../wasm/module.ts';

/** The non-zero stretches of the memory as active segments; fewer than `gapBytes` zeros do not end a stretch. */
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
    result.push({ address: start, bytes: memory.slice(start, end) });
    start = nextNonZero(memory, next);
  }
  return result;
}

function nextNonZero(memory: Uint8Array, from: number): number {
  let at = from;
  while (at < memory.length && memory[at] === 0) at++;
  return at;
}
