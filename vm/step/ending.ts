// docs/machine.md#halted: how a program ended, as a result and as a halted machine.
import { STATUS_FAULT } from '../../protocol/constants.ts';
import { encodeExecResult } from '../../protocol/state.ts';
import { hashObject, zeroTreeRoot } from '../../protocol/tree.ts';
import { type HaltedMachine, MACHINE_KIND } from './encode.ts';
import type { Machine } from './machine.ts';

export type TraceResult = {
  /** Exit code 0 to 255, or 256 for a fault. */
  readonly status: number;
  /** Empty after a fault. */
  readonly output: Uint8Array;
  readonly gasUsed: bigint;
  /** The kernel's new state leaf. */
  readonly committed?: Uint8Array | undefined;
};

export type Ending = { readonly halted: HaltedMachine; readonly result: TraceResult };

const EMPTY = new Uint8Array(0);

function outcomeOf(machine: Machine): TraceResult {
  const { stop, options, gasLeft, output } = machine;
  if (stop?.kind === 'exit') return { status: stop.code, output: output.bytes(), gasUsed: options.gasLimit - gasLeft };
  if (stop?.kind === 'commit')
    return { status: 0, output: output.bytes(), gasUsed: options.gasLimit - gasLeft, committed: stop.leaf };
  return { status: STATUS_FAULT, output: EMPTY, gasUsed: options.gasLimit };
}

/** The result of a program that has stopped: docs/kernel.md#exec. */
export function resultLeaf(machine: Machine): Uint8Array {
  const { status, gasUsed } = outcomeOf(machine);
  const { output } = machine;
  const [root, outputLength] = status === STATUS_FAULT ? [zeroTreeRoot(0), 0] : [output.root(), output.length()];
  return encodeExecResult({ status, outputRoot: hashObject(root, outputLength), outputLength, gasUsed });
}

/** The ending of a program that has stopped and has no parent. */
export function endingOf(machine: Machine): Ending {
  const result = outcomeOf(machine);
  if (machine.options.kind === MACHINE_KIND.user)
    return { result, halted: { kind: 'result', leaf: resultLeaf(machine) } };
  if (result.committed !== undefined) return { result, halted: { kind: 'commit', leaf: result.committed } };
  return { result, halted: { kind: 'failed' } };
}
