// docs/messages.md#user: a workflow's definition, its programs and its graph of stages.
import { createReader, createWriter, malformed, type Reader, type Writer } from './bytes.ts';
import { type Certificate, readCertificate, writeCertificate } from './certificate.ts';
import { MAX_PROGRAMS, MAX_STAGE_INPUTS, MAX_STAGES, TAG } from './constants.ts';
import { concatBytes, type Hex } from './hex.ts';
import { PROGRAM_HEADER_BYTES } from './program.ts';
import { hashObject, keccakHex, type ObjectRef } from './tree.ts';

/** A program as deployed: its header and where its parts lie on DA. */
export type ProgramEntry = {
  /** 152 bytes: docs/vm.md#program. */
  readonly header: Uint8Array;
  readonly codeLength: number;
  /** Memory image without trailing zeros: tree root at natural depth, length. */
  readonly imageTreeRoot: Hex;
  readonly imageLength: number;
  readonly slotsTreeRoot: Hex;
  readonly slotsLength: number;
  readonly dataLength: number;
  readonly wasmRoot: Hex;
  readonly wasmLength: number;
};

export type StageInput = { readonly source: number; readonly mode: 'same' | 'all' };

export type Stage = {
  readonly kind: 'exec' | 'infer';
  /** Index into the definition's programs; 0 for infer. */
  readonly program: number;
  /** Number of tasks; 0 means as many as the run has partitions. */
  readonly width: number;
  readonly gasLimit: bigint;
  /** Whether its outputs are part of the dataset. */
  readonly sink: boolean;
  /** The model's id; zero for exec. */
  readonly model: Hex;
  readonly inputs: readonly StageInput[];
};

export type Definition = {
  readonly programs: readonly ProgramEntry[];
  readonly stages: readonly Stage[];
  /** JSON for people: names and labels. The kernel does not read it. */
  readonly metadata: ObjectRef;
};

export function encodeDefinition(definition: Definition, certificate: Certificate): Uint8Array {
  const writer = createWriter().bytes(encodeUncertified(definition));
  writeCertificate(writer, certificate);
  return writer.finish();
}

export function decodeDefinition(bytes: Uint8Array): { definition: Definition; certificate: Certificate } {
  const reader = createReader(bytes, 'workflow definition');
  const version = reader.u8('version');
  if (version !== 1) throw malformed('workflow definition', 'version 1', `version ${version}`);
  const programs = readList(reader, 'program', MAX_PROGRAMS, readProgram);
  const stages = readList(reader, 'stage', MAX_STAGES, readStage);
  const metadata = { root: reader.hex(32, 'metadata root'), length: reader.size('metadata length') };
  const certificate = readCertificate(reader);
  reader.end();
  return { definition: { programs, stages, metadata }, certificate };
}

/** Content address of a workflow: the definition without its certificate. */
export function hashWorkflow(definition: Definition): Hex {
  return keccakHex(concatBytes([Uint8Array.of(TAG.workflow), encodeUncertified(definition)]));
}

/** The objects that the certificate covers, in order. */
export function objectsOfDefinition(definition: Definition): ObjectRef[] {
  return [...definition.programs.flatMap(objectsOfProgram), definition.metadata];
}

/** Its code, image, slots, data and wasm, in this order. */
export function objectsOfProgram(program: ProgramEntry): ObjectRef[] {
  const header = createReader(program.header, 'program header');
  header.u64('version');
  const codeRoot = header.hex(32, 'codeRoot');
  header.bytes(64, 'memoryRoot, slotsRoot');
  const dataRoot = header.hex(32, 'dataRoot');
  return [
    { root: codeRoot, length: program.codeLength },
    { root: hashObject(program.imageTreeRoot, program.imageLength), length: program.imageLength },
    { root: hashObject(program.slotsTreeRoot, program.slotsLength), length: program.slotsLength },
    { root: dataRoot, length: program.dataLength },
    { root: program.wasmRoot, length: program.wasmLength },
  ];
}

function encodeUncertified(definition: Definition): Uint8Array {
  const writer = createWriter().u8(1).u16(definition.programs.length);
  for (const program of definition.programs) writeProgram(writer, program);
  writer.u16(definition.stages.length);
  for (const stage of definition.stages) writeStage(writer, stage);
  return writer.hex(definition.metadata.root, 32).u64(definition.metadata.length).finish();
}

/** Writes it as in a definition. */
export function writeProgram(writer: Writer, program: ProgramEntry): void {
  if (program.header.length !== PROGRAM_HEADER_BYTES)
    throw new Error(`program header of ${program.header.length} bytes`);
  writer.bytes(program.header).u64(program.codeLength).hex(program.imageTreeRoot, 32).u64(program.imageLength);
  writer.hex(program.slotsTreeRoot, 32).u64(program.slotsLength).u64(program.dataLength);
  writer.hex(program.wasmRoot, 32).u64(program.wasmLength);
}

export function readProgram(reader: Reader): ProgramEntry {
  return {
    header: reader.bytes(PROGRAM_HEADER_BYTES, 'program header'),
    codeLength: reader.size('codeLength'),
    imageTreeRoot: reader.hex(32, 'imageTreeRoot'),
    imageLength: reader.size('imageLength'),
    slotsTreeRoot: reader.hex(32, 'slotsTreeRoot'),
    slotsLength: reader.size('slotsLength'),
    dataLength: reader.size('dataLength'),
    wasmRoot: reader.hex(32, 'wasmRoot'),
    wasmLength: reader.size('wasmLength'),
  };
}

function writeStage(writer: Writer, stage: Stage): void {
  writer
    .u8(stage.kind === 'exec' ? 0 : 1)
    .u16(stage.program)
    .u32(stage.width)
    .u64(stage.gasLimit);
  writer
    .u8(stage.sink ? 1 : 0)
    .hex(stage.model, 32)
    .u8(stage.inputs.length);
  for (const input of stage.inputs) writer.u16(input.source).u8(input.mode === 'same' ? 0 : 1);
}

function readStage(reader: Reader): Stage {
  const kind = readChoice(reader, 'stage kind', ['exec', 'infer'] as const);
  const program = reader.u16('stage program');
  const width = reader.u32('stage width');
  const gasLimit = reader.u64('stage gasLimit');
  const sink = readChoice(reader, 'stage sink', [false, true] as const);
  const model = reader.hex(32, 'stage model');
  const count = reader.u8('stage inputCount');
  if (count > MAX_STAGE_INPUTS)
    throw malformed('workflow definition', `at most ${MAX_STAGE_INPUTS} inputs of a stage`, String(count));
  const inputs = Array.from({ length: count }, () => ({
    source: reader.u16('stage input source'),
    mode: readChoice(reader, 'stage input mode', ['same', 'all'] as const),
  }));
  return { kind, program, width, gasLimit, sink, model, inputs };
}

function readChoice<const T>(reader: Reader, field: string, choices: readonly T[]): T {
  const value = reader.u8(field);
  const choice = choices[value];
  if (choice === undefined) throw malformed('workflow definition', `${field} below ${choices.length}`, String(value));
  return choice;
}

function readList<T>(reader: Reader, what: string, limit: number, read: (reader: Reader) => T): T[] {
  const count = reader.u16(`${what}Count`);
  if (count > limit) throw malformed('workflow definition', `at most ${limit} ${what}s`, String(count));
  return Array.from({ length: count }, () => read(reader));
}
