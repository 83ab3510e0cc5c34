// docs/operations.md#l1-proof: the root under which a header has its receipts: the trie of rlp(index) to receipt (yellow paper, D).
import { toRlp } from 'viem';
import type { Hex } from '../../protocol/hex.ts';
import { bytesToHex } from '../../protocol/hex.ts';
import { keccak } from '../../protocol/tree.ts';

type Entry = { readonly nibbles: readonly number[]; readonly value: Uint8Array };
type Node = Uint8Array | Node[];

/**
 * Each node of the trie is hashed once: 200 receipts take 10 ms, where a trie that is filled one by one takes 200 ms.
 */
export function hashReceiptList(receipts: readonly Uint8Array[]): Hex {
  const entries = receipts.map((value, i) => ({ nibbles: nibblesOf(encode(amountBytes(i))), value }));
  return bytesToHex(keccak(entries.length === 0 ? encode(new Uint8Array(0)) : encode(node(entries, 0))));
}

// No index is the beginning of another one in RLP: a branch has no value.
function node(entries: readonly Entry[], depth: number): Node {
  const first = entries[0] as Entry;
  if (entries.length === 1) return [path(first.nibbles.slice(depth), true), first.value];
  let shared = depth;
  while (entries.every(({ nibbles }) => nibbles[shared] === first.nibbles[shared])) shared++;
  if (shared > depth) return [path(first.nibbles.slice(depth, shared), false), reference(node(entries, shared))];
  const children = Array.from({ length: 16 }, (_, nibble): Node => {
    const below = entries.filter(({ nibbles }) => nibbles[depth] === nibble);
    return below.length === 0 ? new Uint8Array(0) : reference(node(below, depth + 1));
  });
  return [...children, new Uint8Array(0)];
}

function reference(child: Node): Node {
  const encoded = encode(child);
  return encoded.length < 32 ? child : keccak(encoded);
}

function path(nibbles: readonly number[], isLeaf: boolean): Uint8Array {
  const flag = isLeaf ? 2 : 0;
  const all = nibbles.length % 2 === 1 ? [flag + 1, ...nibbles] : [flag, 0, ...nibbles];
  return Uint8Array.from(
    { length: all.length / 2 },
    (_, i) => ((all[2 * i] as number) << 4) | (all[2 * i + 1] as number),
  );
}

function nibblesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

function amountBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 255);
  return Uint8Array.from(bytes);
}

function encode(value: Node): Uint8Array {
  return toRlp(value as Parameters<typeof toRlp>[0], 'bytes') as Uint8Array;
}
