// docs/kernel.md#tasks: workflows and their stages.

import { MAX_STAGE_INPUTS, TABLE_STAGE, TABLE_WORKFLOW } from './generated/constants';
import { hashKey, stageKey } from './keys';
import { alloc } from './memory';
import {
  beginRecord,
  endRecord,
  length,
  position,
  readBytes,
  readList,
  readNested,
  readU64,
  writeBytes,
  writeListHeader,
  writeU64,
} from './rlp';
import { get, put } from './trie';

export const KIND_EXEC: u32 = 0;
export const KIND_INFER: u32 = 1;
export const MODE_SAME: u32 = 0;
export const MODE_ALL: u32 = 1;

@unmanaged
export class StageInput {
  source: u32;
  mode: u32;
}

@unmanaged
export class Stage {
  kind: u32;
  programId: usize;
  width: u32;
  gasLimit: u64;
  sink: bool;
  model: usize;
  inputCount: u32;
  /** Gas that loading the program costs each task; 0 for infer. */
  loadGas: u64;
  /** `inputCount` of StageInput, 8 bytes each. */
  inputs: usize;
}

export function newStage(): Stage {
  const stage = changetype<Stage>(alloc(offsetof<Stage>()));
  stage.inputs = alloc(MAX_STAGE_INPUTS * offsetof<StageInput>());
  return stage;
}

export function inputOf(stage: Stage, i: u32): StageInput {
  return changetype<StageInput>(stage.inputs + i * <u32>offsetof<StageInput>());
}

/** Number of a stage's tasks in a run of this many partitions. */
export function widthOf(stage: Stage, partitions: u32): u32 {
  return stage.width == 0 ? partitions : stage.width;
}

/** The stage, or 0 if the workflow has no stage of this number. */
export function loadStage(workflow: usize, index: u32): Stage {
  const record = get(stageKey(TABLE_STAGE, workflow, index));
  if (record == 0) return changetype<Stage>(0);
  const stage = newStage();
  readList(record);
  stage.kind = <u32>readU64();
  stage.programId = readBytes();
  stage.width = <u32>readU64();
  stage.gasLimit = readU64();
  stage.sink = readU64() != 0;
  stage.model = readBytes();
  stage.loadGas = readU64();
  const end = readNested();
  for (; position() < end; stage.inputCount++) {
    readNested();
    const input = inputOf(stage, stage.inputCount);
    input.source = <u32>readU64();
    input.mode = <u32>readU64();
  }
  return stage;
}

export function storeStage(workflow: usize, index: u32, stage: Stage): void {
  let inputsSize: u32 = 0;
  for (let i: u32 = 0; i < stage.inputCount; i++) inputsSize += 1 + inputSize(inputOf(stage, i));
  beginRecord();
  writeU64(stage.kind);
  writeBytes(stage.programId, 32);
  writeU64(stage.width);
  writeU64(stage.gasLimit);
  writeU64(u64(stage.sink));
  writeBytes(stage.model, 32);
  writeU64(stage.loadGas);
  writeListHeader(inputsSize);
  for (let i: u32 = 0; i < stage.inputCount; i++) {
    const input = inputOf(stage, i);
    writeListHeader(inputSize(input));
    writeU64(input.source);
    writeU64(input.mode);
  }
  put(stageKey(TABLE_STAGE, workflow, index), endRecord(), length);
}

/** Bytes of [source, mode] without the list's header. */
function inputSize(input: StageInput): u32 {
  return (input.source < 0x80 ? 1 : input.source < 0x100 ? 2 : 3) + 1;
}

@unmanaged
export class Workflow {
  owner: usize;
  stageCount: u32;
  metadataRoot: usize;
  metadataLength: u64;
  /** Unix seconds until which its programs are promised. */
  expiry: u64;
}

/** The workflow, or 0 if there is none with this id. */
export function loadWorkflow(id: usize): Workflow {
  const record = get(hashKey(TABLE_WORKFLOW, id));
  if (record == 0) return changetype<Workflow>(0);
  const workflow = changetype<Workflow>(alloc(offsetof<Workflow>()));
  readList(record);
  workflow.owner = readBytes();
  workflow.stageCount = <u32>readU64();
  workflow.metadataRoot = readBytes();
  workflow.metadataLength = readU64();
  workflow.expiry = readU64();
  return workflow;
}

export function storeWorkflow(id: usize, workflow: Workflow): void {
  beginRecord();
  writeBytes(workflow.owner, 20);
  writeU64(workflow.stageCount);
  writeBytes(workflow.metadataRoot, 32);
  writeU64(workflow.metadataLength);
  writeU64(workflow.expiry);
  put(hashKey(TABLE_WORKFLOW, id), endRecord(), length);
}
