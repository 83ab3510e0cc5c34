// docs/messages.md#user: programs of a definition, docs/vm.md#program: their headers.

import { next } from './cursor';
import {
  MAX_CODE_BYTES,
  LOAD_BASE_GAS,
  LOAD_CODE_BYTE_GAS,
  LOAD_IMAGE_BYTE_GAS,
  LOAD_WASM_BYTE_GAS,
  MAX_DATA_BYTES,
  MAX_WASM_BYTES,
  MEMORY_PAGES_MAX,
  PAGE_GAS,
  SLOT_COUNT,
  TABLE_PROGRAM,
  TAG_PROGRAM,
} from './generated/constants';
import { keccakTagged } from './keccak';
import { hashKey } from './keys';
import { alloc, be32, be64, equal, putBe64 } from './memory';
import { depthOf, hashObject, lift } from './objects';
import { refuseBound, refuseBytes, refuseNumber } from './refusal';
import { beginRecord, endRecord, length, writeBytes, writeU64 } from './rlp';
import { get, put } from './trie';
import { OBJECT_BYTES } from './certificate';

const HEADER_BYTES: u32 = 152;
export const PROGRAM_BYTES: u32 = 288;
export const OBJECTS_PER_PROGRAM: u32 = 5;

// Header: version 8, codeRoot 32, memoryRoot 32, slotsRoot 32, dataRoot 32, pagesInitial 4, pagesMax 4, entry 4,
// globals 4.
const CODE_ROOT: usize = 8;
const MEMORY_ROOT: usize = 40;
const SLOTS_ROOT: usize = 72;
const DATA_ROOT: usize = 104;
const PAGES_INITIAL: usize = 136;
const PAGES_MAX: usize = 140;
const ENTRY: usize = 144;
const GLOBALS: usize = 148;
// After it: codeLength 8, imageTreeRoot 32, imageLength 8, slotsTreeRoot 32, slotsLength 8, dataLength 8, wasmRoot 32,
// wasmLength 8.
const CODE_LENGTH: usize = 152;
const IMAGE_ROOT: usize = 160;
const IMAGE_LENGTH: usize = 192;
const SLOTS_TREE_ROOT: usize = 200;
const SLOTS_LENGTH: usize = 232;
const DATA_LENGTH: usize = 240;
const WASM_ROOT: usize = 248;
const WASM_LENGTH: usize = 280;

const INSTRUCTION_BYTES: u64 = 16;
const PAGE_BYTES: u64 = 65536;
const SLOT_BYTES: u64 = 8;
const REGION_BYTES: u64 = <u64>SLOT_COUNT * SLOT_BYTES;

/** Reads and checks one program and lists its five objects; 0 and a refusal if it is bad. */
export function readProgram(objects: usize): usize {
  const program = next('program', PROGRAM_BYTES);
  if (program == 0) return 0;
  if (!checkHeader(program) || !checkParts(program)) return 0;
  listObjects(program, objects);
  return program;
}

/** Every engine gives these fields the same meaning, docs/vm.md#program; no lowering makes other ones. */
function checkHeader(program: usize): bool {
  const version = be64(program);
  const pagesMax = be32(program + PAGES_MAX);
  const pagesInitial = be32(program + PAGES_INITIAL);
  const entry = be32(program + ENTRY);
  const globals = be32(program + GLOBALS);
  if (version != 1) return refuseNumber('program version', '1', version);
  if (pagesMax > MEMORY_PAGES_MAX) return refuseBound('program pagesMax', 'at most ', MEMORY_PAGES_MAX, pagesMax);
  if (pagesInitial > pagesMax) return refuseBound('program pagesInitial', 'at most ', pagesMax, pagesInitial);
  if (entry != 0) return refuseNumber('program entry', '0', entry);
  // At least one slot is left for the first frame.
  return globals < SLOT_COUNT || refuseBound('program globals', 'below ', SLOT_COUNT, globals);
}

function checkParts(program: usize): bool {
  const imageBytes = <u64>be32(program + PAGES_INITIAL) * PAGE_BYTES;
  const memoryBytes = <u64>be32(program + PAGES_MAX) * PAGE_BYTES;
  return (
    checkLength('program codeLength', program + CODE_LENGTH, MAX_CODE_BYTES) &&
    checkWhole('program codeLength', program + CODE_LENGTH) &&
    checkSlots(program) &&
    checkLength('program imageLength', program + IMAGE_LENGTH, imageBytes) &&
    checkLength('program dataLength', program + DATA_LENGTH, MAX_DATA_BYTES) &&
    checkLength('program wasmLength', program + WASM_LENGTH, MAX_WASM_BYTES) &&
    checkLifted(
      'program memoryRoot',
      program + IMAGE_ROOT,
      be64(program + IMAGE_LENGTH),
      memoryBytes,
      program + MEMORY_ROOT,
    ) &&
    checkLifted(
      'program slotsRoot',
      program + SLOTS_TREE_ROOT,
      be64(program + SLOTS_LENGTH),
      REGION_BYTES,
      program + SLOTS_ROOT,
    )
  );
}

function checkLength(field: string, at: usize, bound: u64): bool {
  const size = be64(at);
  return size <= bound || refuseBound(field, 'at most ', bound, size);
}

/** A proof names the code by its number of instructions. */
function checkWhole(field: string, at: usize): bool {
  const size = be64(at);
  return (size != 0 && size % INSTRUCTION_BYTES == 0) || refuseNumber(field, 'a multiple of 16 above 0', size);
}

/** The object has each global in full, also with the zeros at its end. */
function checkSlots(program: usize): bool {
  const expected = <u64>be32(program + GLOBALS) * SLOT_BYTES;
  const size = be64(program + SLOTS_LENGTH);
  return size == expected || refuseBound('program slotsLength', '8 bytes a global, ', expected, size);
}

/**
 * Gas that a task of this program pays for loading it, docs/kernel.md#loading. All lengths are checked, so nothing
 * overflows.
 */
export function loadGasOf(program: usize): u64 {
  const image = be64(program + IMAGE_LENGTH) + be64(program + SLOTS_LENGTH) + be64(program + DATA_LENGTH);
  return (
    LOAD_BASE_GAS +
    be64(program + CODE_LENGTH) * LOAD_CODE_BYTE_GAS +
    be64(program + WASM_LENGTH) * LOAD_WASM_BYTE_GAS +
    image * LOAD_IMAGE_BYTE_GAS +
    <u64>be32(program + PAGES_INITIAL) * PAGE_GAS
  );
}

/**
 * The object without its trailing zeros, as the left end of a region of `regionBytes`, has the root that the header
 * names.
 */
function checkLifted(field: string, treeRoot: usize, size: u64, regionBytes: u64, expected: usize): bool {
  const root = alloc(32);
  memory.copy(root, treeRoot, 32);
  lift(root, depthOf(size), depthOf(regionBytes));
  return equal(root, expected, 32) || refuseBytes(field, '', root, expected, 32);
}

/** Lists code, image, slots, data and wasm. */
function listObjects(program: usize, objects: usize): void {
  listObject(objects, program + CODE_ROOT, be64(program + CODE_LENGTH));
  listTree(objects + OBJECT_BYTES, program + IMAGE_ROOT, be64(program + IMAGE_LENGTH));
  listTree(objects + 2 * OBJECT_BYTES, program + SLOTS_TREE_ROOT, be64(program + SLOTS_LENGTH));
  listObject(objects + 3 * OBJECT_BYTES, program + DATA_ROOT, be64(program + DATA_LENGTH));
  listObject(objects + 4 * OBJECT_BYTES, program + WASM_ROOT, be64(program + WASM_LENGTH));
}

export function listObject(entry: usize, root: usize, size: u64): void {
  memory.copy(entry, root, 32);
  putBe64(entry + 32, size);
}

function listTree(entry: usize, treeRoot: usize, size: u64): void {
  hashObject(treeRoot, size, entry);
  putBe64(entry + 32, size);
}

/** The programId of a program in the message. */
export function hashProgram(program: usize): usize {
  const id = alloc(32);
  keccakTagged(TAG_PROGRAM, program, HEADER_BYTES, id);
  return id;
}

/** Stores all that an executor needs to find the program's parts; a program that is there already stays as it is. */
export function storeProgram(id: usize, program: usize): void {
  const key = hashKey(TABLE_PROGRAM, id);
  if (get(key) != 0) return;
  beginRecord();
  writeBytes(program, HEADER_BYTES);
  writeU64(be64(program + CODE_LENGTH));
  writeBytes(program + IMAGE_ROOT, 32);
  writeU64(be64(program + IMAGE_LENGTH));
  writeBytes(program + SLOTS_TREE_ROOT, 32);
  writeU64(be64(program + SLOTS_LENGTH));
  writeU64(be64(program + DATA_LENGTH));
  writeBytes(program + WASM_ROOT, 32);
  writeU64(be64(program + WASM_LENGTH));
  put(key, endRecord(), length);
}
