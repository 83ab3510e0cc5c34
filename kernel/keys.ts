// docs/kernel.md#state: the keys of the state before they are hashed, `table byte ‖ id`. The trie hashes them.
import { createWriter } from '../protocol/bytes.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { keccakHex } from '../protocol/tree.ts';
import { TABLE, type TableName } from './tables.ts';

export const configKey = (): Uint8Array => begin('config').finish();
export const committeeKey = (): Uint8Array => begin('committee').finish();
export const formerCommitteeKey = (): Uint8Array => begin('formerCommittee').finish();
export const feesKey = (): Uint8Array => begin('fees').finish();
export const countersKey = (): Uint8Array => begin('counters').finish();
export const accountKey = (address: Address): Uint8Array => begin('account').hex(address, 20).finish();
export const gatewayKey = (gateway: Address): Uint8Array => begin('gateway').hex(gateway, 20).finish();
export const modelKey = (model: Hex): Uint8Array => begin('model').hex(model, 32).finish();
export const programKey = (programId: Hex): Uint8Array => begin('program').hex(programId, 32).finish();
export const workflowKey = (workflow: Hex): Uint8Array => begin('workflow').hex(workflow, 32).finish();
export const runKey = (run: Hex): Uint8Array => begin('run').hex(run, 32).finish();
export const datasetKey = (run: Hex): Uint8Array => begin('dataset').hex(run, 32).finish();
export const withdrawalKey = (index: bigint): Uint8Array => begin('withdrawal').u64(index).finish();

export const settledKey = (gateway: Address, worker: Address): Uint8Array =>
  begin('settled').hex(gateway, 20).hex(worker, 20).finish();

export const stageKey = (workflow: Hex, stage: number): Uint8Array =>
  begin('stage').hex(workflow, 32).u16(stage).finish();

export const progressKey = (run: Hex, stage: number): Uint8Array => begin('progress').hex(run, 32).u16(stage).finish();

export const inputKey = (run: Hex, partition: number): Uint8Array =>
  begin('input').hex(run, 32).u32(partition).finish();

export const taskKey = (run: Hex, stage: number, partition: number): Uint8Array =>
  begin('task').hex(run, 32).u16(stage).u32(partition).finish();

/** The path in the trie, as a contract computes it. */
export function hashKey(key: Uint8Array): Hex {
  return keccakHex(key);
}

function begin(table: TableName) {
  return createWriter().u8(TABLE[table].charCodeAt(0));
}
