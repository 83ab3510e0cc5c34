// docs/prover.md#receipts: a chunk of the proof body: consecutive steps, with all that is needed to run each of them again.
import { createReader, createWriter, malformed, type Reader, type Writer } from '../../protocol/bytes.ts';
import type { Hex } from '../../protocol/hex.ts';
import { encodeExecResult } from '../../protocol/state.ts';
import { keccakHex, LEAF_BYTES, type ObjectRef } from '../../protocol/tree.ts';
import { decodeExecResult } from '../exec-result.ts';
import type { TouchedExec } from '../transition.ts';

const MAGIC = 'MIZUSTP1';

/** One step: what went in, what came out, and what the kernel read. */
export type BodyStep = {
  /** 128 bytes. */
  readonly context: Uint8Array;
  readonly message: Uint8Array;
  /** 128 bytes: the state after the step. */
  readonly stateLeaf: Uint8Array;
  readonly receipt: Uint8Array;
  readonly execs: readonly TouchedExec[];
  /** The trie nodes that the step has read or made. */
  readonly nodes: readonly Uint8Array[];
};

export type BodyChunk = {
  /** Steps since genesis before the first one here. */
  readonly firstStep: bigint;
  /** 128 bytes: the state before the first step. */
  readonly before: Uint8Array;
  readonly steps: readonly BodyStep[];
};

/** The steps of a chunk share their nodes: most of the nodes that a step reads were made by the step before. */
export function encodeChunk(chunk: BodyChunk): Uint8Array {
  const places = new Map<Hex, number>();
  const nodes: Uint8Array[] = [];
  const place = (node: Uint8Array): number => {
    const hash = keccakHex(node);
    const known = places.get(hash);
    if (known !== undefined) return known;
    places.set(hash, nodes.length);
    nodes.push(node);
    return nodes.length - 1;
  };
  const indexes = chunk.steps.map((step) => [...new Set(step.nodes.map(place))]);
  const writer = createWriter().bytes(new TextEncoder().encode(MAGIC)).u64(chunk.firstStep);
  writer.u32(chunk.steps.length).u32(nodes.length).bytes(chunk.before);
  for (const node of nodes) writer.u16(node.length).bytes(node);
  chunk.steps.forEach((step, i) => {
    writeStep(writer, step, indexes[i] as number[]);
  });
  return writer.finish();
}

/** @throws MizuError `protocol/malformed` */
export function decodeChunk(bytes: Uint8Array): BodyChunk {
  const reader = createReader(bytes, 'proof body');
  const magic = new TextDecoder().decode(reader.bytes(MAGIC.length, 'magic'));
  if (magic !== MAGIC) throw malformed('proof body', MAGIC, magic);
  const firstStep = reader.u64('firstStep');
  const stepCount = reader.u32('stepCount');
  const nodeCount = reader.u32('nodeCount');
  if (stepCount > bytes.length || nodeCount > bytes.length)
    throw malformed('proof body', `counts that fit ${bytes.length} bytes`, `${stepCount} steps, ${nodeCount} nodes`);
  const before = reader.bytes(LEAF_BYTES, 'state leaf before');
  const nodes = Array.from({ length: nodeCount }, () => reader.bytes(reader.u16('node length'), 'node'));
  const steps = Array.from({ length: stepCount }, () => readStep(reader, nodes));
  reader.end();
  return { firstStep, before, steps };
}

function writeStep(writer: Writer, step: BodyStep, nodes: readonly number[]): void {
  writer.bytes(step.context).bytes(step.stateLeaf);
  writer.u32(step.message.length).bytes(step.message).u32(step.receipt.length).bytes(step.receipt);
  writer.u16(step.execs.length);
  for (const { request, inputs, result } of step.execs) {
    writer.bytes(request).bytes(encodeExecResult(result)).u32(inputs.length);
    for (const input of inputs) writer.hex(input.root, 32).u64(input.length);
  }
  const table = new Uint8Array(4 * nodes.length);
  const view = new DataView(table.buffer);
  nodes.forEach((node, i) => {
    view.setUint32(4 * i, node);
  });
  writer.u32(nodes.length).bytes(table);
}

function readStep(reader: Reader, nodes: readonly Uint8Array[]): BodyStep {
  const context = reader.bytes(LEAF_BYTES, 'context');
  const stateLeaf = reader.bytes(LEAF_BYTES, 'state leaf');
  const message = reader.bytes(reader.u32('message length'), 'message');
  const receipt = reader.bytes(reader.u32('receipt length'), 'receipt');
  const execs = Array.from({ length: reader.u16('execCount') }, (): TouchedExec => {
    const request = reader.bytes(LEAF_BYTES, 'exec request');
    const result = decodeExecResult(reader.bytes(LEAF_BYTES, 'exec result'));
    return { request, result, inputs: readRefs(reader, 'exec input') };
  });
  const count = reader.u32('node count');
  const table = reader.bytes(4 * count, 'node indexes');
  const view = new DataView(table.buffer, table.byteOffset);
  const used = Array.from({ length: count }, (_, i) => {
    const node = nodes[view.getUint32(4 * i)];
    if (node === undefined)
      throw malformed('proof body', `a node index below ${nodes.length}`, String(view.getUint32(4 * i)));
    return node;
  });
  return { context, message, stateLeaf, receipt, execs, nodes: used };
}

function readRefs(reader: Reader, what: string): ObjectRef[] {
  const count = reader.u32(`${what}Count`);
  if (count * 40 > reader.remaining()) throw malformed('proof body', `${what}s that are there`, `${count} of them`);
  return Array.from({ length: count }, () => ({ root: reader.hex(32, what), length: reader.size(what) }));
}

/** The leaves of the step list that the chunk's steps lead to: the leaf before its first step is left out. */
export function chunkLeaves(chunk: BodyChunk): Uint8Array {
  const leaves = new Uint8Array(chunk.steps.length * LEAF_BYTES);
  chunk.steps.forEach((step, i) => {
    leaves.set(step.stateLeaf, i * LEAF_BYTES);
  });
  return leaves;
}

export function requireStep(chunk: BodyChunk, i: number): BodyStep {
  const step = chunk.steps[i];
  if (step === undefined) throw new Error(`a chunk of ${chunk.steps.length} steps has no step ${i}`);
  return step;
}

/** The state leaf before step `i` of the chunk. */
export function stateBefore(chunk: BodyChunk, i: number): Uint8Array {
  return i === 0 ? chunk.before : requireStep(chunk, i - 1).stateLeaf;
}
