// docs/machine.md#proof: one-step proofs of the reference machine in the plainest way: everything is hashed anew.

import { createWriter } from '../../protocol/bytes.ts';
import { MAX_OUTPUT_BYTES, MAX_PREIMAGE_BYTES } from '../../protocol/constants.ts';
import { concatBytes, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { IMMEDIATE_BIT, instructionOf, NULL_TYPE, OP, type Shape, SLOT_COUNT } from '../../protocol/isa.ts';
import { encodeProgramHeader } from '../../protocol/program.ts';
import { encodeExecInputs } from '../../protocol/state.ts';
import { depthOf, LEAF_BYTES, objectRef, treeProof, treeRoot } from '../../protocol/tree.ts';
import { PAGE_BYTES, type Program } from '../../vm/program.ts';
import { bulkCopyPart } from '../../vm/reference/memory.ts';
import type { State } from '../../vm/reference/state.ts';
import {
  encodeMachine,
  encodeMachineContext,
  hashMachine,
  hashMachineContext,
  NO_PARENT,
} from '../../vm/step/encode.ts';

/** A machine at rest between two steps. */
export type PlainMachine = {
  readonly kind: 0 | 1;
  readonly state: State;
  readonly parent?: PlainMachine | undefined;
  readonly resultAddress: number;
  /** Programs that `exec` may start, and preimages. */
  readonly programs: readonly Program[];
  readonly preimages: readonly Uint8Array[];
};

export function hashPlain(machine: PlainMachine): Hex {
  return hashMachine(encodePlain(machine));
}

export function encodePlain({ kind, state, parent, resultAddress }: PlainMachine): Uint8Array {
  const { header, code } = state.program;
  const output = state.host.output();
  return encodeMachine({
    kind,
    pc: Math.min(state.pc, 0xffffffff),
    fp: state.fp,
    gasLeft: state.gasLeft,
    pages: state.memory.length / PAGE_BYTES,
    pagesMax: header.pagesMax,
    codeCount: state.instructions,
    codeTreeRoot: treeRoot(code),
    slotsRoot: treeRoot(slotBytes(state.slots)),
    memoryRoot: treeRoot(memoryRegion(state)),
    outputTreeRoot: treeRoot(output),
    outputLength: output.length,
    resultAddress,
    debt: state.debt,
    contextHash: hashMachineContext(contextOf(state)),
    parent: parent === undefined ? NO_PARENT : hashPlain(parent),
  });
}

export function contextOf(state: State): Uint8Array {
  const { inputs, seed, timestampNs, gasLimit } = state.request;
  return encodeMachineContext({
    header: state.program.header,
    inputs: inputs.map(objectRef),
    seed,
    timestampNs,
    gasLimit,
  });
}

/** Proof of the machine's next step, which `ends` it or not. */
export function provePlain(machine: PlainMachine, ends: boolean): Uint8Array {
  const { state } = machine;
  const parts: Uint8Array[] = [encodePlain(machine)];
  if (state.gasLeft > 0n && state.debt === 0n && state.pc < state.instructions) {
    const { code } = state.program;
    parts.push(leafProof(code, Math.floor(state.pc / 8)));
    const o = fieldsOf(state);
    if (o.shape !== undefined && (o.kernelOnly ? machine.kind === 1 : true)) {
      const slots = slotsOf(state, o);
      const leaves = [...new Set(slots.map((slot) => slot >> 4))];
      const bytes = slotBytes(state.slots);
      for (const leaf of leaves) parts.push(leafProof(bytes, leaf));
      parts.push(...familyParts(machine, o));
    }
  }
  if (ends && machine.kind === 0) {
    parts.push(contextOf(state));
    if (machine.parent !== undefined) {
      const parent = machine.parent;
      parts.push(encodePlain(parent), leafProof(memoryRegion(parent.state), machine.resultAddress / LEAF_BYTES));
    }
  }
  return concatBytes(parts);
}

type Fields = {
  readonly op: number;
  readonly shape: Shape | undefined;
  readonly kernelOnly: boolean;
  readonly immediate: boolean;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly high: number;
  readonly low: number;
};

function fieldsOf({ code, pc }: State): Fields {
  const word = code.getUint16(pc * 16);
  const op = word & ~IMMEDIATE_BIT;
  const immediate = word !== op;
  const shape = instructionOf(op)?.shape;
  const takes = shape !== undefined && ['unary', 'binary', 'globalSet', 'load', 'store'].includes(shape);
  return {
    op,
    shape: immediate && !takes ? undefined : shape,
    kernelOnly: op >= OP.preimage && op <= OP.commit,
    immediate,
    a: code.getUint16(pc * 16 + 2),
    b: code.getUint16(pc * 16 + 4),
    c: code.getUint16(pc * 16 + 6),
    high: code.getUint32(pc * 16 + 8),
    low: code.getUint32(pc * 16 + 12),
  };
}

const HOST_SLOTS: Record<number, number> = {
  [OP.input_count]: 1,
  [OP.input_size]: 1,
  [OP.input_read]: 4,
  [OP.output_write]: 2,
  [OP.clock]: 1,
  [OP.random]: 1,
  [OP.dot_i8]: 4,
  [OP.log]: 0,
  [OP.exit]: 1,
  [OP.preimage]: 3,
  [OP.exec]: 2,
  [OP.ecrecover]: 2,
  [OP.commit]: 1,
};

/** Absolute slots in the order in which they are touched. */
function slotsOf(state: State, o: Fields): number[] {
  const at = (field: number): number => (state.fp + field) % SLOT_COUNT;
  const row = (count: number): number[] => Array.from({ length: count }, (_, i) => at(o.a + i));
  const record = state.fp + o.a + o.b < SLOT_COUNT ? [at(o.a + o.b)] : [];
  switch (o.shape) {
    case 'branch':
    case 'brTable':
    case 'return':
      return [at(o.b)];
    case 'call':
      return record;
    case 'callIndirect': {
      const type = Number(state.slots[at(o.c)]! >> 32n);
      return [at(o.c), ...(type === o.low && type !== NULL_TYPE ? record : [])];
    }
    case 'tableGet':
      return [at(o.b), at(o.a)];
    case 'unary':
    case 'load':
      return o.immediate ? [at(o.a)] : [at(o.b), at(o.a)];
    case 'binary':
      return o.immediate ? [at(o.b), at(o.a)] : [at(o.b), at(o.c), at(o.a)];
    case 'select':
      return [at(o.b), at(o.c), at(o.low & 0xffff), at(o.a)];
    case 'globalGet':
      return [o.b, at(o.a)];
    case 'globalSet':
      return o.immediate ? [o.a] : [at(o.b), o.a];
    case 'store':
      return o.immediate ? [at(o.b)] : [at(o.b), at(o.c)];
    case 'result':
      return [at(o.a)];
    case 'bulk':
      return row(3);
    case 'memoryInit':
      return [...row(3), o.high % SLOT_COUNT];
    case 'host':
      return row(HOST_SLOTS[o.op]!);
    default:
      return [];
  }
}

function familyParts(machine: PlainMachine, o: Fields): Uint8Array[] {
  const { state } = machine;
  const slot = (field: number): bigint => state.slots[(state.fp + field) % SLOT_COUNT]!;
  const word = (field: number): number => Number(slot(field) & 0xffffffffn);
  const size = state.memory.length;
  const imm = (BigInt(o.high) << 32n) | BigInt(o.low);
  const region = memoryRegion(state);
  const source = (bytes: Uint8Array, address: number, n: number): Uint8Array[] => spanProof(bytes, address, n);
  switch (o.shape) {
    case 'tableGet': {
      const entry = o.high + word(o.b);
      return word(o.b) < o.low && entry < state.instructions
        ? [leafProof(state.program.code, Math.floor(entry / 8))]
        : [];
    }
    case 'load': {
      const address = o.immediate ? imm : BigInt(word(o.b)) + imm;
      const n = accessBytes(o.op);
      return address + BigInt(n) > BigInt(size) ? [] : source(region, Number(address), n);
    }
    case 'store': {
      const address = BigInt(word(o.b)) + (o.immediate ? BigInt(o.high) : imm);
      const n = 1 << (o.op - OP.store8);
      if (address + BigInt(n) > BigInt(size)) return [];
      const value = o.immediate ? BigInt.asUintN(64, BigInt(o.low | 0)) : slot(o.c);
      return storeProof(region, Number(address), n, value);
    }
    case 'bulk':
    case 'memoryInit':
      return bulkParts(machine, o, [word(o.a), word(o.a + 1), word(o.a + 2)]);
    case 'host':
      return hostParts(machine, o, word, slot);
    default:
      return [];
  }
}

function bulkParts({ state }: PlainMachine, o: Fields, [dst, src, n]: [number, number, number]): Uint8Array[] {
  const size = state.memory.length;
  const region = memoryRegion(state);
  if (dst + n > size) return [];
  const target = n === 0 ? [] : [leafProof(region, Math.floor(dst / LEAF_BYTES))];
  if (o.op === OP.memory_fill) return target;
  if (o.op === OP.memory_copy) {
    if (src + n > size || n === 0) return [];
    if (dst <= src) return [...spanProof(region, src, bulkCopyPart(dst, src, n)), ...target];
    const k = Math.min(n, (dst + n) % LEAF_BYTES || LEAF_BYTES, (src + n) % LEAF_BYTES || LEAF_BYTES);
    return [...spanProof(region, src + n - k, k), leafProof(region, Math.floor((dst + n - k) / LEAF_BYTES))];
  }
  if (BigInt(src + n) > state.slots[o.high % SLOT_COUNT]!) return [];
  const { data } = state.program;
  const parts = [contextOf(state), hexToBytes(treeRoot(data)), createWriter().u64(data.length).finish()];
  if (o.low + src + n > data.length || n === 0) return parts;
  return [...parts, ...spanProof(data, o.low + src, bulkCopyPart(dst, o.low + src, n)), ...target];
}

function hostParts(
  machine: PlainMachine,
  o: Fields,
  word: (field: number) => number,
  slot: (field: number) => bigint,
): Uint8Array[] {
  const { state } = machine;
  const size = state.memory.length;
  const region = memoryRegion(state);
  const leafAt = (address: number): Uint8Array => leafProof(region, Math.floor(address / LEAF_BYTES));
  const isLeaf = (address: number): boolean => address % LEAF_BYTES === 0 && address + LEAF_BYTES <= size;
  const { inputs } = state.request;
  const record = (index: number): Uint8Array[] => {
    if (index >= inputs.length) return [contextOf(state)];
    const list = encodeExecInputs(inputs.map(objectRef));
    return [contextOf(state), hexToBytes(treeRoot(list)), leafProof(list, Math.floor(index / 2))];
  };
  switch (o.op) {
    case OP.input_count:
    case OP.clock:
    case OP.random:
      return [contextOf(state)];
    case OP.input_size:
      return record(word(o.a));
    case OP.input_read: {
      const [dst, index, offset, n] = [word(o.a), word(o.a + 1), slot(o.a + 2), word(o.a + 3)];
      if (dst + n > size) return [];
      const bytes = inputs[index];
      if (bytes === undefined || offset + BigInt(n) > BigInt(bytes.length) || n === 0) return record(index);
      const content = spanProof(bytes, Number(offset), bulkCopyPart(dst, Number(offset), n));
      return [...record(index), hexToBytes(treeRoot(bytes)), ...content, leafAt(dst)];
    }
    case OP.dot_i8: {
      const [left, right, n] = [word(o.a + 1), word(o.a + 2), word(o.a + 3)];
      return left + n > size || right + n > size || n === 0 ? [] : [leafAt(left), leafAt(right)];
    }
    case OP.output_write: {
      const [src, n] = [word(o.a), word(o.a + 1)];
      const output = state.host.output();
      if (src + n > size || output.length + n > MAX_OUTPUT_BYTES || n === 0) return [];
      return [...spanProof(region, src, bulkCopyPart(output.length, src, n)), ...outputPath(output)];
    }
    case OP.preimage: {
      const [hash, dst, done] = [word(o.a), word(o.a + 1), word(o.a + 2)];
      const inTarget = hash >= dst && hash < dst + MAX_PREIMAGE_BYTES;
      if (hash % 32 !== 0 || dst % LEAF_BYTES !== 0 || inTarget) return [];
      if (hash + 32 > size || dst + MAX_PREIMAGE_BYTES > size) return [];
      const bytes = machine.preimages[0]!;
      const length = createWriter().u16(bytes.length).finish();
      return [leafAt(hash), length, bytes, ...(done < bytes.length ? [leafAt(dst + done)] : [])];
    }
    case OP.exec: {
      const [request, result] = [word(o.a), word(o.a + 1)];
      if (!isLeaf(request) || !isLeaf(result)) return [];
      const { header, code } = machine.programs[0]!;
      const count = createWriter()
        .u32(code.length / 16)
        .finish();
      return [leafAt(request), encodeProgramHeader(header), hexToBytes(treeRoot(code)), count];
    }
    case OP.ecrecover: {
      const [src, dst] = [word(o.a), word(o.a + 1)];
      return isLeaf(src) && dst % 32 === 0 && dst + 20 <= size ? [leafAt(src), leafAt(dst)] : [];
    }
    case OP.commit:
      return isLeaf(word(o.a)) ? [leafAt(word(o.a))] : [];
    default:
      return [];
  }
}

function outputPath(output: Uint8Array): Uint8Array[] {
  const index = Math.floor(output.length / LEAF_BYTES);
  if (output.length % LEAF_BYTES !== 0) return [leafProof(output, index)];
  if (index === 0 || index === 2 ** depthOf(output.length)) return [];
  return treeProof(output, index).map(hexToBytes);
}

function accessBytes(op: number): number {
  const sizes = [1, 2, 4, 8, 1, 2, 1, 2, 4];
  return sizes[op - OP.load8_u]!;
}

function spanProof(bytes: Uint8Array, address: number, n: number): Uint8Array[] {
  const first = Math.floor(address / LEAF_BYTES);
  const last = Math.floor((address + n - 1) / LEAF_BYTES);
  return first === last ? [leafProof(bytes, first)] : [leafProof(bytes, first), leafProof(bytes, last)];
}

function storeProof(region: Uint8Array, address: number, n: number, value: bigint): Uint8Array[] {
  const first = Math.floor(address / LEAF_BYTES);
  const last = Math.floor((address + n - 1) / LEAF_BYTES);
  if (first === last) return [leafProof(region, first)];
  const half = region.slice();
  for (let i = address; i < last * LEAF_BYTES; i++) half[i] = Number((value >> BigInt(8 * (i - address))) & 0xffn);
  return [leafProof(region, first), leafProof(half, last)];
}

function leafProof(bytes: Uint8Array, index: number): Uint8Array {
  const leaf = new Uint8Array(LEAF_BYTES);
  leaf.set(bytes.subarray(index * LEAF_BYTES, (index + 1) * LEAF_BYTES));
  return concatBytes([leaf, ...treeProof(bytes, index).map(hexToBytes)]);
}

export function slotBytes(slots: BigUint64Array): Uint8Array {
  const bytes = new Uint8Array(slots.length * 8);
  const view = new DataView(bytes.buffer);
  slots.forEach((value, index) => {
    if (value !== 0n) view.setBigUint64(index * 8, value);
  });
  return bytes;
}

export function memoryRegion(state: State): Uint8Array {
  const region = new Uint8Array(state.program.header.pagesMax * PAGE_BYTES);
  region.set(state.memory);
  return region;
}
