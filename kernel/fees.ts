// docs/kernel.md#money: the gas that messages and tasks cost, as the kernel charges it.

import { totalLength } from '../protocol/certificate.ts';
import {
  INPUT_BYTE_GAS,
  INPUT_GAS,
  KEEP_BYTE_GAS,
  LOAD_BASE_GAS,
  LOAD_CODE_BYTE_GAS,
  LOAD_IMAGE_BYTE_GAS,
  LOAD_WASM_BYTE_GAS,
  MESSAGE_BASE_GAS,
  MESSAGE_BYTE_GAS,
  PAGE_GAS,
  SIGNATURE_GAS,
  SINK_GAS,
  STAGE_GAS,
  TASK_BASE_GAS,
} from '../protocol/constants.ts';
import { type Definition, objectsOfDefinition, type ProgramEntry } from '../protocol/definition.ts';
import { decodeProgramHeader } from '../protocol/program.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import { MAX_TASK_INPUTS } from './limits.ts';

/** Gas of a user message, by its length in bytes. */
export function messageGas(length: number): bigint {
  return MESSAGE_BASE_GAS + MESSAGE_BYTE_GAS * BigInt(length);
}

/** Gas of objects that a certificate covers. */
export function keepGas(objects: readonly ObjectRef[]): bigint {
  return KEEP_BYTE_GAS * totalLength(objects);
}

/** Gas of a Deploy message. */
export function deployGas(length: number, definition: Definition): bigint {
  return messageGas(length) + keepGas(objectsOfDefinition(definition));
}

/** Gas of a Run message of a workflow with so many stages. */
export function runGas(length: number, inputs: readonly ObjectRef[], stages: number): bigint {
  return messageGas(length) + keepGas(inputs) + STAGE_GAS * BigInt(stages);
}

/**
 * The most gas of a Renew message of a run: as if each of its objects were an infer task's, and as many tasks were
 * open.
 */
export function renewGas(length: number, objects: readonly ObjectRef[], stages: number): bigint {
  return messageGas(length) + keepGas(objects) + STAGE_GAS * BigInt(stages) + INPUT_GAS * BigInt(MAX_TASK_INPUTS);
}

/** Gas of a Settle message: it has the gateway's signature beside its sender's. */
export function settleGas(length: number): bigint {
  return messageGas(length) + SIGNATURE_GAS;
}

/** Bytes of a program's parts, and the pages of memory that it starts with. */
export type ProgramSize = {
  readonly code: number;
  readonly wasm: number;
  readonly image: number;
  readonly slots: number;
  readonly data: number;
  readonly pagesInitial: number;
};

/** Gas that loading a program costs each task: docs/kernel.md#loading. */
export function loadGas(program: ProgramEntry): bigint {
  const { codeLength: code, wasmLength: wasm, imageLength: image, slotsLength: slots, dataLength: data } = program;
  const { pagesInitial } = decodeProgramHeader(program.header);
  return loadGasOf({ code, wasm, image, slots, data, pagesInitial });
}

export function loadGasOf({ code, wasm, image, slots, data, pagesInitial }: ProgramSize): bigint {
  return (
    LOAD_BASE_GAS +
    BigInt(code) * LOAD_CODE_BYTE_GAS +
    BigInt(wasm) * LOAD_WASM_BYTE_GAS +
    BigInt(image + slots + data) * LOAD_IMAGE_BYTE_GAS +
    BigInt(pagesInitial) * PAGE_GAS
  );
}

/** Gas that a task pays before its program runs. */
export function taskGas(task: {
  readonly loadGas: bigint;
  readonly sink: boolean;
  readonly inputs: number;
  readonly inputBytes: bigint;
}): bigint {
  const { loadGas, sink, inputs, inputBytes } = task;
  return TASK_BASE_GAS + (sink ? SINK_GAS : 0n) + loadGas + INPUT_GAS * BigInt(inputs) + INPUT_BYTE_GAS * inputBytes;
}

/**
 * Gas of an item of an InferenceResult, beside its tokens, in a message of so many signatures (the gateway's too) and
 * items.
 */
export function itemGas(item: {
  readonly sink: boolean;
  readonly signatures: number;
  readonly items: number;
  readonly resultLength: number;
}): bigint {
  const items = BigInt(item.items);
  const share = (SIGNATURE_GAS * BigInt(item.signatures) + items - 1n) / items;
  return TASK_BASE_GAS + (item.sink ? SINK_GAS : 0n) + share + resultGas(BigInt(item.resultLength));
}

/** Gas of results of so many bytes: everyone keeps them. */
export function resultGas(bytes: bigint): bigint {
  return KEEP_BYTE_GAS * bytes;
}
