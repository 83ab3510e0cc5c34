// docs/disputes.md#game: the arguments of the games' calls, with their proofs.
import { BATCH_MAGIC, isAllowedLength } from '../protocol/batch.ts';
import { bytesToHex, type Hex, ZERO_HASH } from '../protocol/hex.ts';
import { INSTRUCTION_BYTES } from '../protocol/isa.ts';
import { encodeProgramHeader } from '../protocol/program.ts';
import { leafAfter, leafAt, leafBefore, type StepInAssertion } from '../protocol/step-numbers.ts';
import { depthOf, hashNode, LEAF_BYTES, treeProof, treeRoot } from '../protocol/tree.ts';
import type { Program } from '../vm/program.ts';
import type { Disputed, Game } from './play.ts';

/** Root of a list of 32 hashes. */
export function listRoot(list: readonly Hex[]): Hex {
  return levelsOf(list).at(-1)?.[0] as Hex;
}

/** `GameKey` of contracts/src/Dispute.sol: every call about a game names the game by it. */
export function encodeGameKey({ assertion, step, challenger }: Pick<Game, 'assertion' | 'step' | 'challenger'>) {
  return { assertion, index: BigInt(step), challenger };
}

/** `PostedList` of contracts/src/dispute/SegmentList.sol: the list that a move answers. */
export function encodePosted({ lists, list, start, message }: Pick<Game, 'lists' | 'list' | 'start' | 'message'>) {
  return { number: BigInt(lists), root: listRoot(list), start, message };
}

/** `Segment` of contracts/src/dispute/SegmentList.sol. */
export function encodeSegment(list: readonly Hex[], { index, start, end }: Pick<Disputed, 'index' | 'start' | 'end'>) {
  const levels = levelsOf(list);
  const node = (level: number, at: number): Hex => levels[level]?.[at] as Hex;
  const path: Hex[] = [];
  let left = index - 1;
  let right = index;
  for (let level = 0; level < levels.length - 1; level++) {
    if (index === 0) path.push(node(level, right ^ 1));
    else if (left === right) path.push(node(level, left ^ 1));
    else if (left % 2 === 1) path.push(node(level, left ^ 1), node(level, right ^ 1));
    left = Math.floor(left / 2);
    right = Math.floor(right / 2);
  }
  return { index: BigInt(index), start, end, path };
}

function levelsOf(list: readonly Hex[]): Hex[][] {
  const levels = [[...list]];
  for (let level = levels[0] as Hex[]; level.length > 1; levels.push(level)) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, i) => hashNode(below[2 * i] as Hex, below[2 * i + 1] as Hex));
  }
  return levels;
}

/** `ClaimedStep` of contracts/src/dispute/ClaimedStep.sol. */
export type ClaimedStep = {
  readonly assertion: Hex;
  readonly index: bigint;
  readonly pre: Hex;
  readonly prePath: readonly Hex[];
  readonly post: Hex;
  readonly postPath: readonly Hex[];
};

/** `steps`: the whole step list as it was asserted. */
export function encodeClaimedStep(assertion: Hex, steps: Uint8Array, step: StepInAssertion): ClaimedStep {
  const [before, after] = [leafBefore(step), leafAfter(step)];
  return {
    assertion,
    index: BigInt(step),
    pre: bytesToHex(leafAt(steps, before)),
    prePath: treeProof(steps, before),
    post: bytesToHex(leafAt(steps, after)),
    postPath: treeProof(steps, after),
  };
}

/** `Kernel` of contracts/src/dispute/StartMachine.sol. */
export function encodeKernel({ header, code }: Program) {
  const codeTreeRoot = treeRoot(code);
  return { header: bytesToHex(encodeProgramHeader(header)), codeTreeRoot, codeCount: code.length / INSTRUCTION_BYTES };
}

const NOTHING: Hex = '0x';
const NO_TAIL = { index: 0n, leaf: NOTHING, path: [] as Hex[] };
const HEAD_BYTES = BATCH_MAGIC.length + 4;
const ENTRY_BYTES = 8;

/** What a call carries in place of a proof if L1 itself has put the message into the inbox. */
export const NO_MESSAGE_PROOF = {
  head: NOTHING,
  headPath: [] as Hex[],
  entry: NOTHING,
  entryPath: [] as Hex[],
  subtree: ZERO_HASH,
  subtreePath: [] as Hex[],
  tail: NO_TAIL,
};

export type MessageProof = typeof NO_MESSAGE_PROOF;

/**
 * `MessageProof` of contracts/src/dispute/Message.sol, for message `index` of the `count` messages of a batch object.
 * If the message is empty, it shows only what protocol/batch.ts reads before it knows that.
 */
export function proveMessage(batch: Uint8Array, index: number, count: number): MessageProof {
  const place = LEAF_BYTES + index * ENTRY_BYTES;
  if (batch.length < HEAD_BYTES || place + ENTRY_BYTES > batch.length) return NO_MESSAGE_PROOF;
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const head = { ...NO_MESSAGE_PROOF, head: bytesToHex(leafOf(batch, 0)), headPath: treeProof(batch, 0) };
  const magic = new TextDecoder().decode(batch.subarray(0, BATCH_MAGIC.length));
  if (magic !== BATCH_MAGIC || view.getUint32(BATCH_MAGIC.length) !== count) return head;
  const at = Math.floor(place / LEAF_BYTES);
  const entry = { ...head, entry: bytesToHex(leafOf(batch, at)), entryPath: treeProof(batch, at) };
  const [firstLeaf, length] = [view.getUint32(place), view.getUint32(place + 4)];
  const height = depthOf(length);
  const leaves = 2 ** height;
  if (!isAllowedLength(length, count) || firstLeaf % leaves !== 0) return entry;
  if (firstLeaf + leaves > 2 ** depthOf(batch.length)) return entry;
  const bytes = subtreeOf(batch, firstLeaf, leaves);
  const subtree = treeRoot(bytes);
  return { ...entry, subtree, subtreePath: treeProof(batch, firstLeaf, height), tail: tailOf(bytes, length) };
}

/** The length in bytes that the table of a batch object gives its message `index`. */
export function lengthInTable(batch: Uint8Array, index: number): number {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  return view.getUint32(LEAF_BYTES + index * ENTRY_BYTES + 4);
}

/** The first leaf with a byte behind the message that is not zero: the message then counts as empty. */
function tailOf(bytes: Uint8Array, length: number): MessageProof['tail'] {
  const at = bytes.findIndex((byte, i) => i >= length && byte !== 0);
  if (at < 0) return NO_TAIL;
  const index = Math.floor(at / LEAF_BYTES);
  return { index: BigInt(index), leaf: bytesToHex(leafOf(bytes, index)), path: treeProof(bytes, index) };
}

function subtreeOf(batch: Uint8Array, firstLeaf: number, leaves: number): Uint8Array {
  const bytes = new Uint8Array(leaves * LEAF_BYTES);
  bytes.set(batch.subarray(firstLeaf * LEAF_BYTES, (firstLeaf + leaves) * LEAF_BYTES));
  return bytes;
}

function leafOf(bytes: Uint8Array, index: number): Uint8Array {
  return subtreeOf(bytes, index, 1);
}
