// docs/vm.md#tree: how many bytes of an object are hashed in a second, in one thread.
import { keccak256 } from 'viem';
import { keccakHex, treeRoot } from '../protocol/tree.ts';

type HashBench = {
  readonly what: string;
  readonly megabytesPerSecond: number;
};

const BYTES = 1 << 20;
/** As short as this, some of them are not interrupted by whatever else the machine does: the best one counts. */
const REPEATS = 100;

export function benchHash(): HashBench[] {
  const bytes = Uint8Array.from({ length: BYTES }, (_, i) => i * 31 + (i >> 8));
  return [
    { what: "viem's keccak-256, in JavaScript", megabytesPerSecond: rateOf(bytes.subarray(0, BYTES / 32), keccak256) },
    { what: 'keccak-256', megabytesPerSecond: rateOf(bytes, keccakHex) },
    { what: 'tree of an object of 1 MiB', megabytesPerSecond: rateOf(bytes, treeRoot) },
  ];
}

function rateOf(bytes: Uint8Array, hash: (bytes: Uint8Array) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < REPEATS; i++) {
    const before = performance.now();
    hash(bytes);
    best = Math.min(best, performance.now() - before);
  }
  return bytes.length / best / 1000;
}
