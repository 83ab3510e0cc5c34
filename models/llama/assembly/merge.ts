// docs/models.md#llama-tokenizer: neighbours are joined, the pair of the lowest rank first and of equal ones the left
// one, until none of the pairs left has a rank. So do byte pair encoding and SentencePiece's BPE.
import { CHAIN, HEAP, HEAP_BYTES, PAIRS, PAIRS_MASK, PAIR_BYTES, SYMBOL_BYTES } from "./layout";
import { header } from "./header";

const NONE: i32 = -1;

let chain: u32 = 0;
let symbols: i32 = 0;
let heapAt: u32 = 0;
let waiting: u32 = 0;

export function beginMerge(): void {
  chain = header(CHAIN);
  heapAt = header(HEAP);
  symbols = 0;
  waiting = 0;
}

/** `start` is the address of its bytes in the text. */
export function addSymbol(token: i32, start: u32): void {
  const at = chain + symbols * SYMBOL_BYTES;
  store<i32>(at, token);
  store<u32>(at, start, 4);
  store<i32>(at, symbols - 1, 8);
  store<i32>(at, NONE, 12);
  if (symbols > 0) store<i32>(at - SYMBOL_BYTES, symbols, 12);
  symbols++;
}

export function mergeAll(): void {
  for (let left = 0; left + 1 < symbols; left++) push(left, left + 1);
  while (waiting > 0) {
    const left = load<i32>(heapAt);
    const leftToken = load<i32>(heapAt, 8);
    const rightToken = load<i32>(heapAt, 12);
    pop();
    const at = chain + left * SYMBOL_BYTES;
    const right = load<i32>(at, 12);
    // One of the two has been joined with another meanwhile.
    if (load<i32>(at) != leftToken || right == NONE) continue;
    const other = chain + right * SYMBOL_BYTES;
    if (load<i32>(other) != rightToken) continue;
    join(left, at, right, other);
  }
}

/** The first symbol; -1 if there is none. */
export function firstSymbol(): i32 {
  return symbols == 0 ? NONE : 0;
}

export function tokenOf(symbol: i32): i32 {
  return load<i32>(chain + symbol * SYMBOL_BYTES);
}

export function startOf(symbol: i32): u32 {
  return load<u32>(chain + symbol * SYMBOL_BYTES, 4);
}

/** -1 behind the last one. */
export function nextSymbol(symbol: i32): i32 {
  return load<i32>(chain + symbol * SYMBOL_BYTES, 12);
}

function join(left: i32, at: u32, right: i32, other: u32): void {
  const pair = findPair(load<i32>(at), load<i32>(other));
  store<i32>(at, load<i32>(pair, 12));
  store<i32>(other, NONE);
  const next = load<i32>(other, 12);
  store<i32>(at, next, 12);
  if (next != NONE) {
    store<i32>(chain + next * SYMBOL_BYTES, left, 8);
    push(left, next);
  }
  const previous = load<i32>(at, 8);
  if (previous != NONE) push(previous, left);
}

/** The address of the pair's entry; 0 if it has none. */
function findPair(left: i32, right: i32): u32 {
  const pairs = header(PAIRS);
  const mask = header(PAIRS_MASK);
  let place = hashPair(left, right) & mask;
  while (true) {
    const at = pairs + place * PAIR_BYTES;
    const found = load<i32>(at);
    if (found == left && load<i32>(at, 4) == right) return at;
    if (found == NONE) return 0;
    place = (place + 1) & mask;
  }
}

function hashPair(left: i32, right: i32): u32 {
  const mixed = ((<u64>(<u32>left) << 32) | <u64>(<u32>right)) * 0x9e3779b97f4a7c15;
  return <u32>(mixed >> 32);
}

function push(left: i32, right: i32): void {
  const leftToken = tokenOf(left);
  const rightToken = tokenOf(right);
  const pair = findPair(leftToken, rightToken);
  if (pair == 0) return;
  const key = keyOf(load<u32>(pair, 8), left);
  let place = waiting++;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const at = heapAt + parent * HEAP_BYTES;
    if (load<u64>(at) <= key) break;
    memory.copy(heapAt + place * HEAP_BYTES, at, HEAP_BYTES);
    place = parent;
  }
  const at = heapAt + place * HEAP_BYTES;
  store<u64>(at, key);
  store<i32>(at, leftToken, 8);
  store<i32>(at, rightToken, 12);
}

// In order of the ranks, then of the places in the text. The lower half is the left symbol.
// @ts-ignore: decorator
@inline
function keyOf(rank: u32, left: i32): u64 {
  return ((<u64>rank) << 32) | <u64>(<u32>left);
}

function pop(): void {
  waiting--;
  const last = heapAt + waiting * HEAP_BYTES;
  const key = load<u64>(last);
  let place: u32 = 0;
  while (true) {
    let child: u32 = 2 * place + 1;
    if (child >= waiting) break;
    let at = heapAt + child * HEAP_BYTES;
    if (child + 1 < waiting && load<u64>(at + HEAP_BYTES) < load<u64>(at)) {
      child++;
      at += HEAP_BYTES;
    }
    if (load<u64>(at) >= key) break;
    memory.copy(heapAt + place * HEAP_BYTES, at, HEAP_BYTES);
    place = child;
  }
  memory.copy(heapAt + place * HEAP_BYTES, last, HEAP_BYTES);
}
