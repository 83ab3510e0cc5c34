// docs/kernel.md#state: keys of the tables: keccak256(table byte ‖ id).

import { keccak } from './keccak';
import { alloc, putBe16, putBe32, putBe64 } from './memory';

export const ACCOUNT: u8 = 0x41;
export const CONFIG: u8 = 0x43;
export const COMMITTEE: u8 = 0x44;
export const FEES: u8 = 0x46;
export const GATEWAY: u8 = 0x47;
export const INPUT: u8 = 0x49;
export const STAGE_PROGRESS: u8 = 0x4c;
export const MODEL: u8 = 0x4d;
export const COUNTERS: u8 = 0x4e;
export const WITHDRAWAL: u8 = 0x4f;
export const PROGRAM: u8 = 0x50;
export const RUN: u8 = 0x52;
export const STAGE: u8 = 0x53;
export const TASK: u8 = 0x54;
export const WORKFLOW: u8 = 0x57;
export const DATASET: u8 = 0x58;

const id = memory.data(48, 8);

function hashed(table: u8, size: u32): usize {
  store<u8>(id, table);
  const key = alloc(32);
  keccak(id, size + 1, key);
  return key;
}

/** A table of one record. */
export function tableKey(table: u8): usize {
  return hashed(table, 0);
}

export function addressKey(table: u8, address: usize): usize {
  memory.copy(id + 1, address, 20);
  return hashed(table, 20);
}

export function hashKey(table: u8, hash: usize): usize {
  memory.copy(id + 1, hash, 32);
  return hashed(table, 32);
}

/** Stage of a workflow or of a run. */
export function stageKey(table: u8, hash: usize, stage: u32): usize {
  memory.copy(id + 1, hash, 32);
  putBe16(id + 33, stage);
  return hashed(table, 34);
}

export function inputKey(run: usize, partition: u32): usize {
  memory.copy(id + 1, run, 32);
  putBe32(id + 33, partition);
  return hashed(INPUT, 36);
}

export function taskKey(run: usize, stage: u32, partition: u32): usize {
  memory.copy(id + 1, run, 32);
  putBe16(id + 33, stage);
  putBe32(id + 35, partition);
  return hashed(TASK, 38);
}

export function indexKey(table: u8, index: u64): usize {
  putBe64(id + 1, index);
  return hashed(table, 8);
}
