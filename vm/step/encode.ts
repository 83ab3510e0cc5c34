// docs/machine.md#running: encodings and hashes of machines.
import { createWriter } from '../../protocol/bytes.ts';
import { TAG } from '../../protocol/constants.ts';
import type { Hex } from '../../protocol/hex.ts';
import { hashProgram, type ProgramHeader } from '../../protocol/program.ts';
import { encodeExecInputs } from '../../protocol/state.ts';
import { keccakHex, type ObjectRef, objectRoot } from '../../protocol/tree.ts';

export const MACHINE_BYTES = 256;
export const CONTEXT_BYTES = 152;
export const MACHINE_KIND = { user: 0, kernel: 1 } as const;
export type MachineKind = (typeof MACHINE_KIND)[keyof typeof MACHINE_KIND];
export const NO_PARENT: Hex = `0x${'00'.repeat(32)}`;

export type MachineFields = {
  readonly kind: MachineKind;
  readonly pc: number;
  readonly fp: number;
  readonly gasLeft: bigint;
  readonly pages: number;
  readonly pagesMax: number;
  readonly codeCount: number;
  readonly codeTreeRoot: Hex;
  readonly slotsRoot: Hex;
  readonly memoryRoot: Hex;
  readonly outputTreeRoot: Hex;
  readonly outputLength: number;
  readonly resultAddress: number;
  /** Gas that is still owed for the last instruction. */
  readonly debt: bigint;
  readonly contextHash: Hex;
  readonly parent: Hex;
};

/** 256 bytes. */
export function encodeMachine(machine: MachineFields): Uint8Array {
  return createWriter()
    .u8(machine.kind)
    .zeros(3)
    .u32(machine.pc)
    .u32(machine.fp)
    .u64(machine.gasLeft)
    .u32(machine.pages)
    .u32(machine.pagesMax)
    .u32(machine.codeCount)
    .hex(machine.codeTreeRoot, 32)
    .hex(machine.slotsRoot, 32)
    .hex(machine.memoryRoot, 32)
    .hex(machine.outputTreeRoot, 32)
    .u64(machine.outputLength)
    .u32(machine.resultAddress)
    .u64(machine.debt)
    .zeros(12)
    .hex(machine.contextHash, 32)
    .hex(machine.parent, 32)
    .finish();
}

export function hashMachine(machine: Uint8Array): Hex {
  return tagged(TAG.machine, machine);
}

export type ContextFields = {
  readonly header: ProgramHeader;
  readonly inputs: readonly ObjectRef[];
  readonly seed: Uint8Array;
  readonly timestampNs: bigint;
  readonly gasLimit: bigint;
};

/** 152 bytes. */
export function encodeMachineContext(context: ContextFields): Uint8Array {
  return createWriter()
    .hex(context.header.dataRoot, 32)
    .hex(objectRoot(encodeExecInputs(context.inputs)), 32)
    .bytes(context.seed)
    .hex(hashProgram(context.header), 32)
    .u64(context.timestampNs)
    .u64(context.gasLimit)
    .u32(context.inputs.length)
    .zeros(4)
    .finish();
}

export function hashMachineContext(context: Uint8Array): Hex {
  return tagged(TAG.context, context);
}

/** How a trace ended: the hash of a halted machine is over this. */
export type HaltedMachine =
  | { readonly kind: 'result'; readonly leaf: Uint8Array }
  | { readonly kind: 'commit'; readonly leaf: Uint8Array }
  | { readonly kind: 'failed' };

/** 130 or 2 bytes: the preimage of the hash, which is also the one-step proof of a halted machine. */
export function encodeHalted(halted: HaltedMachine): Uint8Array {
  const writer = createWriter().u8(TAG.halted);
  if (halted.kind === 'failed') return writer.u8(2).finish();
  return writer
    .u8(halted.kind === 'result' ? 0 : 1)
    .bytes(halted.leaf)
    .finish();
}

export function hashHalted(halted: HaltedMachine): Hex {
  return keccakHex(encodeHalted(halted));
}

function tagged(tag: number, bytes: Uint8Array): Hex {
  return keccakHex(createWriter().u8(tag).bytes(bytes).finish());
}
