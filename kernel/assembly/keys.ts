// docs/kernel.md#state: keys of the tables: keccak256(table byte ‖ id).

import { TABLE_INPUT, TABLE_TASK } from './generated/constants';
import { keccak } from './keccak';
import { alloc, putBe16, putBe32, putBe64 } from './memory';

const id = memory.data(48, 8);

function hashed(table: u32, size: u32): usize {
  store<u8>(id, <u8>table);
  const key = alloc(32);
  keccak(id, size + 1, key);
  return key;
}

/** A table of one record. */
export function tableKey(table: u32): usize {
  return hashed(table, 0);
}

export function addressKey(table: u32, address: usize): usize {
  memory.copy(id + 1, address, 20);
  return hashed(table, 20);
}

export function hashKey(table: u32, hash: usize): usize {
  memory.copy(id + 1, hash, 32);
  return hashed(table, 32);
}

/** Stage of a workflow or of a run. */
export function stageKey(table: u32, hash: usize, stage: u32): usize {
  memory.copy(id + 1, hash, 32);
  putBe16(id + 33, stage);
  return hashed(table, 34);
}

export function inputKey(run: usize, partition: u32): usize {
  memory.copy(id + 1, run, 32);
  putBe32(id + 33, partition);
  return hashed(TABLE_INPUT, 36);
}

export function taskKey(run: usize, stage: u32, partition: u32): usize {
  memory.copy(id + 1, run, 32);
  putBe16(id + 33, stage);
  putBe32(id + 35, partition);
  return hashed(TABLE_TASK, 38);
}

/** Two addresses, in this order. */
export function pairKey(table: u32, first: usize, second: usize): usize {
  memory.copy(id + 1, first, 20);
  memory.copy(id + 21, second, 20);
  return hashed(table, 40);
}

export function indexKey(table: u32, index: u64): usize {
  putBe64(id + 1, index);
  return hashed(table, 8);
}
