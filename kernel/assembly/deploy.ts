// docs/messages.md#user: Deploy. The whole definition is checked before the first write.

import { certifiedUntil, isCertified, OBJECT_BYTES, totalLength } from './certificate';
import { message, messageLength } from './context';
import { bytesLeft, here, next, seek } from './cursor';
import {
  KEEP_BYTE_GAS,
  MAX_PARTITION_BYTES,
  MAX_PROGRAMS,
  MAX_STAGES,
  MAX_STAGE_GAS,
  MAX_STAGE_INPUTS,
  MAX_STAGE_WIDTH,
  RUN_INPUT,
  TAG_WORKFLOW,
  TYPE_DEPLOY,
} from './generated/constants';
import { keccakTagged } from './keccak';
import { alloc, be16, be32, be64, isZero } from './memory';
import { hashProgram, listObject, loadGasOf, OBJECTS_PER_PROGRAM, readProgram, storeProgram } from './programs';
import { receipt } from './receipt';
import { refuse, refuseBound, refuseNumber, refuseUnknown } from './refusal';
import { addBytes, addWord } from './signature';
import {
  inputOf,
  loadWorkflow,
  KIND_EXEC,
  KIND_INFER,
  MODE_ALL,
  MODE_SAME,
  newStage,
  Stage,
  storeStage,
  storeWorkflow,
  Workflow,
} from './stages';
import { fromBytes } from './u256';
import { beginSigned, BODY, charge, chargeMore, readSigned, sender } from './user';

const MAX_FEE_BYTES: u32 = 32;
const STAGE_BYTES: u32 = 49;
const METADATA_BYTES: u32 = 40;

export function deploy(): bool {
  if (!readSigned(MAX_FEE_BYTES, false)) return false;
  const maxFee = message + BODY;
  const definition = maxFee + MAX_FEE_BYTES;
  beginSigned(TYPE_DEPLOY);
  addWord(maxFee);
  addBytes(definition, messageLength - BODY - MAX_FEE_BYTES);
  const most = fromBytes(maxFee);
  return charge(most) && define(definition, most);
}

// These are filled while a definition is read: an address of 4 bytes for each entry.
let programs: usize = 0;
let programCount: u32 = 0;
let stages: usize = 0;
let stageCount: u32 = 0;
let objects: usize = 0;

function define(definition: usize, maxFee: usize): bool {
  seek(BODY + MAX_FEE_BYTES);
  if (!readPrograms() || !readStages()) return false;
  const metadata = next('metadata', METADATA_BYTES);
  if (metadata == 0) return false;
  const workflow = alloc(32);
  keccakTagged(TAG_WORKFLOW, definition, <u32>(here() - definition), workflow);
  receipt.workflow = workflow;
  const metadataLength = be64(metadata + 32);
  if (metadataLength > MAX_PARTITION_BYTES)
    return refuseBound('metadata length', 'at most ', MAX_PARTITION_BYTES, metadataLength);
  const objectCount = programCount * OBJECTS_PER_PROGRAM;
  listObject(objects + objectCount * OBJECT_BYTES, metadata, metadataLength);
  if (!isCertified(objects, objectCount + 1, here(), bytesLeft())) return false;
  // The same definition again is a renewal: all that it names is there, and is promised for longer.
  let record = loadWorkflow(workflow);
  const isNew = changetype<usize>(record) == 0;
  if (!isNew && certifiedUntil <= record.expiry) {
    return refuseBound('certificate expiry', 'more than ', record.expiry, certifiedUntil);
  }
  if (!chargeMore(KEEP_BYTE_GAS * totalLength(objects, objectCount + 1), maxFee)) return false;
  if (isNew) {
    writeDefinition(workflow);
    record = changetype<Workflow>(alloc(offsetof<Workflow>()));
    record.owner = sender;
    record.stageCount = stageCount;
    record.metadataRoot = metadata;
    record.metadataLength = metadataLength;
  }
  record.expiry = certifiedUntil;
  storeWorkflow(workflow, record);
  return true;
}

function readPrograms(): bool {
  const head = next('definition', 3);
  if (head == 0) return false;
  if (load<u8>(head) != 1) return refuseNumber('definition version', '1', load<u8>(head));
  programCount = be16(head + 1);
  if (programCount > MAX_PROGRAMS) return refuseBound('programs', 'at most ', MAX_PROGRAMS, programCount);
  programs = alloc(programCount << 2);
  objects = alloc((programCount * OBJECTS_PER_PROGRAM + 1) * OBJECT_BYTES);
  for (let i: u32 = 0; i < programCount; i++) {
    const program = readProgram(objects + i * OBJECTS_PER_PROGRAM * OBJECT_BYTES);
    if (program == 0) return false;
    store<u32>(programs + (i << 2), <u32>program);
  }
  return true;
}

function readStages(): bool {
  const head = next('stageCount', 2);
  if (head == 0) return false;
  stageCount = be16(head);
  if (stageCount == 0 || stageCount > MAX_STAGES) return refuseBound('stages', '1 to ', MAX_STAGES, stageCount);
  stages = alloc(stageCount << 2);
  let sinks: u32 = 0;
  for (let i: u32 = 0; i < stageCount; i++) {
    const stage = newStage();
    if (!readStage(stage, i)) return false;
    store<u32>(stages + (i << 2), <u32>changetype<usize>(stage));
    sinks += u32(stage.sink);
  }
  return sinks != 0 || refuseNumber('sinks', 'at least one stage that is a sink', sinks);
}

function stageAt(i: u32): Stage {
  return changetype<Stage>(<usize>load<u32>(stages + (i << 2)));
}

// kind 1, program 2, width 4, gasLimit 8, sink 1, model 32, inputCount 1.
function readStage(stage: Stage, index: u32): bool {
  const bytes = next('stage', STAGE_BYTES);
  if (bytes == 0) return false;
  stage.kind = load<u8>(bytes);
  const program = be16(bytes + 1);
  stage.width = be32(bytes + 3);
  stage.gasLimit = be64(bytes + 7);
  const sink = load<u8>(bytes + 15);
  stage.sink = sink != 0;
  stage.model = bytes + 16;
  stage.inputCount = load<u8>(bytes + 48);
  if (stage.kind > KIND_INFER) return refuseNumber('stage kind', '0 or 1', stage.kind);
  if (stage.width > MAX_STAGE_WIDTH) return refuseBound('stage width', 'at most ', MAX_STAGE_WIDTH, stage.width);
  if (sink > 1) return refuseNumber('stage sink', '0 or 1', sink);
  if (stage.inputCount > MAX_STAGE_INPUTS)
    return refuseBound('stage inputs', 'at most ', MAX_STAGE_INPUTS, stage.inputCount);
  if (!(stage.kind == KIND_EXEC ? checkExec(stage, program) : checkInfer(stage, program))) return false;
  for (let i: u32 = 0; i < stage.inputCount; i++) {
    if (!readInput(stage, index, i)) return false;
  }
  return stage.kind == KIND_EXEC || inputOf(stage, 0).mode == MODE_SAME || refuse('infer input mode', 'same', 'all');
}

function checkExec(stage: Stage, program: u32): bool {
  if (program >= programCount) return refuseBound('stage program', 'below ', programCount, program);
  if (stage.gasLimit == 0 || stage.gasLimit > MAX_STAGE_GAS) {
    return refuseBound('stage gasLimit', '1 to ', MAX_STAGE_GAS, stage.gasLimit);
  }
  if (!isZero(stage.model, 32)) return refuseUnknown('stage model', 'zero for exec', stage.model, 32);
  const entry = <usize>load<u32>(programs + (program << 2));
  stage.programId = hashProgram(entry);
  stage.loadGas = loadGasOf(entry);
  return true;
}

function checkInfer(stage: Stage, program: u32): bool {
  if (program != 0) return refuseNumber('stage program', '0 for infer', program);
  if (stage.gasLimit != 0) return refuseNumber('stage gasLimit', '0 for infer', stage.gasLimit);
  if (stage.inputCount != 1) return refuseNumber('infer inputs', '1', stage.inputCount);
  stage.programId = alloc(32);
  return true;
}

function readInput(stage: Stage, index: u32, i: u32): bool {
  const bytes = next('stage input', 3);
  if (bytes == 0) return false;
  const input = inputOf(stage, i);
  input.source = be16(bytes);
  input.mode = load<u8>(bytes + 2);
  if (input.mode > MODE_ALL) return refuseNumber('stage input mode', '0 or 1', input.mode);
  if (input.source == RUN_INPUT) return true;
  if (input.source >= index) return refuseBound('stage input source', 'below ', index, input.source);
  const width = stageAt(input.source).width;
  // A width of 0 is known only when a run starts, which checks again.
  if (input.mode == MODE_SAME && width != 0 && stage.width != 0 && width != stage.width) {
    return refuseBound('stage width', 'that of its input, ', width, stage.width);
  }
  return true;
}

function writeDefinition(workflow: usize): void {
  for (let i: u32 = 0; i < programCount; i++) {
    const program = <usize>load<u32>(programs + (i << 2));
    storeProgram(hashProgram(program), program);
  }
  for (let i: u32 = 0; i < stageCount; i++) storeStage(workflow, i, stageAt(i));
}
